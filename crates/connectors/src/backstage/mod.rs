//! Backstage's service catalog: `catalog-info.yaml` as it is, all kinds and relations, validated as a whole.

mod entity;
mod read;

pub use read::read;

#[cfg(test)]
mod tests;
