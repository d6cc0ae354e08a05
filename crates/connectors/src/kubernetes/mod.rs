//! Kubernetes: manifests say what is declared, what `kubectl get -o json` prints says what is live.

mod collect;
mod read;

pub use collect::collect;
pub use read::read;

#[cfg(test)]
mod tests;
