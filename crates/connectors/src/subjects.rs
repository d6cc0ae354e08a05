//! How things of the outside world are named: one function a kind, so that two connectors never name one thing twice.

use mainstay_model::Subject;

/// A resource as Terraform declares it: `tf:envs/prod/module.web.aws_s3_bucket.logs`.
#[must_use]
pub fn terraform(folder: &str, address: &str) -> Subject {
    Subject::of("tf", &format!("{}/{address}", tidy(folder)))
}

/// A Kubernetes object: `k8s:prod/shop/deployment/web`. Objects without namespace have `-` in its place.
#[must_use]
pub fn kubernetes(cluster: &str, namespace: Option<&str>, kind: &str, name: &str) -> Subject {
    let namespace = namespace.filter(|namespace| !namespace.is_empty()).unwrap_or("-");
    Subject::of("k8s", &format!("{}/{namespace}/{}/{name}", tidy(cluster), kind.to_lowercase()))
}

/// An entity of the catalog: `service:checkout` for a Component, `team:platform` for a Group. A namespace other than
/// `default` stands in front of the name.
#[must_use]
pub fn catalog(kind: &str, namespace: &str, name: &str) -> Subject {
    let kind = match &*kind.to_lowercase() {
        "component" => "service".to_owned(),
        "group" => "team".to_owned(),
        other => other.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect(),
    };
    let (namespace, name) = (namespace.to_lowercase(), name.to_lowercase());
    if namespace.is_empty() || namespace == "default" {
        Subject::of(&kind, &name)
    } else {
        Subject::of(&kind, &format!("{namespace}/{name}"))
    }
}

/// A service by the name that a label or tag gives.
#[must_use]
pub fn service(name: &str) -> Subject {
    catalog("component", "default", name.trim())
}

/// A team by the name that a label or tag gives.
#[must_use]
pub fn team(name: &str) -> Subject {
    catalog("group", "default", name.trim())
}

/// A container image: `image:ghcr.io/acme/web:1.2`. The tag `latest` is meant where none is written; a digest stands
/// where no tag does.
#[must_use]
pub fn image(reference: &str) -> Subject {
    let reference = reference.trim();
    let (named, digest) = reference.split_once('@').map_or((reference, None), |(named, digest)| (named, Some(digest)));
    let has_tag = named.rsplit('/').next().is_some_and(|last| last.contains(':'));
    match (has_tag, digest) {
        (true, _) => Subject::of("image", named),
        (false, Some(digest)) => Subject::of("image", &format!("{named}@{digest}")),
        (false, None) => Subject::of("image", &format!("{named}:latest")),
    }
}

/// A host: `host:web-1.example.com`, in lower case as names of hosts are.
#[must_use]
pub fn host(name: &str) -> Subject {
    Subject::of("host", &name.trim().trim_end_matches('.').to_lowercase())
}

/// A repository: `repository:github.com/acme/shop`, without scheme, credentials and `.git`.
#[must_use]
pub fn repository(address: &str) -> Subject {
    let rest = address.trim().split_once("://").map_or(address.trim(), |(_, rest)| rest);
    let rest = match rest.split_once('@') {
        Some((user, host)) if !user.contains('/') => host.replacen(':', "/", 1),
        _ => rest.to_owned(),
    };
    Subject::of("repository", rest.trim_end_matches('/').trim_end_matches(".git"))
}

/// A live thing of a provider, by the id that the provider or Terraform's state gives it; `None` where the id does not
/// tell which thing it is.
#[must_use]
pub fn live(
    resource_type: &str,
    id: &str,
    arn: Option<&str>,
    region: Option<&str>,
    account: Option<&str>,
) -> Option<Subject> {
    if let Some(arn) = arn.or(Some(id)).filter(|text| text.starts_with("arn:")) {
        return from_arn(arn);
    }
    if id.trim().is_empty() {
        return None;
    }
    let provider = resource_type.split('_').next().unwrap_or_default();
    match provider {
        "aws" => Some(aws_by_id(resource_type, id, region, account)),
        "azurerm" | "azapi" => Some(azure(id)),
        "google" => Some(gcp(id)),
        "" => None,
        other => {
            let rest = resource_type.strip_prefix(other).unwrap_or_default().trim_start_matches('_');
            let rest = if rest.is_empty() { resource_type } else { rest };
            let kind: String = other.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit()).collect();
            let plain = kind.starts_with(|c: char| c.is_ascii_lowercase());
            Some(Subject::of(if plain { &kind } else { "thing" }, &format!("{rest}/{id}")))
        }
    }
}

