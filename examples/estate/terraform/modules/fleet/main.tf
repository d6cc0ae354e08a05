# Interchangeable machines behind an autoscaling group.

variable "name" {
  type = string
}

variable "size" {
  type = object({
    min = number
    max = number
  })
}

variable "machine" {
  type    = string
  default = "t3.large"
}

variable "subnet_ids" {
  type = list(string)
}

variable "group_ids" {
  type = list(string)
}

variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_launch_template" "this" {
  name_prefix            = "${var.name}-"
  image_id               = "ami-0c1f2e3d4b5a69788"
  instance_type          = var.machine
  vpc_security_group_ids = var.group_ids

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size = 40
      encrypted   = true
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                = var.name
  min_size            = var.size.min
  max_size            = var.size.max
  vpc_zone_identifier = var.subnet_ids

  launch_template {
    id      = aws_launch_template.this.id
    version = "$Latest"
  }

  dynamic "tag" {
    for_each = var.tags
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }
}
