variable "name" { type = string }
variable "engine" { type = string }
variable "class" { type = string }
variable "storage" { type = number }
variable "replicas" { type = number }

variable "network" {
  type = object({ id = string, cidr = string, public = list(string), private = list(string) })
}

variable "allowed" { type = list(string) }
variable "key" { type = string }
variable "secrets_key" { type = string }
variable "backups_days" { type = number }
variable "protect" { type = bool }
variable "alarms_to" { type = list(string) }
variable "tags" { type = map(string) }

locals {
  port    = var.engine == "postgres" ? 5432 : 3306
  version = { postgres = "16.3", mysql = "8.0.39" }[var.engine]
  family  = "${var.engine}${split(".", local.version)[0]}"

  parameters = var.engine == "postgres" ? {
    "rds.force_ssl"              = "1"
    "log_min_duration_statement" = "500"
    } : {
    "require_secure_transport" = "ON"
    "slow_query_log"           = "1"
  }
}

module "group" {
  source = "../../modules/network/security-group"

  name    = "${var.name}-db"
  vpc_id  = var.network.id
  ingress = { for index, group in var.allowed : "service-${index}" => { port = local.port, group = group } }
  tags    = var.tags
}

module "alarms" {
  source   = "../../modules/observability/alarm"
  for_each = { cpu = ["CPUUtilization", 80], storage = ["FreeStorageSpace", 5368709120], connections = ["DatabaseConnections", 400] }

  name       = "${var.name}-${each.key}"
  namespace  = "AWS/RDS"
  metric     = each.value[0]
  threshold  = each.value[1]
  dimensions = { DBInstanceIdentifier = aws_db_instance.this.identifier }
  notify     = var.alarms_to
  tags       = var.tags
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.network.private
  tags       = var.tags
}

resource "aws_db_parameter_group" "this" {
  name   = var.name
  family = local.family
  tags   = var.tags

  dynamic "parameter" {
    for_each = local.parameters
    content {
      name  = parameter.key
      value = parameter.value
    }
  }
}

resource "aws_secretsmanager_secret" "password" {
  name       = "${var.name}/password"
  kms_key_id = var.secrets_key
  tags       = var.tags
}

resource "aws_db_instance" "this" {
  identifier                          = var.name
  engine                              = var.engine
  engine_version                      = local.version
  instance_class                      = var.class
  allocated_storage                   = var.storage
  max_allocated_storage               = var.storage * 4
  storage_encrypted                   = true
  kms_key_id                          = var.key
  db_subnet_group_name                = aws_db_subnet_group.this.name
  parameter_group_name                = aws_db_parameter_group.this.name
  vpc_security_group_ids              = [module.group.id]
  multi_az                            = var.protect
  backup_retention_period             = var.backups_days
  deletion_protection                 = var.protect
  skip_final_snapshot                 = !var.protect
  iam_database_authentication_enabled = true
  performance_insights_enabled        = var.protect
  auto_minor_version_upgrade          = true
  copy_tags_to_snapshot               = true
  manage_master_user_password         = true
  tags                                = var.tags
}

resource "aws_db_instance" "replica" {
  count = var.replicas

  identifier             = "${var.name}-replica-${count.index}"
  replicate_source_db    = aws_db_instance.this.identifier
  instance_class         = var.class
  storage_encrypted      = true
  kms_key_id             = var.key
  vpc_security_group_ids = [module.group.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  skip_final_snapshot    = true
  tags                   = merge(var.tags, { role = "replica" })
}

output "address" {
  value = aws_db_instance.this.address
}
