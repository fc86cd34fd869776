//! The laws that every projection keeps, and what readers see; on real SQLite files and PostgreSQL.

mod contents;
mod conversations;
mod customers;
mod engine;
mod fixtures;
mod ground;
mod history;
mod laws;
mod loyalty;
mod old_products;
mod orders;
mod products;
mod rebuild;
mod redactions;
mod stock;
mod world;
