//! Asks a cluster through kubectl, with whatever access it has.

use crate::collect::{Origin, Request, whole};
use crate::{Document, Part, Reading};
use mainstay_outside::{Command, Outside};

/// What is asked for: what runs, what lets traffic in, and who may do what. Secrets are never asked for.
const KINDS: &str = "namespaces,nodes,deployments,statefulsets,daemonsets,jobs,cronjobs,pods,services,ingresses,networkpolicies,\
    serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,persistentvolumeclaims,horizontalpodautoscalers";

/// Collects from a cluster (`kubectl://CONTEXT`) or from files.
pub fn collect(outside: &Outside, request: &Request<'_>, sink: &mut dyn FnMut(Reading)) {
    let Origin::Address(address) = &request.origin else {
        whole(super::read, outside, request, sink);
        return;
    };
    let context = address.strip_prefix("kubectl://").unwrap_or(address);
    let mut reading = Reading::default();
    (request.progress)(address);
    let command = Command::new("kubectl").args(["--context", context, "get", KINDS, "--all-namespaces", "-o", "json"]);
    match outside.run(&command) {
        Ok(output) if output.succeeded() => {
            let mut settings = request.context.clone();
            settings.options.cluster.get_or_insert_with(|| context.to_owned());
            let part = Part::new(format!("{context}.json"), output.stdout);
            reading.merge(super::read(&Document::folder(address.as_str(), vec![part]), &settings));
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or_default();
            reading.note(request.failed(&format!("kubectl ended with {}: {said}", output.ending())));
        }
        Err(error) => reading.note(request.failed(&error.to_string())),
    }
    sink(reading);
}
