//! A strict loopback AWS: see `README.md`.
//!
//! `control` steers · `world` holds one isolated AWS · `imds` and `sqs` answer · `roles` knows the credentials ·
//! `actions` reads what is asked for · `faults` knows what holds · `listener` owns the ports · `journal` remembers ·
//! `mint` makes secrets · `clock` tells the time.

pub mod actions;
pub mod clock;
pub mod control;
pub mod faults;
pub mod imds;
pub mod journal;
pub mod listener;
pub mod mint;
pub mod roles;
pub mod sqs;
pub mod world;
