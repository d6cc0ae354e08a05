locals {
  subnets = var.service.public ? var.network.public : var.network.private
  sources = var.service.public ? ["0.0.0.0/0"] : [var.network.cidr]

  alarms = {
    cpu    = { metric = "CPUUtilization", threshold = 80 }
    memory = { metric = "MemoryUtilization", threshold = 85 }
  }

  environment = [
    for key, value in {
      ENVIRONMENT = var.environment
      PORT        = var.service.port
      REGION      = var.region
    } : { name = key, value = tostring(value) }
  ]
}

module "load_balancer_group" {
  source = "../../modules/network/security-group"

  name   = "${var.name}-lb"
  vpc_id = var.network.id
  tags   = var.tags

  ingress = {
    https = { port = 443, cidrs = local.sources }
  }
}

module "task_group" {
  source = "../../modules/network/security-group"

  name   = "${var.name}-task"
  vpc_id = var.network.id
  tags   = var.tags

  ingress = {
    service = { port = var.service.port, group = module.load_balancer_group.id }
  }
}

module "buckets" {
  source   = "../../modules/storage/bucket"
  for_each = var.service.buckets

  name      = "${var.name}-${each.key}"
  key       = var.keys["data"]
  versioned = each.value.versioned
  expire    = each.value.expire
  readers   = [module.role.arn]
  protect   = var.protect
  tags      = var.tags
}

module "role" {
  source = "../../modules/security/role"

  name    = "${var.name}-task"
  service = "ecs-tasks.amazonaws.com"
  tags    = var.tags

  statements = {
    logs    = { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = ["${module.logs.arn}:*"] }
    secrets = { actions = ["secretsmanager:GetSecretValue"], resources = [for secret in aws_secretsmanager_secret.this : secret.arn] }
  }
}

module "logs" {
  source = "../../modules/observability/log-group"

  name           = "/service/${var.name}"
  key            = var.keys["logs"]
  retention_days = var.retention.logs_days
  errors         = { error = "ERROR", panic = "panic" }
  tags           = var.tags
}

module "alarms" {
  source   = "../../modules/observability/alarm"
  for_each = local.alarms

  name       = "${var.name}-${each.key}"
  namespace  = "AWS/ECS"
  metric     = each.value.metric
  threshold  = each.value.threshold
  dimensions = { ServiceName = aws_ecs_service.this.name }
  notify     = var.alarms_to
  tags       = var.tags
}

resource "aws_secretsmanager_secret" "this" {
  for_each = toset(var.service.secrets)

  name       = "${var.name}/${each.key}"
  kms_key_id = var.keys["secrets"]
  tags       = var.tags
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.service.cpu
  memory                   = var.service.memory
  execution_role_arn       = module.role.arn
  task_role_arn            = module.role.arn
  tags                     = var.tags

  container_definitions = jsonencode([{
    name         = var.name
    image        = "registry.acme.example/${var.name}:1.0"
    essential    = true
    environment  = local.environment
    secrets      = [for key, secret in aws_secretsmanager_secret.this : { name = upper(key), valueFrom = secret.arn }]
    portMappings = [{ containerPort = var.service.port, protocol = "tcp" }]
    logConfiguration = {
      logDriver = "awslogs"
      options   = { awslogs-group = module.logs.name, awslogs-region = var.region, awslogs-stream-prefix = "task" }
    }
  }])
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = "arn:aws:ecs:${var.region}:123456789012:cluster/${var.environment}"
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = var.service.replicas
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"
  tags            = var.tags

  network_configuration {
    subnets          = var.network.private
    security_groups  = [module.task_group.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = var.name
    container_port   = var.service.port
  }
}

resource "aws_lb" "this" {
  name                       = var.name
  internal                   = !var.service.public
  load_balancer_type         = "application"
  subnets                    = local.subnets
  security_groups            = [module.load_balancer_group.id]
  enable_deletion_protection = var.protect
  drop_invalid_header_fields = true
  tags                       = var.tags
}

resource "aws_lb_target_group" "this" {
  name        = var.name
  port        = var.service.port
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = var.network.id
  tags        = var.tags

  health_check {
    path    = "/healthz"
    matcher = "200"
  }
}

resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = "arn:aws:acm:${var.region}:123456789012:certificate/${var.environment}"
  tags              = var.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}
