locals {
  name       = "acme-${var.environment}"
  production = var.environment == "prod"

  tags = merge(var.tags, {
    stack       = "platform"
    environment = var.environment
  })

  # Protection is for what would hurt to lose.
  protect = local.production ? true : false

  public_services = { for name, service in var.services : name => service if service.public }
}
