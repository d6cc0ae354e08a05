output "endpoints" {
  value = { for name, service in local.public_services : name => module.services[name].endpoint }
}

output "databases" {
  value = { for name, database in module.databases : name => database.address }
}
