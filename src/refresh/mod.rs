//! Keeping one set of credentials fresh: the rules (pure: [`life`], [`pace`], [`schedule`], [`judge`], [`rejection`],
//! [`machine`], over the values of [`event`] and [`state`]) and the loop that runs them ([`engine`], told by others
//! through its [`inbox`]; [`bases`] are its machines that sign for others).

pub mod bases;
pub mod engine;
pub mod event;
pub mod inbox;
pub mod judge;
pub mod life;
pub mod machine;
pub mod pace;
pub mod rejection;
pub mod schedule;
pub mod state;
