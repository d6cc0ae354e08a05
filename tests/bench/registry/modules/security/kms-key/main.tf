variable "name" { type = string }

variable "services" {
  type    = list(string)
  default = []
}

variable "window" { type = number }
variable "tags" { type = map(string) }

data "aws_caller_identity" "this" {}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
  }

  dynamic "statement" {
    for_each = var.services
    content {
      actions   = ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = [statement.value]
      }
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Key of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.window
  policy                  = data.aws_iam_policy_document.this.json
  tags                    = merge(var.tags, { Name = var.name })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

output "arn" {
  value = aws_kms_key.this.arn
}
