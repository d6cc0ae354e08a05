variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "network" {
  type = object({
    cidr    = string
    zones   = list(string)
    nat     = optional(bool, true)
    flow    = optional(bool, false)
  })
}

variable "services" {
  type = map(object({
    port     = number
    cpu      = optional(number, 256)
    memory   = optional(number, 512)
    replicas = optional(number, 2)
    public   = optional(bool, false)
    buckets  = optional(map(object({
      versioned = optional(bool, true)
      expire    = optional(number)
    })), {})
    secrets = optional(list(string), [])
  }))
}

variable "workers" {
  type = map(object({
    memory  = optional(number, 256)
    timeout = optional(number, 30)
    fifo    = optional(bool, false)
  }))
  default = {}
}

variable "databases" {
  type = map(object({
    engine   = string
    class    = string
    storage  = optional(number, 50)
    replicas = optional(number, 0)
  }))
  default = {}
}

variable "alarms_to" {
  type    = list(string)
  default = []
}
