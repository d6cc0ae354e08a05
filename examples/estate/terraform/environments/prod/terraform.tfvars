name        = "lumen-prod"
cidr        = "10.20.0.0/16"
admin_cidrs = ["198.51.100.16/28", "203.0.113.64/28"]

databases = {
  orders = {
    class      = "db.r6g.large"
    storage_gb = 200
    team       = "commerce"
  }
  payments = {
    class      = "db.r6g.large"
    storage_gb = 100
    team       = "payments"
  }
}

buckets = {
  media = {
    service = "catalogue"
    team    = "commerce"
  }
  labels = {
    service = "shipping"
    team    = "fulfilment"
  }
  # Opened for a trade fair in spring and never closed again.
  pricelists = {
    public  = true
    service = "catalogue"
    team    = "commerce"
  }
  exports = {
    service = "reporting"
    team    = "platform"
  }
}
