//! Credentials that other sources sign with. Each is kept fresh by a machine of its own, shared by all that need the same.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::context::Context;
use super::plan::Plan;
use crate::credentials::{AccessKeyId, Credentials};
use crate::error::FetchError;

pub type BaseCredentials<'a> = Pin<Box<dyn Future<Output = Result<Credentials, FetchError>> + Send + 'a>>;

/// One set that is kept fresh for others; it is closed when nobody holds it any more.
pub trait Base: Send + Sync {
    /// For status and logs.
    fn describe(&self) -> String;

    /// What is held, or the first set there is. Waits as long as the caller does; ends at once when the base itself says
    /// that asking again is of no use.
    fn credentials(&self) -> BaseCredentials<'_>;

    /// A service rejected a request that was signed with this key. What [`Base::credentials`] gives next is another set
    /// if there is one.
    fn rejected(&self, key: &AccessKeyId);
}

/// Where bases come from.
pub trait Bases: Send + Sync {
    /// The base with this plan: the one that others hold already, or a new one that works with `context`. `Err` when the
    /// engine is stopped or the plan cannot be carried out.
    fn open(&self, plan: &Plan, context: &Context) -> Result<Arc<dyn Base>, FetchError>;
}
