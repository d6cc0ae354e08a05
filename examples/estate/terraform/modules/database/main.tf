# A PostgreSQL database with its subnet group and alarms.

variable "name" {
  type = string
}

variable "class" {
  type    = string
  default = "db.t4g.medium"
}

variable "storage_gb" {
  type    = number
  default = 50
}

variable "retention_days" {
  type        = number
  default     = 14
  description = "Days that the provider keeps its own snapshots."
}

variable "protected" {
  type    = bool
  default = true
}

variable "subnet_ids" {
  type = list(string)
}

variable "group_ids" {
  type = list(string)
}

variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
  tags       = var.tags
}

resource "aws_db_instance" "this" {
  identifier                      = var.name
  engine                          = "postgres"
  engine_version                  = "15.8"
  instance_class                  = var.class
  allocated_storage               = var.storage_gb
  storage_encrypted               = true
  publicly_accessible             = false
  multi_az                        = var.protected
  backup_retention_period         = var.retention_days
  deletion_protection             = var.protected
  skip_final_snapshot             = !var.protected
  enabled_cloudwatch_logs_exports = ["postgresql"]
  username                        = "owner"
  manage_master_user_password     = true
  db_subnet_group_name            = aws_db_subnet_group.this.name
  vpc_security_group_ids          = var.group_ids
  tags                            = var.tags
}

output "arn" {
  value = aws_db_instance.this.arn
}
