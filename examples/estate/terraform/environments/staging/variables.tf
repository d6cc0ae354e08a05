variable "name" {
  type        = string
  description = "Prefix of every name in this environment."
}

variable "cidr" {
  type = string
}

variable "admin_cidrs" {
  type = list(string)
}

variable "databases" {
  type = map(object({
    class      = string
    storage_gb = number
    team       = string
  }))
}

variable "buckets" {
  type = map(object({
    public  = optional(bool, false)
    service = string
    team    = string
  }))
}
