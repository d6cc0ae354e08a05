variable "name" { type = string }

variable "key" {
  type    = string
  default = null
}

variable "retention_days" { type = number }

variable "errors" {
  type    = map(string)
  default = {}
}

variable "tags" { type = map(string) }

resource "aws_cloudwatch_log_group" "this" {
  name              = var.name
  kms_key_id        = var.key
  retention_in_days = var.retention_days
  tags              = var.tags
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = var.errors

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = each.value

  metric_transformation {
    name      = "${replace(trimprefix(var.name, "/"), "/", "-")}-${each.key}"
    namespace = "acme/logs"
    value     = "1"
  }
}

output "arn" {
  value = aws_cloudwatch_log_group.this.arn
}

output "name" {
  value = aws_cloudwatch_log_group.this.name
}
