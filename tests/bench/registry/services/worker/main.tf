variable "name" { type = string }
variable "memory" { type = number }
variable "timeout" { type = number }
variable "fifo" { type = bool }

variable "network" {
  type = object({ id = string, cidr = string, public = list(string), private = list(string) })
}

variable "keys" { type = map(string) }
variable "retention_days" { type = number }
variable "alarms_to" { type = list(string) }
variable "tags" { type = map(string) }

module "queue" {
  source = "../../modules/messaging/queue"

  name       = var.name
  fifo       = var.fifo
  key        = var.keys["data"]
  visibility = var.timeout * 6
  tags       = var.tags
}

module "group" {
  source = "../../modules/network/security-group"

  name    = var.name
  vpc_id  = var.network.id
  ingress = {}
  tags    = var.tags
}

module "role" {
  source = "../../modules/security/role"

  name    = var.name
  service = "lambda.amazonaws.com"
  tags    = var.tags

  managed = ["arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"]

  statements = {
    queue = { actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], resources = [module.queue.arn] }
  }
}

module "logs" {
  source = "../../modules/observability/log-group"

  name           = "/aws/lambda/${var.name}"
  key            = var.keys["logs"]
  retention_days = var.retention_days
  errors         = { error = "ERROR" }
  tags           = var.tags
}

module "alarms" {
  source = "../../modules/observability/alarm"

  for_each = {
    errors    = { metric = "Errors", threshold = 1 }
    throttles = { metric = "Throttles", threshold = 5 }
  }

  name       = "${var.name}-${each.key}"
  namespace  = "AWS/Lambda"
  metric     = each.value.metric
  threshold  = each.value.threshold
  dimensions = { FunctionName = aws_lambda_function.this.function_name }
  notify     = var.alarms_to
  tags       = var.tags
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = module.role.arn
  runtime       = "python3.12"
  handler       = "main.handle"
  filename      = "worker.zip"
  memory_size   = var.memory
  timeout       = var.timeout
  kms_key_arn   = var.keys["data"]
  tags          = var.tags

  vpc_config {
    subnet_ids         = var.network.private
    security_group_ids = [module.group.id]
  }

  environment {
    variables = { QUEUE = module.queue.url }
  }

  tracing_config {
    mode = "Active"
  }

  dead_letter_config {
    target_arn = module.queue.dead_letter_arn
  }
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn = module.queue.arn
  function_name    = aws_lambda_function.this.arn
  batch_size       = var.fifo ? 1 : 10
}
