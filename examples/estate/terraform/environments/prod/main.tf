locals {
  tags = { owner = "platform" }
}

module "network" {
  source = "../../modules/network"

  name        = var.name
  cidr        = var.cidr
  zones       = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
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

  name       = "${var.name}-${each.key}"
  class      = each.value.class
  storage_gb = each.value.storage_gb
  subnet_ids = module.network.subnet_ids
  group_ids  = [module.network.database_group_id]
  tags       = merge(local.tags, { service = each.key, team = each.value.team })
}

module "storefront" {
  source = "../../modules/fleet"

  name       = "${var.name}-storefront"
  size       = { min = 3, max = 12 }
  subnet_ids = module.network.subnet_ids
  group_ids  = [module.network.web_group_id]
  tags       = merge(local.tags, { service = "storefront", team = "commerce" })
}

# The only machine that may be reached by SSH.
resource "aws_instance" "bastion" {
  ami                    = "ami-0c1f2e3d4b5a69788"
  instance_type          = "t3.micro"
  subnet_id              = module.network.subnet_ids[0]
  vpc_security_group_ids = [module.network.bastion_group_id]
  tags                   = merge(local.tags, { Name = "${var.name}-bastion", team = "platform" })

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "optional"
  }

  root_block_device {
    encrypted = true
  }
}

resource "aws_kms_key" "backups" {
  description             = "Encrypts the backups' bucket"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = merge(local.tags, { team = "platform" })
}

resource "aws_sqs_queue" "parcels" {
  name                    = "${var.name}-parcels"
  sqs_managed_sse_enabled = true
  tags                    = merge(local.tags, { service = "shipping", team = "fulfilment" })
}

resource "aws_iam_role" "deploy" {
  name = "${var.name}-deploy"
  tags = merge(local.tags, { team = "platform" })

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::440112233445:oidc-provider/token.actions.githubusercontent.com" }
    }]
  })
}

resource "aws_iam_role_policy" "deploy" {
  name = "deploy"
  role = aws_iam_role.deploy.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["ecs:UpdateService", "s3:PutObject", "iam:PassRole"]
      Resource = "*"
    }]
  })
}
