network = {
  cidr  = "10.20.0.0/16"
  zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  flow  = true
}

services = {
  shop = {
    port     = 8080
    public   = true
    replicas = 3
    buckets = {
      media = {}
      exports = { expire = 30 }
    }
    secrets = ["stripe", "session"]
  }
  checkout = {
    port     = 8081
    public   = true
    replicas = 3
    secrets = ["stripe"]
  }
  catalog = {
    port     = 8082
    public   = false
    replicas = 2
    buckets = {
      images = {}
    }
  }
  accounts = {
    port     = 8083
    public   = false
    replicas = 2
    secrets = ["jwt"]
  }
  search = {
    port     = 8084
    public   = false
    replicas = 2
    buckets = {
      snapshots = { expire = 14 }
    }
  }
  mail = {
    port     = 8085
    public   = false
    replicas = 1
    secrets = ["smtp"]
  }
  reports = {
    port     = 8086
    public   = false
    replicas = 1
    buckets = {
      out = { expire = 90 }
    }
  }
  basket = {
    port     = 8087
    public   = false
    replicas = 2
  }
}

workers = {
  resize = { timeout = 60, fifo = false }
  invoice = { timeout = 120, fifo = true }
  index = { timeout = 30, fifo = false }
  notify = { timeout = 30, fifo = false }
  archive = { timeout = 300, fifo = false }
}

databases = {
  orders = { engine = "postgres", class = "db.r6g.large", replicas = 1 }
  accounts = { engine = "postgres", class = "db.r6g.large", replicas = 0 }
  cms = { engine = "mysql", class = "db.t4g.medium", replicas = 0 }
}

alarms_to = ["arn:aws:sns:eu-central-1:123456789012:oncall"]
