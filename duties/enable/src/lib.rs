//! Enabling engineers: the service catalog, which says what there is and who answers for it.

use mainstay_estate::CatalogEntity;
use mainstay_kit::lists::{list_operation, show_operation};
use mainstay_kit::{Duty, EntityKind, Operation};

/// The duty.
pub struct EnableDuty;

impl Duty for EnableDuty {
    fn name(&self) -> &'static str {
        "enable"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![EntityKind::of::<CatalogEntity>()]
    }

    fn operations(&self) -> Vec<Operation> {
        let columns = &["id", "kind", "title", "owner", "tier", "lifecycle", "state"];
        vec![
            list_operation::<CatalogEntity>(
                "service.list",
                "/v1/services",
                "Services, teams, systems of the catalog",
                columns,
            ),
            show_operation::<CatalogEntity>(
                "service.show",
                "/v1/services/{id}",
                "One entity of the catalog with its facts",
            ),
        ]
    }
}
