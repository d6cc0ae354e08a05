//! Finds the pod in a workload of any kind, written as a manifest or through Terraform's Kubernetes provider.

use super::eval::Evaluation;
use super::value::{Item, Val};

/// From a pod template or a pod to its parts; both spellings, because Terraform's provider has its own.
fn holder<'a>(on: &Evaluation<'a, '_>) -> Item<'a> {
    let whole = Item { val: Val::Resource(on.index), at: Some(on.at()) };
    let down = |path: &[&str]| path.iter().fold(whole, |here, name| on.field(here, name));
    match on.resource.resource_type.as_str() {
        "Pod" | "kubernetes_pod" | "kubernetes_pod_v1" => whole,
        "PodTemplate" => down(&["template"]),
        "CronJob" => down(&["spec", "jobTemplate", "spec", "template"]),
        "kubernetes_cron_job" | "kubernetes_cron_job_v1" => down(&["spec", "job_template", "spec", "template"]),
        _ => down(&["spec", "template"]),
    }
}

/// The pod's spec; nothing where the resource has no pod.
pub(crate) fn spec<'a>(on: &Evaluation<'a, '_>) -> Item<'a> {
    on.field(holder(on), "spec")
}

/// The pod's metadata.
pub(crate) fn meta<'a>(on: &Evaluation<'a, '_>) -> Item<'a> {
    on.field(holder(on), "metadata")
}

/// The containers of the pod.
pub(crate) fn containers<'a>(on: &Evaluation<'a, '_>, main: bool, init: bool) -> Val<'a> {
    let spec = spec(on);
    let terraform = on.resource.resource_type.starts_with("kubernetes_");
    let names = if terraform { ["container", "init_container"] } else { ["containers", "initContainers"] };
    let mut found = Vec::new();
    for (name, wanted) in names.iter().zip([main, init]) {
        let list = on.field(spec, name).val;
        if wanted {
            if list.is_unknown() {
                return list;
            }
            found.extend(list.items().filter(|item| !matches!(item.val, Val::Null)));
        }
    }
    on.batch.list(found)
}

/// The tag of an image, without its digest: `1.2` for `registry:5000/shop/web:1.2@sha256:...`.
pub(crate) fn image_tag(image: &str) -> Option<&str> {
    let named = image.split('@').next().unwrap_or(image);
    let last = named.rsplit('/').next().unwrap_or(named);
    last.split_once(':').map(|(_, tag)| tag)
}
