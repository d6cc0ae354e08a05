variable "name" { type = string }
variable "cidr" { type = string }
variable "zones" { type = list(string) }
variable "nat" { type = bool }
variable "single_nat" { type = bool }
variable "flow_logs" { type = bool }
variable "retention_days" { type = number }
variable "tags" { type = map(string) }

locals {
  public  = { for index, zone in var.zones : zone => cidrsubnet(var.cidr, 4, index) }
  private = { for index, zone in var.zones : zone => cidrsubnet(var.cidr, 4, index + 8) }
  nats    = var.nat ? (var.single_nat ? slice(var.zones, 0, 1) : var.zones) : []
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  enable_dns_support   = true
  tags                 = merge(var.tags, { Name = var.name })
}

resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = var.tags
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = var.name })
}

resource "aws_subnet" "public" {
  for_each = local.public

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${var.name}-public-${each.key}", tier = "public" })
}

resource "aws_subnet" "private" {
  for_each = local.private

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${var.name}-private-${each.key}", tier = "private" })
}

resource "aws_eip" "nat" {
  for_each = toset(local.nats)

  domain = "vpc"
  tags   = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nats)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id
  tags          = merge(var.tags, { Name = "${var.name}-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-public" })
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table" "private" {
  for_each = aws_subnet.private

  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route" "private" {
  for_each = var.nat ? aws_route_table.private : {}

  route_table_id         = each.value.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.single_nat ? local.nats[0] : each.key].id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[each.key].id
}

module "flow_logs" {
  source = "../../observability/log-group"
  count  = var.flow_logs ? 1 : 0

  name           = "/vpc/${var.name}"
  key            = null
  retention_days = var.retention_days
  tags           = var.tags
}

module "flow_role" {
  source = "../../security/role"
  count  = var.flow_logs ? 1 : 0

  name    = "${var.name}-flow"
  service = "vpc-flow-logs.amazonaws.com"
  tags    = var.tags

  statements = {
    logs = { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = ["${module.flow_logs[0].arn}:*"] }
  }
}

resource "aws_flow_log" "this" {
  count = var.flow_logs ? 1 : 0

  vpc_id          = aws_vpc.this.id
  traffic_type    = "ALL"
  iam_role_arn    = module.flow_role[0].arn
  log_destination = module.flow_logs[0].arn
  tags            = var.tags
}

output "network" {
  value = {
    id      = aws_vpc.this.id
    cidr    = var.cidr
    public  = [for subnet in aws_subnet.public : subnet.id]
    private = [for subnet in aws_subnet.private : subnet.id]
  }
}
