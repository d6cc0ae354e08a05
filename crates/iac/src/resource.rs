//! What reading infrastructure as code gives.

use crate::{At, Comment, Map, Node};
use mainstay_model::{Diagnostic, Place};
use std::sync::Arc;

/// A file handed in for reading.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path relative to the folder that is read, with `/`.
    pub path: String,
    /// Its bytes; not always UTF-8, which is the reader's to report.
    pub bytes: Vec<u8>,
}

/// Which format a resource was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// Terraform or OpenTofu source.
    Terraform,
    /// Plan JSON (`terraform show -json`).
    Plan,
    /// State, version 4.
    State,
    /// Kubernetes manifest.
    Kubernetes,
    /// ARM template.
    Arm,
    /// Bicep source.
    Bicep,
    /// CloudFormation or SAM template, or `serverless.yml`.
    CloudFormation,
    /// Dockerfile.
    Dockerfile,
    /// Workflow of GitHub, pipeline of GitLab or Azure.
    Workflow,
    /// Playbook, role or inventory of Ansible.
    Ansible,
    /// Description of an HTTP API.
    OpenApi,
}

/// Which kind of block a resource was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Block {
    /// A managed resource or a manifest.
    Resource,
    /// Terraform `data`.
    Data,
    /// Terraform `provider`.
    Provider,
    /// Terraform `module` call.
    Module,
    /// Parameter of an ARM template or of Bicep.
    Parameter,
}

/// One resource (or data source, provider, module call), fully evaluated as far as the files tell.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Format.
    pub dialect: Dialect,
    /// Kind of block.
    pub block: Block,
    /// Terraform: the folder of the root module that it belongs to, `.` for the top; addresses are unique within a root
    /// only. Plan and state: the path of the file. ARM and Bicep: the path of the template that is deployed.
    /// CloudFormation: the path of the outermost template. Empty elsewhere.
    pub root: Arc<str>,
    /// `module.web.aws_s3_bucket.logs[0]`; for Kubernetes `Deployment.shop.web` (kind, namespace, name);
    /// for ARM `Microsoft.Web/sites.shop` (type and name), for Bicep the type and the symbolic name; for CloudFormation
    /// `AWS::S3::Bucket.Logs`, within nested stacks behind their logical ids: `Network/AWS::EC2::VPC.Vpc`.
    pub address: String,
    /// `aws_s3_bucket`; for Kubernetes the kind; for a parameter `parameter`; for CloudFormation `AWS::S3::Bucket`.
    pub resource_type: String,
    /// For Kubernetes, ARM and Bicep the `apiVersion`; empty elsewhere.
    pub api_version: String,
    /// Name within the type.
    pub name: String,
    /// Kubernetes namespace.
    pub namespace: Option<String>,
    /// Attributes and blocks; for CloudFormation the properties.
    pub body: Map,
    /// Start of the block.
    pub at: At,
    /// Last line of the block.
    pub line_end: u32,
    /// What its attributes refer to.
    pub references: Vec<Reference>,
    /// Plan only: `create`, `update`, `delete`, `replace`, `no-op`, `read`; state only: empty.
    pub action: Option<String>,
    /// The provider's id of the live object: from a plan or state, or from an `import` block.
    pub live_id: Option<String>,
}

/// An attribute that refers to another resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// Path of the attribute: `bucket`, `rule.0.target`.
    pub attribute: String,
    /// Address of the other, without index where the expression has none.
    pub target: String,
}

/// What a set of files holds.
#[derive(Debug, Default)]
pub struct Reading {
    /// Paths of the files, indexed by [`At::file`].
    pub files: Vec<String>,
    /// Resources in the order of files and lines.
    pub resources: Vec<Resource>,
    /// Comments that speak to scanners, in the order of files and lines; all others are left out.
    pub comments: Vec<Comment>,
    /// What could not be read, or not wholly.
    pub diagnostics: Vec<Diagnostic>,
}

impl Reading {
    /// The place of an [`At`].
    #[must_use]
    pub fn place(&self, at: At) -> Place {
        Place::at(self.files.get(at.file as usize).cloned().unwrap_or_default(), at.line, at.column)
    }
}

impl Resource {
    /// The attribute at a dotted path (`versioning.0.enabled`); lists take an index.
    #[must_use]
    pub fn attribute(&self, path: &str) -> Option<&Node> {
        let mut parts = path.split('.');
        let mut node = self.body.get(parts.next()?)?;
        for part in parts {
            node = match &node.value {
                crate::Value::Map(map) => map.get(part)?,
                crate::Value::List(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }
}
