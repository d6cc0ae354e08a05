# One network with a private subnet in each zone, and the security groups that everything else is put into.

variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "cidr" {
  type        = string
  description = "Address range of the whole network."
}

variable "zones" {
  type        = list(string)
  description = "Availability zones, one subnet each."
}

variable "admin_cidrs" {
  type        = list(string)
  description = "Where administrators come from."
}

variable "tags" {
  type    = map(string)
  default = {}
}

locals {
  subnets = { for index, zone in var.zones : zone => cidrsubnet(var.cidr, 4, index) }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  tags                 = merge(var.tags, { Name = var.name })
}

resource "aws_subnet" "private" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  tags                    = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_security_group" "web" {
  name        = "${var.name}-web"
  description = "HTTPS from everywhere, for the load balancer"
  vpc_id      = aws_vpc.this.id
  tags        = var.tags

  ingress {
    description = "HTTPS"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    description = "out"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "bastion" {
  name        = "${var.name}-bastion"
  description = "SSH for administrators"
  vpc_id      = aws_vpc.this.id
  tags        = var.tags

  dynamic "ingress" {
    for_each = var.admin_cidrs
    content {
      description = "SSH from ${ingress.value}"
      from_port   = 22
      to_port     = 22
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "PostgreSQL from inside"
  vpc_id      = aws_vpc.this.id
  tags        = var.tags

  ingress {
    description = "PostgreSQL"
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = [var.cidr]
  }
}

resource "aws_flow_log" "this" {
  vpc_id               = aws_vpc.this.id
  traffic_type         = "REJECT"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flow.arn
  tags                 = var.tags
}

resource "aws_cloudwatch_log_group" "flow" {
  name              = "/network/${var.name}"
  retention_in_days = 90
  tags              = var.tags
}

output "vpc_id" {
  value = aws_vpc.this.id
}

output "subnet_ids" {
  value = [for subnet in aws_subnet.private : subnet.id]
}

output "bastion_group_id" {
  value = aws_security_group.bastion.id
}

output "web_group_id" {
  value = aws_security_group.web.id
}

output "database_group_id" {
  value = aws_security_group.database.id
}
