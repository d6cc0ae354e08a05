//! The company: an outfitter with eight services, four teams and a handful of people, as `catalog-info.yaml` has them.

/// A service.
pub struct Service {
    /// Its name in the catalog.
    pub name: &'static str,
    /// The team that answers for it.
    pub team: &'static str,
    /// 1 is the most important.
    pub tier: u8,
}

/// All services.
pub const SERVICES: &[Service] = &[
    Service { name: "storefront", team: "commerce", tier: 1 },
    Service { name: "checkout", team: "commerce", tier: 1 },
    Service { name: "payments", team: "payments", tier: 1 },
    Service { name: "orders", team: "commerce", tier: 1 },
    Service { name: "catalogue", team: "commerce", tier: 2 },
    Service { name: "inventory", team: "fulfilment", tier: 2 },
    Service { name: "shipping", team: "fulfilment", tier: 2 },
    Service { name: "reporting", team: "platform", tier: 3 },
];

/// The people who answer.
pub const PEOPLE: &[&str] = &["a.lindqvist", "m.okafor", "s.moreau", "t.havel", "y.tanaka"];
