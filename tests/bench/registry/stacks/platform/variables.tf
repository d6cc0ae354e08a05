variable "environment" { type = string }
variable "region" { type = string }

variable "network" {
  type = object({
    cidr  = string
    zones = list(string)
    nat   = optional(bool, true)
    flow  = optional(bool, false)
  })
}

variable "services" { type = any }
variable "workers" { type = any }
variable "databases" { type = any }
variable "alarms_to" { type = list(string) }

variable "retention" {
  type = object({ logs_days = number, backups_days = number })
}

variable "tags" {
  type    = map(string)
  default = {}
}
