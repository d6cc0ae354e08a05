variable "name" { type = string }
variable "vpc_id" { type = string }

variable "ingress" {
  type = map(object({
    port  = number
    cidrs = optional(list(string), [])
    group = optional(string)
  }))
}

variable "tags" { type = map(string) }

locals {
  from_cidrs = merge([
    for name, rule in var.ingress : { for cidr in rule.cidrs : "${name}-${cidr}" => { port = rule.port, cidr = cidr } }
  ]...)

  from_groups = { for name, rule in var.ingress : name => rule if length(rule.cidrs) == 0 }
}

resource "aws_security_group" "this" {
  name        = var.name
  description = "Traffic of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "cidr" {
  for_each = local.from_cidrs

  security_group_id = aws_security_group.this.id
  description       = "From ${each.value.cidr}"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.cidr
}

resource "aws_vpc_security_group_ingress_rule" "group" {
  for_each = local.from_groups

  security_group_id            = aws_security_group.this.id
  description                  = "From ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = each.value.group
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.this.id
  description       = "To anywhere"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

output "id" {
  value = aws_security_group.this.id
}
