//! A strict loopback AWS: see `README.md`.
