//! Input that means harm: mutated answers through the whole engine, attacks on the wire, and everything that a fuzzer
//! found worth keeping. What holds in all cases: nothing panics, nothing is torn, what is held stays, time and memory
//! are bounded.

mod corpus;
mod mutations;
mod targets;
mod wire;
