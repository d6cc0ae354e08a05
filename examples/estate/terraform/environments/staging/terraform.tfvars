name        = "lumen-staging"
cidr        = "10.40.0.0/16"
admin_cidrs = ["198.51.100.16/28"]

databases = {
  orders = {
    class      = "db.t4g.medium"
    storage_gb = 20
    team       = "commerce"
  }
}

buckets = {
  media = {
    service = "catalogue"
    team    = "commerce"
  }
}
