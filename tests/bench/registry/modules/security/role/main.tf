variable "name" { type = string }
variable "service" { type = string }

variable "managed" {
  type    = list(string)
  default = []
}

variable "statements" {
  type    = map(object({ actions = list(string), resources = list(string) }))
  default = {}
}

variable "tags" { type = map(string) }

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [var.service]
    }
  }
}

data "aws_iam_policy_document" "this" {
  for_each = var.statements

  statement {
    sid       = title(each.key)
    actions   = each.value.actions
    resources = each.value.resources
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = var.statements

  name   = each.key
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this[each.key].json
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = toset(var.managed)

  role       = aws_iam_role.this.name
  policy_arn = each.value
}

output "arn" {
  value = aws_iam_role.this.arn
}
