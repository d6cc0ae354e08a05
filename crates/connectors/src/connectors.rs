//! The one list of connectors.

use crate::collect::{self, Request};
use crate::{
    Document, ReadContext, Reading, alertmanager, backstage, cloudevents, cloudwatch, eventrecorder, focus, github,
    grafana, inventory, kev, kubernetes, mapping, objectives, oncall, pagerduty, probes, promises, restic, terraform,
    trivy,
};
use mainstay_outside::Outside;

/// An outside system that we read.
#[derive(Clone, Copy)]
pub struct Connector {
    /// The name used on the command line and in `mainstay.toml`.
    pub name: &'static str,
    /// What it reads, in a line.
    pub summary: &'static str,
    /// Makes facts of a document. Pure.
    pub read: fn(&Document, &ReadContext) -> Reading,
    /// Fetches what a request names and reads it, piece by piece, so that memory stays bounded.
    pub collect: fn(&Outside, &Request<'_>, &mut dyn FnMut(Reading)),
}

/// Every connector, in the order of the flow.
pub const CONNECTORS: &[Connector] = &[
    Connector {
        name: "terraform",
        summary: "Terraform and OpenTofu: source, plan JSON and state",
        read: terraform::read,
        collect: |outside, request, sink| collect::whole(terraform::read, outside, request, sink),
    },
    Connector {
        name: "kubernetes",
        summary: "Kubernetes: manifests, and what kubectl get -o json prints",
        read: kubernetes::read,
        collect: kubernetes::collect,
    },
    Connector {
        name: "backstage",
        summary: "Backstage: catalog-info.yaml with all kinds and relations, as one batch",
        read: backstage::read,
        collect: |outside, request, sink| collect::whole(backstage::read, outside, request, sink),
    },
    Connector {
        name: "promises",
        summary: "promises as code: promises/*.toml or *.yaml",
        read: promises::read,
        collect: |outside, request, sink| collect::whole(promises::read, outside, request, sink),
    },
    Connector {
        name: "objectives",
        summary: "objectives as code: OpenSLO, Sloth and Pyrra, with error budget policies and planned maintenance",
        read: objectives::read,
        collect: |outside, request, sink| collect::whole(objectives::read, outside, request, sink),
    },
    Connector {
        name: "oncall",
        summary: "on-call schedules, people and escalation policies as code",
        read: oncall::read,
        collect: |outside, request, sink| collect::whole(oncall::read, outside, request, sink),
    },
    Connector {
        name: "probes",
        summary: "probes as code: the endpoints of Gatus, which are asked while collecting",
        read: probes::read,
        collect: |outside, request, sink| collect::whole(probes::read, outside, request, sink),
    },
    Connector {
        name: "alertmanager",
        summary: "Alertmanager: webhook bodies (version 4) and what /api/v2/alerts answers",
        read: alertmanager::read,
        collect: alertmanager::collect,
    },
    Connector {
        name: "grafana",
        summary: "Grafana Alerting: bodies of webhook contact points",
        read: grafana::read,
        collect: |outside, request, sink| collect::whole(grafana::read, outside, request, sink),
    },
    Connector {
        name: "eventrecorder",
        summary: "Alertmanager's event recorder (0.33 and later): lines of its files, and what its webhook posts",
        read: eventrecorder::read,
        collect: |outside, request, sink| collect::whole(eventrecorder::read, outside, request, sink),
    },
    Connector {
        name: "pagerduty",
        summary: "PagerDuty's Events API v2, as any tool sends to it: trigger, acknowledge, resolve",
        read: pagerduty::read,
        collect: |outside, request, sink| collect::whole(pagerduty::read, outside, request, sink),
    },
    Connector {
        name: "cloudwatch",
        summary: "CloudWatch alarms, as Amazon SNS delivers them",
        read: cloudwatch::read,
        collect: |outside, request, sink| collect::whole(cloudwatch::read, outside, request, sink),
    },
    Connector {
        name: "github",
        summary: "GitHub: deliveries of deployment, deployment_status, pull_request and workflow_run",
        read: github::read,
        collect: |outside, request, sink| collect::whole(github::read, outside, request, sink),
    },
    Connector {
        name: "restic",
        summary: "restic: backup --json, snapshots --json and check, from files or a repository",
        read: restic::read,
        collect: restic::collect,
    },
    Connector {
        name: "trivy",
        summary: "Trivy: JSON reports of images, file systems, hosts and clusters",
        read: trivy::read,
        collect: |outside, request, sink| collect::whole(trivy::read, outside, request, sink),
    },
    Connector {
        name: "kev",
        summary: "CISA's catalogue of known exploited vulnerabilities",
        read: kev::read,
        collect: kev::collect,
    },
    Connector {
        name: "focus",
        summary: "FOCUS bills, versions 1.0 to 1.2, as CSV",
        read: focus::read,
        collect: focus::collect,
    },
    Connector {
        name: "inventory",
        summary: "AWS: what resourcegroupstaggingapi get-resources prints",
        read: inventory::read,
        collect: |outside, request, sink| collect::each(inventory::read, outside, request, sink),
    },
    Connector {
        name: "mapping",
        summary: "anything else in CSV, JSON or JSON Lines, by a small mapping file",
        read: mapping::read,
        collect: mapping::collect,
    },
    Connector {
        name: "cloudevents",
        summary: "CloudEvents 1.0 in JSON: single, batch, or JSON Lines",
        read: cloudevents::read,
        collect: cloudevents::collect,
    },
];

/// The connector of a name.
#[must_use]
pub fn connector(name: &str) -> Option<&'static Connector> {
    CONNECTORS.iter().find(|connector| connector.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_for_the_command_line_and_unique() {
        let mut names: Vec<_> = CONNECTORS.iter().map(|connector| connector.name).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(connector("github").is_some() && connector("git").is_none());
    }
}