/// Any text that a provider uses as a name for a thing: an ARN, an Azure resource id, a Google self link.
#[must_use]
pub fn from_provider_id(text: &str) -> Option<Subject> {
    let text = text.trim();
    let lower = text.to_lowercase();
    if lower.starts_with("arn:") {
        from_arn(text)
    } else if lower.starts_with("/subscriptions/") {
        Some(azure(text))
    } else if text.starts_with("projects/") || text.contains("googleapis.com/") {
        Some(gcp(text))
    } else {
        None
    }
}

/// An Azure resource by its id. Azure compares ids without regard to case, so they are kept in lower case.
#[must_use]
pub fn azure(id: &str) -> Subject {
    Subject::of("azure", &id.trim().trim_end_matches('/').to_lowercase())
}

/// A Google resource by self link or full name, without the host and version of the API.
#[must_use]
pub fn gcp(link: &str) -> Subject {
    let link = link.trim();
    let path = match link.find("projects/") {
        Some(start) => &link[start..],
        None => link.split_once("googleapis.com/").map_or(link, |(_, rest)| rest),
    };
    Subject::of("gcp", path)
}

/// An AWS thing by its ARN: `arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1` is
/// `aws:ec2:eu-west-1:123456789012:security-group/sg-1`, `arn:aws:s3:::logs` is `aws:s3:bucket/logs`.
#[must_use]
pub fn from_arn(arn: &str) -> Option<Subject> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, region, account) = (parts.next()?, parts.next()?, parts.next()?);
    let resource = parts.next().filter(|resource| !resource.is_empty())?;
    let resource = match service {
        // An ARN of S3 has no type: what has no slash is a bucket.
        "s3" if !resource.contains('/') => format!("bucket/{resource}"),
        "s3" => format!("object/{resource}"),
        "sns" if !resource.contains(':') => format!("topic/{resource}"),
        "sqs" => format!("queue/{resource}"),
        // Other services write `function:web` or `db:orders`.
        _ if !resource.contains('/') => resource.replacen(':', "/", 1),
        _ => match (resource.find(':'), resource.find('/')) {
            (Some(colon), Some(slash)) if colon < slash => resource.replacen(':', "/", 1),
            _ => resource.to_owned(),
        },
    };
    let place = match (region, account) {
        ("", "") => String::new(),
        (region, account) => format!("{region}:{account}:"),
    };
    // Names in these services are unique without region and account.
    let place = if matches!(service, "s3" | "route53" | "cloudfront") { String::new() } else { place };
    Some(Subject::of("aws", &format!("{service}:{place}{resource}")))
}

/// Service and type behind those Terraform types whose live things are named often; others keep Terraform's words.
const AWS_TYPES: &[(&str, &str, &str)] = &[
    ("aws_s3_bucket", "s3", "bucket"),
    ("aws_instance", "ec2", "instance"),
    ("aws_security_group", "ec2", "security-group"),
    ("aws_vpc", "ec2", "vpc"),
    ("aws_subnet", "ec2", "subnet"),
    ("aws_ebs_volume", "ec2", "volume"),
    ("aws_ebs_snapshot", "ec2", "snapshot"),
    ("aws_ami", "ec2", "image"),
    ("aws_eip", "ec2", "elastic-ip"),
    ("aws_nat_gateway", "ec2", "natgateway"),
    ("aws_internet_gateway", "ec2", "internet-gateway"),
    ("aws_route_table", "ec2", "route-table"),
    ("aws_network_acl", "ec2", "network-acl"),
    ("aws_key_pair", "ec2", "key-pair"),
    ("aws_route53_zone", "route53", "hostedzone"),
    ("aws_cloudfront_distribution", "cloudfront", "distribution"),
    ("aws_iam_user", "iam", "user"),
    ("aws_iam_role", "iam", "role"),
    ("aws_iam_group", "iam", "group"),
];

fn aws_by_id(resource_type: &str, id: &str, region: Option<&str>, account: Option<&str>) -> Subject {
    let known = AWS_TYPES.iter().find(|(name, _, _)| *name == resource_type);
    let (service, kind) = match known {
        Some((_, service, kind)) => ((*service).to_owned(), (*kind).to_owned()),
        None => {
            let words = resource_type.trim_start_matches("aws_");
            let (service, kind) = words.split_once('_').unwrap_or((words, words));
            (service.to_owned(), kind.replace('_', "-"))
        }
    };
    let place = match (&*service, region, account) {
        ("s3" | "route53" | "cloudfront", _, _) | (_, None, None) => String::new(),
        ("iam", _, account) => account.map_or(String::new(), |account| format!(":{account}:")),
        (_, region, account) => format!("{}:{}:", region.unwrap_or_default(), account.unwrap_or_default()),
    };
    Subject::of("aws", &format!("{service}:{place}{kind}/{id}"))
}

