//! A strict loopback AWS: see `README.md`.
//!
//! `control` steers · `world` holds one isolated AWS, `state` what changes in it · `imds`, `container`, `sts`, `sso`,
//! `signin` and `sqs` answer · `service` is what those have in common, `answer` what they say · `keys` and `roles` know the
//! credentials · `sigv4` and `jwt` check who asks · `actions` reads what is asked for · `faults` knows what holds ·
//! `listener` owns the ports · `journal` remembers · `mint` makes secrets · `clock` tells the time.

pub mod actions;
pub mod answer;
pub mod clock;
pub mod container;
pub mod control;
pub mod faults;
pub mod imds;
pub mod journal;
pub mod jwt;
pub mod keys;
pub mod listener;
pub mod mint;
pub mod roles;
pub mod service;
pub mod signin;
pub mod sigv4;
pub mod sqs;
pub mod sso;
pub mod state;
pub mod sts;
pub mod world;
