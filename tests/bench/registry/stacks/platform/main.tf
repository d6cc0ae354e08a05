module "network" {
  source = "../../modules/network/vpc"

  name           = local.name
  cidr           = var.network.cidr
  zones          = var.network.zones
  nat            = var.network.nat
  single_nat     = !local.production
  flow_logs      = var.network.flow
  retention_days = var.retention.logs_days
  tags           = local.tags
}

module "keys" {
  source   = "../../modules/security/kms-key"
  for_each = toset(["data", "logs", "secrets"])

  name     = "${local.name}-${each.key}"
  services = each.key == "logs" ? ["logs.${var.region}.amazonaws.com"] : []
  window   = local.protect ? 30 : 7
  tags     = local.tags
}

module "services" {
  source   = "../../services/web"
  for_each = var.services

  name        = "${local.name}-${each.key}"
  service     = each.value
  environment = var.environment
  region      = var.region
  network     = module.network.network
  keys        = { for name, key in module.keys : name => key.arn }
  retention   = var.retention
  alarms_to   = var.alarms_to
  protect     = local.protect
  tags        = merge(local.tags, { service = each.key })
}

module "workers" {
  source   = "../../services/worker"
  for_each = var.workers

  name           = "${local.name}-${each.key}"
  memory         = try(each.value.memory, 256)
  timeout        = each.value.timeout
  fifo           = each.value.fifo
  network        = module.network.network
  keys           = { for name, key in module.keys : name => key.arn }
  retention_days = var.retention.logs_days
  alarms_to      = var.alarms_to
  tags           = merge(local.tags, { service = each.key })
}

module "databases" {
  source   = "../../services/database"
  for_each = var.databases

  name         = "${local.name}-${each.key}"
  engine       = each.value.engine
  class        = local.production ? each.value.class : "db.t4g.medium"
  storage      = each.value.storage
  replicas     = local.production ? each.value.replicas : 0
  network      = module.network.network
  allowed      = [for service in module.services : service.security_group_id]
  key          = module.keys["data"].arn
  secrets_key  = module.keys["secrets"].arn
  backups_days = var.retention.backups_days
  protect      = local.protect
  alarms_to    = var.alarms_to
  tags         = merge(local.tags, { database = each.key })
}
