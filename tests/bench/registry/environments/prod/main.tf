terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.60"
    }
  }

  backend "s3" {
    bucket = "acme-terraform-state"
    key    = "prod/platform.tfstate"
    region = "eu-central-1"
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      environment = "prod"
      managed-by  = "terraform"
    }
  }
}

module "platform" {
  source = "../../stacks/platform"

  environment = "prod"
  region      = var.region
  network     = var.network
  services    = var.services
  workers     = var.workers
  databases   = var.databases
  alarms_to   = var.alarms_to
  retention   = { logs_days = 365, backups_days = 35 }
  tags        = { cost-center = "4100" }
}

output "endpoints" {
  value = module.platform.endpoints
}
