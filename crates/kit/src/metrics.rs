//! What the server says of itself at `/metrics`, in the OpenMetrics text format.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Mutex;

/// Counters and gauges of one process.
pub struct Metrics {
    registry: Mutex<Registry>,
    /// Requests answered.
    pub requests: Counter,
    /// Requests answered with a status of 500 or above.
    pub failures: Counter,
    /// Entries in the ledger.
    pub ledger_size: Gauge,
    /// Facts that were new when they were appended by this process.
    pub facts_new: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let (requests, failures, ledger_size, facts_new) =
            (Counter::default(), Counter::default(), Gauge::default(), Counter::default());
        let mut registry = Registry::with_prefix("mainstay");
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_failures", "Requests answered with a status of 500 or above", failures.clone());
        registry.register("ledger_entries", "Entries in the ledger", ledger_size.clone());
        registry.register("facts_new", "Facts that this process appended", facts_new.clone());
        Self { registry: Mutex::new(registry), requests, failures, ledger_size, facts_new }
    }
}

impl Metrics {
    /// The text for a scrape.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match encode(&mut out, &registry) {
            Ok(()) => out,
            Err(_) => String::new(),
        }
    }
}
