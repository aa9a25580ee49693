//! Pure: what an error code of STS means: how soon to ask again, and what a person can do.
//!
//! Sources: the errors of `AssumeRole` and `AssumeRoleWithWebIdentity` and the common errors in the STS API reference;
//! `AwsErrorCode` of the AWS SDK for Java 2.57.8 for throttling and clocks.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Call;
use super::wire::Refusal;
use crate::error::FetchErrorKind;

/// What came back instead of credentials.
pub struct Refused {
    pub refusal: Refusal,
    pub status: u16,
    /// What the answering clock showed.
    pub date: Option<DateTime<Utc>>,
    pub retry_after: Option<Duration>,
}

const THROTTLED: [&str; 5] = [
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
];

/// Codes that come with a status of 400 and pass by themselves all the same.
const PASSING: [&str; 10] = [
    "IDPCommunicationError",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "PriorRequestNotComplete",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "TransactionInProgressException",
];

const CLOCK: [&str; 3] = ["RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"];
/// Said of a wrong clock too.
const SIGNATURE: [&str; 3] = ["AuthFailure", "InvalidSignatureException", "SignatureDoesNotMatch"];
/// AWS rejects from five minutes on; the SDKs suspect the clock from four.
const SUSPICIOUS_OFFSET: TimeDelta = TimeDelta::minutes(4);

impl Refused {
    fn code(&self) -> &str {
        &self.refusal.code
    }

    fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code())
    }

    /// The credentials that signed are dead or unknown.
    pub fn rejects_the_key(&self) -> bool {
        self.is(&["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"])
    }

    /// The web identity token has expired, or was never good.
    pub fn rejects_the_token(&self) -> bool {
        self.has_expired() || self.is(&["InvalidIdentityToken", "InvalidIdentityTokenException"])
    }

    pub fn has_expired(&self) -> bool {
        self.is(&["ExpiredToken", "ExpiredTokenException"])
    }

    /// More than the role's `MaxSessionDuration`, or more than the hour that a role assumed by a role may last.
    pub fn finds_the_duration_too_long(&self) -> bool {
        self.is(&["ValidationError", "ValidationException", "InvalidParameterValue"])
            && self.refusal.says("DurationSeconds")
            && self.refusal.says("exceeds")
    }

    /// How far AWS's clock is ahead of the time in the signature.
    pub fn clock_offset(&self, signed_at: DateTime<Utc>) -> Option<TimeDelta> {
        Some(self.date?.signed_duration_since(signed_at))
    }

    /// It was refused because of the time in the signature.
    pub fn blames_the_clock(&self, signed_at: DateTime<Utc>) -> bool {
        let far_off = || self.clock_offset(signed_at).is_some_and(|offset| offset.abs() > SUSPICIOUS_OFFSET);
        let said = || ["Signature expired", "Signature not yet current"].iter().any(|words| self.refusal.says(words));
        self.is(&CLOCK) || self.is(&SIGNATURE) && (said() || far_off())
    }

    /// `clock`: see [`Refused::blames_the_clock`].
    pub fn kind(&self, clock: bool) -> FetchErrorKind {
        let code = self.code();
        // An identity provider that AWS cannot reach at the moment.
        let no_keys = self.refusal.says("retrieve verification key");
        if self.status == 429 || code.contains("Throttl") || code.starts_with("TooManyRequests") || self.is(&THROTTLED)
        {
            FetchErrorKind::Throttled { retry_after: self.retry_after }
        } else if self.status >= 500 || self.is(&PASSING) || no_keys || clock {
            FetchErrorKind::Transient
        } else if self.has_expired() {
            // Heals by itself as soon as whoever renews it does.
            FetchErrorKind::Transient
        } else {
            FetchErrorKind::NonRecoverable
        }
    }

    /// What a person can do about it; `clock` as above.
    pub fn fix(&self, call: &Call<'_>, clock: bool) -> String {
        let (arn, region, url) = (call.role_arn(), &call.sts.endpoint.region, &call.sts.endpoint.url);
        if clock {
            return "set this host's clock: let chrony, systemd-timesyncd or the Windows time service follow a time server \
                    (on EC2: 169.254.169.123); nothing has to be restarted afterwards."
                .into();
        }
        match self.kind(false) {
            FetchErrorKind::Throttled { .. } => {
                return "it is asked again by itself, more slowly; if this lasts, find out what else calls STS this often \
                        in this account and region."
                    .into();
            }
            FetchErrorKind::Transient if !self.has_expired() => {
                return if self.is(&["IDPCommunicationError", "InvalidIdentityToken"]) {
                    "it is asked again by itself; if this lasts, check that the identity provider's \
                     /.well-known/openid-configuration and its keys can be reached from the internet."
                        .into()
                } else {
                    "it is asked again by itself; if this lasts, see AWS's health dashboard for STS.".into()
                };
            }
            _ => {}
        }
        match self.code() {
            "AccessDenied" | "AccessDeniedException" if call.is_web_identity() => format!(
                "let the trust policy of {arn} allow sts:AssumeRoleWithWebIdentity to the token's identity provider (as \
                 Federated principal) under conditions that the token's `sub` and `aud` meet (EKS: namespace and name of \
                 the service account), and check that the role exists; nothing has to be restarted afterwards."
            ),
            "AccessDenied" | "AccessDeniedException" => format!(
                "check that the trust policy of {arn} names whoever asks as principal and that its conditions are met \
                 (sts:ExternalId, MFA, source identity, tags), that whoever asks may call sts:AssumeRole on it, and that the \
                 role exists; nothing has to be restarted afterwards."
            ),
            "ExpiredToken" | "ExpiredTokenException" if call.is_web_identity() => {
                "let whoever writes the token file renew it (EKS: the kubelet, for a projected service account token); \
                 it is read anew at each attempt."
                    .into()
            }
            "ExpiredToken" | "ExpiredTokenException" => {
                "the credentials that sign the request have expired: find out why their source gives no newer ones.".into()
            }
            "InvalidClientTokenId" | "UnrecognizedClientException" => format!(
                "check that the access key exists and is active, that it belongs to the partition of {url}, and, if it is a \
                 temporary one, that its account has {region} enabled."
            ),
            "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature" | "AuthFailure" => {
                "check that the secret access key belongs to the access key and is complete, and that nothing on the way to \
                 AWS changes requests."
                    .into()
            }
            "InvalidIdentityToken" | "InvalidIdentityTokenException" | "IDPRejectedClaim"
            | "IDPRejectedClaimException" => {
                "check that the token's issuer is registered as an identity provider in the role's account, that its \
                 audience (`aud`, mostly sts.amazonaws.com) is registered there, and that the token file holds the token \
                 that is meant."
                    .into()
            }
            "MalformedPolicyDocument" | "MalformedPolicyDocumentException" => {
                "mend the session policy: STS finds it no valid policy.".into()
            }
            "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => {
                "shorten the session policy, or give fewer policy ARNs and tags: all of them together are too large.".into()
            }
            "RegionDisabledException" | "RegionDisabled" | "OptInRequired" => format!(
                "let an administrator of the account enable STS in {region} (IAM, account settings), or set AWS_REGION to a \
                 region where it is enabled."
            ),
            "ValidationError" | "ValidationException" | "InvalidParameterValue" | "InvalidParameterCombination"
            | "MissingParameter" | "MalformedInput" => format!(
                "mend what the message names; the role is {arn}, the session name {}.",
                call.role.session_name.escape_debug()
            ),
            "InvalidAction" | "MissingAction" | "UnknownOperationException" | "UnsupportedOperation" => call.is_it_sts(),
            _ => "see this code in the STS API reference; it is asked again by itself, and nothing has to be restarted \
                  afterwards."
                .into(),
        }
    }
}
