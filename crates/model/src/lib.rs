//! The nouns of Mainstay and every fact type, as plain types.
//!
//! Nothing here reads a clock, a file, the network or a random source, and nothing here decides anything: a duty judges,
//! a connector reads, the ledger keeps. What all of them share is named here once.

mod diagnostic;
mod fact;
pub mod facts;
mod finding;
mod id;
mod money;
mod promise;
mod registry;
mod subject;
mod verdict;
mod window;

pub use diagnostic::{Diagnostic, Level, Place, line_column};
pub use fact::{FACT_DATA_BYTES_MAX, FACT_DATA_DEPTH_MAX, FACT_SOURCE_BYTES_MAX, Fact, FactError, Recorded};
pub use finding::{Finding, FindingState};
pub use id::{Digest, FactId, IdError, PrincipalId};
pub use money::{Currency, Money, MoneyError};
pub use promise::{Promise, PromiseKind};
pub use registry::{FactData, FactTypeInfo, fact_type, fact_types};
pub use subject::{Subject, SubjectError};
pub use verdict::{Severity, Verdict};
pub use window::{Span, Window, WindowError};

/// The field types that the nouns are built of, so that a crate which handles facts needs no second import.
pub use jiff::Timestamp;
pub use rust_decimal::Decimal;
