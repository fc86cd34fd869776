//! The laws that every projection keeps, and what readers see; on real SQLite files.

mod contents;
mod conversations;
mod customers;
mod engine;
mod fixtures;
mod history;
mod laws;
mod loyalty;
mod orders;
mod products;
mod stock;
mod world;
