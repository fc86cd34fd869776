//! Personal data under keys that can be destroyed.
//!
//! What the house keeps of a person is ciphertext, everywhere: in the log, in rows, in snapshots and archives. Each
//! person has a data key; it lies in a database of its own, wrapped by a key-encryption key that does not. To forget
//! somebody is to destroy their key, so nothing has to be searched or rewritten, and old copies are noise.

mod belongings;
mod body;
mod body_table;
mod cache;
mod certificate;
mod cipher;
mod kek;
mod maker;
mod opening;
mod puncture;
mod reports;
mod signing;
mod table;
mod vault;

pub use belongings::order_with_checkouts;
pub use certificate::{Certificate, CertificateError, Erasure};
pub use cipher::{CipherError, DataKey};
pub use kek::{Kek, KekError};
pub use reports::report_id;
pub use table::Ledger;
pub use vault::{Vault, VaultError};

/// The name of the database: unlike read models, it cannot be made again.
pub const DATABASE: &str = "privacy";
