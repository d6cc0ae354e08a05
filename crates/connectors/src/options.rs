//! Settings of one `[[source]]` entry. Every connector looks at those that mean something to it.

use mainstay_outside::SecretRef;
use serde::{Deserialize, Serialize};

/// Settings of a source; all have good defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The environment of everything that is read, where the documents do not say it themselves.
    pub environment: Option<String>,
    /// Names of environments that are production, besides `production`, `prod` and `live`.
    pub production: Vec<String>,
    /// Kubernetes: name of the cluster; else the folder's.
    pub cluster: Option<String>,
    /// restic: name of the backup job, as promises name it.
    pub job: Option<String>,
    /// restic: run `restic check` as well, which can take long on a large repository.
    pub check: bool,
    /// What the runs of the job save: a subject such as `service:orders`.
    pub target: Option<String>,
    /// Trivy: the asset that was scanned, where the report's own name is not how it is known.
    pub asset: Option<String>,
    /// Trivy: the severities that its reports show (`--severity`). Without it, what is less severe than all that a report
    /// shows may be hidden by a filter, and stays open.
    pub severities: Vec<String>,
    /// The tag or label that names the team; `team` without.
    pub team_tag: Option<String>,
    /// The tag or label that names the service; `service` without.
    pub service_tag: Option<String>,
    /// GitHub: workflows whose runs change the environment named above.
    pub workflows: Vec<String>,
    /// GitHub: deployments change applications only, through a pipeline that is not the team's.
    pub application_only: bool,
    /// A generic mapping: the file that says how to read the data.
    pub mapping: Option<String>,
    /// Objectives: the address of what speaks Prometheus' API, which is asked what is left of their budgets.
    pub prometheus: Option<String>,
    /// Objectives: recorded series to ask in place of a running engine.
    pub history: Vec<String>,
    /// CloudWatch: the topics of SNS whose deliveries count.
    pub topics: Vec<String>,
    /// CloudWatch: confirm subscriptions of these topics without asking anybody.
    pub confirm: bool,
    /// User name for HTTP.
    pub user: Option<String>,
    /// Token or password for HTTP, or the password of a repository, by reference.
    pub token: Option<SecretRef>,
    /// Key that deliveries are signed with, by reference.
    pub secret: Option<SecretRef>,
}

impl Options {
    /// The environment's name, with every name for production made `production`.
    #[must_use]
    pub fn environment_of(&self, name: &str) -> String {
        let lower = name.trim().to_lowercase();
        let ours = self.production.iter().any(|known| known.to_lowercase() == lower);
        if ours || matches!(&*lower, "production" | "prod" | "live" | "prd") { "production".to_owned() } else { lower }
    }

    /// The tag that names the team.
    #[must_use]
    pub fn team_tag(&self) -> &str {
        self.team_tag.as_deref().unwrap_or("team")
    }

    /// The tag that names the service.
    #[must_use]
    pub fn service_tag(&self) -> &str {
        self.service_tag.as_deref().unwrap_or("service")
    }
}
