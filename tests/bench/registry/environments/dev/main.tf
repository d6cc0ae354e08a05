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
    key    = "dev/platform.tfstate"
    region = "eu-central-1"
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      environment = "dev"
      managed-by  = "terraform"
    }
  }
}

module "platform" {
  source = "../../stacks/platform"

  environment = "dev"
  region      = var.region
  network     = var.network
  services    = var.services
  workers     = var.workers
  databases   = var.databases
  alarms_to   = var.alarms_to
  retention   = { logs_days = 7, backups_days = 1 }
  tags        = { cost-center = "4300" }
}

output "endpoints" {
  value = module.platform.endpoints
}
