//! `AssumeRole`: credentials of a role for whoever holds other credentials, which are kept fresh by a machine of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::Refused;
use super::wire::Form;
use super::{ASSUMED_ROLE, Call, ONE_HOUR, Reply, Sts, TRAITS, clamped, put_role, sign};
use crate::credentials::{Credentials, Secret};
use crate::error::{FetchError, FetchErrorKind};
use crate::sources::base::Base;
use crate::sources::context::Context;
use crate::sources::plan::{Role, RolePlan};
use crate::sources::{Answer, Fetch, Source, Traits};

const ACTION: &str = "AssumeRole";

pub struct AssumeRole {
    sts: Sts,
    role: Role,
    /// What else is asked for.
    external_id: Option<String>,
    tags: Vec<(String, String)>,
    transitive_tag_keys: Vec<String>,
    source_identity: Option<String>,
    /// As STS allows it.
    duration: Option<Duration>,
    base: Arc<dyn Base>,
    /// STS grants less than was asked for. It would say so again at each refresh.
    one_hour_only: AtomicBool,
    /// Seconds that AWS's clock is ahead of this host's, once a signature was refused for that.
    clock_offset: AtomicI64,
}

impl AssumeRole {
    /// `base` is the one of `plan.base`.
    pub fn new(plan: RolePlan, base: Arc<dyn Base>, context: &Context) -> Self {
        let RolePlan { role, external_id, tags, transitive_tag_keys, source_identity, endpoint, base: _ } = plan;
        AssumeRole {
            sts: Sts::new(endpoint, context),
            duration: clamped(&role),
            role,
            external_id,
            tags,
            transitive_tag_keys,
            source_identity,
            base,
            one_hour_only: AtomicBool::new(false),
            clock_offset: AtomicI64::new(0),
        }
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let call = Call::new(&self.sts, ACTION, &self.role);
        let mut credentials = self.base_credentials(&call).await?;
        // Each cause is mended once at most, so this ends.
        let (mut key_mended, mut clock_mended) = (false, false);
        loop {
            let duration = self.duration();
            let signed_at = self.now();
            let reply = self.send(&call, &credentials, duration, signed_at).await?;
            let refused = match reply {
                Reply::Granted(granted) => return Ok(call.answer(*granted, duration, ASSUMED_ROLE)),
                Reply::Refused(refused) => refused,
            };
            let clock = refused.blames_the_clock(signed_at);
            let offset = refused.clock_offset(signed_at).filter(|_| clock && !clock_mended);
            if refused.rejects_the_key() && !key_mended {
                key_mended = true;
                let rejected = credentials.access_key_id.clone();
                self.base.rejected(&rejected);
                let next = self.base_credentials(&call).await.map_err(|error| FetchError {
                    message: format!("{} ({rejected} was refused: {})", error.message, refused.refusal.code),
                    ..error
                })?;
                if next.access_key_id != rejected {
                    credentials = next;
                    continue;
                }
            } else if let Some(offset) = offset {
                clock_mended = true;
                self.clock_offset.fetch_add(offset.num_seconds(), Ordering::Relaxed);
                continue;
            } else if refused.finds_the_duration_too_long() && duration.is_some_and(|asked| asked > ONE_HOUR) {
                self.settle_for_one_hour(&refused);
                continue;
            }
            return Err(self.refused(&call, &refused, clock, &credentials));
        }
    }

    async fn base_credentials(&self, call: &Call<'_>) -> Result<Credentials, FetchError> {
        let base = self.base.describe();
        let lack = format!("no credentials to sign with from {base}");
        call.in_time(&lack, self.base.credentials()).await?.map_err(|error| FetchError {
            kind: error.kind,
            message: call.failed(error.kind, format!("no credentials to sign with: {}", error.message)).message,
            fix: error.fix,
        })
    }

    async fn send(
        &self,
        call: &Call<'_>,
        credentials: &Credentials,
        duration: Option<Duration>,
        signed_at: DateTime<Utc>,
    ) -> Result<Reply, FetchError> {
        let form = self.form(duration);
        let region = &self.sts.endpoint.region;
        let headers = sign::signed(&call.url(), region, &form, credentials, signed_at)
            .map_err(|why| call.failed(FetchErrorKind::NonRecoverable, why).with_fix(call.is_it_sts()))?;
        call.send(form, headers).await
    }

    fn form(&self, duration: Option<Duration>) -> Secret {
        let mut form = Form::new(ACTION, 0);
        put_role(&mut form, &self.role, duration);
        form.put_if("ExternalId", self.external_id.as_deref());
        form.put_if("SourceIdentity", self.source_identity.as_deref());
        for (at, (key, value)) in self.tags.iter().enumerate() {
            form.put(&format!("Tags.member.{}.Key", at + 1), key);
            form.put(&format!("Tags.member.{}.Value", at + 1), value);
        }
        for (at, key) in self.transitive_tag_keys.iter().enumerate() {
            form.put(&format!("TransitiveTagKeys.member.{}", at + 1), key);
        }
        form.finish()
    }

    fn duration(&self) -> Option<Duration> {
        let one_hour_only = self.one_hour_only.load(Ordering::Relaxed);
        self.duration.map(|duration| if one_hour_only { duration.min(ONE_HOUR) } else { duration })
    }

    fn settle_for_one_hour(&self, refused: &Refused) {
        if !self.one_hour_only.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                role = %self.role.arn.escape_debug(),
                asked = ?self.duration.unwrap_or_default(),
                "sessions of 3600 s are asked for from now on, as STS says: {}",
                refused.refusal.told(&[])
            );
        }
    }

    /// What AWS's clock shows, as far as it is known here, within the years that a signature can name.
    fn now(&self) -> DateTime<Utc> {
        let offset = TimeDelta::try_seconds(self.clock_offset.load(Ordering::Relaxed)).unwrap_or_default();
        let now = self.sts.clock.read().wall.checked_add_signed(offset).unwrap_or_default();
        let year_9999 = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default();
        now.clamp(DateTime::UNIX_EPOCH, year_9999)
    }

    fn refused(&self, call: &Call<'_>, refused: &Refused, clock: bool, credentials: &Credentials) -> FetchError {
        let mut secrets = vec![&credentials.secret_access_key];
        secrets.extend(&credentials.session_token);
        let mut error = call.refused(refused, clock, &secrets);
        let text = format!(" The request was signed with {} of {}.", credentials.access_key_id, self.base.describe());
        error.message.push_str(&text);
        error
    }
}

impl Source for AssumeRole {
    fn describe(&self) -> String {
        format!("{ASSUMED_ROLE} {} with {}", self.role.arn.escape_debug(), self.base.describe())
    }

    fn traits(&self) -> Traits {
        TRAITS
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(self.ask())
    }
}

#[cfg(test)]
#[path = "assume_role_tests.rs"]
mod tests;