/// A folder without what only tells how it was reached.
fn tidy(folder: &str) -> &str {
    let folder = folder.trim_start_matches("./").trim_matches('/');
    if folder.is_empty() { "." } else { folder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_things_of_aws_are_named_by_arn_and_by_id_alike() {
        for (arn, subject) in [
            ("arn:aws:s3:::logs", "aws:s3:bucket/logs"),
            (
                "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1",
                "aws:ec2:eu-west-1:123456789012:security-group/sg-1",
            ),
            ("arn:aws:iam::123456789012:role/deploy", "aws:iam::123456789012:role/deploy"),
            ("arn:aws:rds:eu-west-1:1:db:orders", "aws:rds:eu-west-1:1:db/orders"),
            ("arn:aws:lambda:eu-west-1:1:function:web", "aws:lambda:eu-west-1:1:function/web"),
            ("arn:aws:sqs:eu-west-1:1:jobs", "aws:sqs:eu-west-1:1:queue/jobs"),
            ("arn:aws:logs:eu-west-1:1:log-group:/aws/web", "aws:logs:eu-west-1:1:log-group//aws/web"),
            ("arn:aws-cn:s3:::logs", "aws:s3:bucket/logs"),
        ] {
            assert_eq!(from_arn(arn).unwrap().as_str(), subject);
        }
        assert_eq!(from_arn("arn:aws:s3"), None);
        let by_id = live("aws_security_group", "sg-1", None, Some("eu-west-1"), Some("123456789012")).unwrap();
        assert_eq!(by_id.as_str(), "aws:ec2:eu-west-1:123456789012:security-group/sg-1");
        assert_eq!(
            live("aws_s3_bucket", "logs", None, Some("eu-west-1"), None).unwrap().as_str(),
            "aws:s3:bucket/logs"
        );
        let role = live("aws_iam_role", "deploy", None, Some("eu-west-1"), Some("123456789012")).unwrap();
        assert_eq!(role.as_str(), "aws:iam::123456789012:role/deploy");
    }

    #[test]
    fn azure_google_and_others_are_named_by_their_ids() {
        let id = "/subscriptions/S-1/resourceGroups/Web/providers/Microsoft.Storage/storageAccounts/Logs";
        assert_eq!(
            live("azurerm_storage_account", id, None, None, None).unwrap().as_str(),
            "azure:/subscriptions/s-1/resourcegroups/web/providers/microsoft.storage/storageaccounts/logs"
        );
        let link = "https://www.googleapis.com/compute/v1/projects/shop/zones/europe-west1-b/instances/web";
        assert_eq!(gcp(link).as_str(), "gcp:projects/shop/zones/europe-west1-b/instances/web");
        assert_eq!(live("github_repository", "shop", None, None, None).unwrap().as_str(), "github:repository/shop");
        assert_eq!(live("aws_s3_bucket", "", None, None, None), None);
    }

    #[test]
    fn catalog_kubernetes_and_terraform_names_follow_the_design() {
        assert_eq!(catalog("Component", "default", "Checkout").as_str(), "service:checkout");
        assert_eq!(catalog("Group", "ops", "platform").as_str(), "team:ops/platform");
        assert_eq!(catalog("API", "", "orders").as_str(), "api:orders");
        assert_eq!(kubernetes("prod", Some("shop"), "Deployment", "web").as_str(), "k8s:prod/shop/deployment/web");
        assert_eq!(kubernetes("prod", None, "ClusterRole", "admin").as_str(), "k8s:prod/-/clusterrole/admin");
        assert_eq!(terraform("./envs/prod/", "aws_s3_bucket.logs").as_str(), "tf:envs/prod/aws_s3_bucket.logs");
        assert_eq!(terraform("", "aws_s3_bucket.logs").as_str(), "tf:./aws_s3_bucket.logs");
    }

    #[test]
    fn one_image_host_or_repository_has_one_name_however_it_is_written() {
        assert_eq!(image("nginx").as_str(), "image:nginx:latest");
        assert_eq!(image("localhost:5000/web").as_str(), "image:localhost:5000/web:latest");
        assert_eq!(image("ghcr.io/acme/web:1.2@sha256:ab").as_str(), "image:ghcr.io/acme/web:1.2");
        assert_eq!(image("web@sha256:ab").as_str(), "image:web@sha256:ab");
        assert_eq!(host("Web-1.Example.com.").as_str(), "host:web-1.example.com");
        for address in ["https://github.com/acme/shop.git", "git@github.com:acme/shop.git", "github.com/acme/shop/"] {
            assert_eq!(repository(address).as_str(), "repository:github.com/acme/shop");
        }
    }
}
