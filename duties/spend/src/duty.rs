//! What the spend duty declares.

use crate::sums::SpendSums;
use crate::{Bill, SpendDay};
use mainstay_kit::lists::{list_operation, show_operation};
use mainstay_kit::{Duty, EntityKind, Operation};
use mainstay_ledger::Fold;
use std::sync::Arc;

/// The duty.
pub struct SpendDuty;

impl Duty for SpendDuty {
    fn name(&self) -> &'static str {
        "spend"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![EntityKind::of::<SpendDay>(), EntityKind::of::<Bill>()]
    }

    fn folds(&self) -> Vec<Arc<dyn Fold>> {
        vec![Arc::new(SpendSums)]
    }

    fn pages(&self) -> Vec<mainstay_kit::Page> {
        crate::pages::pages()
    }

    fn operations(&self) -> Vec<Operation> {
        let days = &["day", "provider", "account", "service", "team", "effective", "currency"];
        let bills = &["provider", "period", "effective", "currency", "readings"];
        vec![
            list_operation::<SpendDay>(
                "spend.list",
                "/v1/spend",
                "Daily spend by account and service, newest first",
                days,
            ),
            show_operation::<SpendDay>("spend.show", "/v1/spend/{id}", "One day's spend in one place with its facts"),
            list_operation::<Bill>("bill.list", "/v1/bills", "Bills that were read, newest first", bills),
        ]
    }
}
