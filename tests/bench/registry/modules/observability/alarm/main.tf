variable "name" { type = string }
variable "namespace" { type = string }
variable "metric" { type = string }
variable "threshold" { type = number }
variable "dimensions" { type = map(string) }

variable "notify" {
  type    = list(string)
  default = []
}

variable "tags" { type = map(string) }

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = var.name
  namespace           = var.namespace
  metric_name         = var.metric
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.threshold
  period              = 60
  evaluation_periods  = 5
  dimensions          = var.dimensions
  alarm_actions       = var.notify
  ok_actions          = var.notify
  treat_missing_data  = "missing"
  tags                = var.tags
}
