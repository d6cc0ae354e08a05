output "security_group_id" {
  value = module.task_group.id
}

output "endpoint" {
  value = "https://${aws_lb.this.dns_name}"
}

output "buckets" {
  value = { for name, bucket in module.buckets : name => bucket.arn }
}
