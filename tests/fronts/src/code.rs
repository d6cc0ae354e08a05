//! Infrastructure as code: files in; resources, verdicts and diagnostics out.

use crate::files::files;
use crate::holds::{self, engine};
use crate::unknowing;
use mainstay_iac::terraform::{self, Options};
use mainstay_iac::{Reading, SourceFile, read};

/// More resources than these are not judged: what a control does does not depend on how many there are.
const JUDGED_MAX: usize = 64;

/// Terraform in HCL, its variables and modules.
pub fn terraform(input: &[u8]) {
    let files = files(input, "main.tf");
    let options = Options { variables: vec![("name".to_owned(), "shop".to_owned())], ..Options::default() };
    let reading = whole(&files, &options);
    for resource in reading.resources.iter().take(JUDGED_MAX) {
        for (name, _) in resource.body.iter().take(JUDGED_MAX) {
            let _ = terraform::trace(&files, &options, &resource.root, &resource.address, &[name.to_owned()]);
        }
    }
}

/// Terraform in JSON.
pub fn terraform_json(input: &[u8]) {
    whole(&files(input, "main.tf.json"), &Options::default());
}

/// Manifests and Kustomize.
pub fn kubernetes(input: &[u8]) {
    whole(&files(input, "pod.yaml"), &Options::default());
}

/// CloudFormation, SAM and `serverless.yml`.
pub fn cloudformation(input: &[u8]) {
    whole(&files(input, "template.yaml"), &Options::default());
}

/// ARM templates and their parameters.
pub fn arm(input: &[u8]) {
    whole(&files(input, "azuredeploy.json"), &Options::default());
}

/// Bicep and its modules.
pub fn bicep(input: &[u8]) {
    whole(&files(input, "main.bicep"), &Options::default());
}

/// Dockerfiles and the shell commands within them.
pub fn dockerfile(input: &[u8]) {
    whole(&files(input, "Dockerfile"), &Options::default());
}

/// Playbooks, roles and inventories.
pub fn ansible(input: &[u8]) {
    whole(&files(input, "site.yml"), &Options::default());
}

/// Workflows of GitHub, pipelines of GitLab and Azure.
pub fn workflows(input: &[u8]) {
    whole(&files(input, ".github/workflows/ci.yml"), &Options::default());
}

/// States.
pub fn state(input: &[u8]) {
    whole(&files(input, "terraform.tfstate"), &Options::default());
}

/// Descriptions of HTTP APIs.
pub fn openapi(input: &[u8]) {
    whole(&files(input, "openapi.yaml"), &Options::default());
}

/// Reads, and demands all that must hold.
pub fn whole(files: &[SourceFile], options: &Options) -> Reading {
    let reading = read(files, options);
    holds::places(&reading, files);
    holds::same(&reading, &read(files, options));
    if reading.resources.len() <= JUDGED_MAX {
        let judging = holds::judged(engine(), &reading);
        unknowing::keeps_verdicts(engine(), &reading, &judging);
    }
    reading
}
