variable "name" { type = string }
variable "environment" { type = string }
variable "region" { type = string }

variable "service" {
  type = object({
    port     = number
    cpu      = optional(number, 256)
    memory   = optional(number, 512)
    replicas = optional(number, 2)
    public   = optional(bool, false)
    buckets = optional(map(object({
      versioned = optional(bool, true)
      expire    = optional(number)
    })), {})
    secrets = optional(list(string), [])
  })
}

variable "network" {
  type = object({ id = string, cidr = string, public = list(string), private = list(string) })
}

variable "keys" { type = map(string) }

variable "retention" {
  type = object({ logs_days = number, backups_days = number })
}

variable "alarms_to" { type = list(string) }
variable "protect" { type = bool }
variable "tags" { type = map(string) }
