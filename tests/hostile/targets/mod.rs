//! What may be fed with any bytes at all, and what must hold then. One function for each: the fuzzer calls it with
//! bytes of its own making, the test `corpus` with those that are kept in `fuzz/corpus`.
//!
//! A function panics when something does not hold; that is how a fuzzer is told.

pub mod config;
pub mod dates;
pub mod imds;
pub mod machine;
pub mod memory;

/// Bytes that are used up one after the other; where they end, zeros follow.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn pair(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }
}
