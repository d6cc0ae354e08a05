locals {
  tags = { owner = "platform" }
}

module "network" {
  source = "../../modules/network"

  name        = var.name
  cidr        = var.cidr
  zones       = ["eu-central-1a"]
  admin_cidrs = var.admin_cidrs
  tags        = merge(local.tags, { team = "platform" })
}

module "bucket" {
  source   = "../../modules/bucket"
  for_each = var.buckets

  name   = "${var.name}-${each.key}"
  public = each.value.public
  tags   = merge(local.tags, { service = each.value.service, team = each.value.team })
}

module "database" {
  source   = "../../modules/database"
  for_each = var.databases

  name           = "${var.name}-${each.key}"
  class          = each.value.class
  storage_gb     = each.value.storage_gb
  retention_days = 0
  protected      = false
  subnet_ids     = module.network.subnet_ids
  group_ids      = [module.network.database_group_id]
  tags           = merge(local.tags, { service = each.key, team = each.value.team })
}
