//! `AssumeRoleWithWebIdentity`: credentials of a role for whoever holds a token of an identity provider (EKS: the service
//! account's). The request is not signed; the token is read from its file at each asking.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::Refused;
use super::token::{self, Token};
use super::wire::{CONTENT_TYPE, Form};
use super::{Call, Reply, Sts, TRAITS, WEB_IDENTITY, clamped, put_role};
use crate::credentials::Secret;
use crate::error::FetchError;
use crate::sources::context::Context;
use crate::sources::plan::WebIdentityPlan;
use crate::sources::{Answer, Fetch, Source, Traits};

pub(super) const ACTION: &str = "AssumeRoleWithWebIdentity";

pub struct WebIdentity {
    sts: Sts,
    plan: WebIdentityPlan,
    /// As STS allows it.
    duration: Option<Duration>,
}

impl WebIdentity {
    pub fn new(plan: WebIdentityPlan, context: &Context) -> Self {
        WebIdentity { sts: Sts::new(plan.endpoint.clone(), context), duration: clamped(&plan.role), plan }
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let call = Call::new(&self.sts, ACTION, &self.plan.role);
        let token = self.token(&call).await?;
        let mut refused = match self.show(&call, &token).await? {
            Ok(answer) => return Ok(answer),
            Err(refused) => refused,
        };
        let mut shown = token;
        if refused.rejects_the_token() {
            // It may have been replaced while it was under way.
            let next = self.token(&call).await?;
            if next.text != shown.text {
                shown = next;
                refused = match self.show(&call, &shown).await? {
                    Ok(answer) => return Ok(answer),
                    Err(refused) => refused,
                };
            }
        }
        let mut error = call.refused(&refused, false, &[&shown.text]);
        if refused.rejects_the_token() {
            error.message.push_str(&format!(". {}: {}", token::name(&self.plan.token_file), self.standing(&shown)));
        }
        Err(error)
    }

    async fn token(&self, call: &Call<'_>) -> Result<Token, FetchError> {
        let file = &self.plan.token_file;
        call.in_time(&format!("{} was not read", token::name(file)), token::read(file)).await?
    }

    async fn show(&self, call: &Call<'_>, token: &Token) -> Result<Result<Answer, Box<Refused>>, FetchError> {
        let headers = vec![("content-type", Secret::new(CONTENT_TYPE))];
        Ok(match call.send(self.form(token), headers).await? {
            Reply::Granted(granted) => Ok(call.answer(*granted, self.duration, WEB_IDENTITY)),
            Reply::Refused(refused) => Err(refused),
        })
    }

    fn form(&self, token: &Token) -> Secret {
        let mut form = Form::new(ACTION, token.text.expose().len());
        put_role(&mut form, &self.plan.role, self.duration);
        form.put("WebIdentityToken", token.text.expose());
        form.finish()
    }

    /// What token and file say of themselves, for a token that was refused.
    fn standing(&self, token: &Token) -> String {
        let now = self.sts.clock.read().wall;
        let written = match token.written {
            Some(written) => format!("the file was last written {}", when(written, now)),
            None => "nobody knows when the file was written".into(),
        };
        match token::expiry(token.text.expose()) {
            Some(end) if end <= now => {
                format!("the token file is not being rotated: its token expired {}, {written}", when(end, now))
            }
            Some(end) => format!("by its own word its token is good until {end:?}, {written}"),
            None => format!("its token does not say until when it is good, {written}"),
        }
    }
}

/// `2026-01-02T03:04:05Z (2 h 10 min ago)`.
fn when(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let ago = now.signed_duration_since(then).max(TimeDelta::zero());
    let ago = match (ago.num_hours(), ago.num_minutes()) {
        (0, 0) => format!("{} s", ago.num_seconds()),
        (0, minutes) => format!("{minutes} min"),
        (hours @ 1..=47, minutes) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} days", ago.num_days()),
    };
    format!("{then:?} ({ago} ago)")
}

impl Source for WebIdentity {
    fn describe(&self) -> String {
        format!("{WEB_IDENTITY} {} with {}", self.plan.role.arn.escape_debug(), token::name(&self.plan.token_file))
    }

    fn traits(&self) -> Traits {
        TRAITS
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(self.ask())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::super::testing::{ARN, Script, context, endpoint, header, in_paused_time, now, response, role};
    use super::super::wire::tests::{GRANTED, refused};
    use super::*;
    use crate::error::FetchErrorKind;
    use crate::http::{Exchange, Request, Transport};

    /// A folder that goes away with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let folder = std::env::temp_dir().join(format!("evercreds-token-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Folder(folder)
        }

        fn token(&self) -> PathBuf {
            self.0.join("token")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn jwt(end: DateTime<Utc>) -> String {
        let claims = URL_SAFE_NO_PAD.encode(format!("{{\"iss\":\"https://oidc\",\"exp\":{}}}", end.timestamp()));
        format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2VjcmV0c2lnbmF0dXJl")
    }

    fn plan(file: &Path) -> WebIdentityPlan {
        WebIdentityPlan { role: role(None), token_file: file.to_owned(), endpoint: endpoint() }
    }

    fn fetch(source: &WebIdentity) -> Result<Answer, FetchError> {
        let outcome = in_paused_time(async { tokio::time::timeout(Duration::from_secs(15), source.fetch()).await });
        let outcome = outcome.expect("a fetch ends by itself");
        if let Err(error) = &outcome {
            assert!(!format!("{error} {error:?}").contains("eyJ"), "{error}");
        }
        outcome
    }

    fn granted() -> String {
        GRANTED.replace("AssumeRoleRes", "AssumeRoleWithWebIdentityRes")
    }

    #[test]
    fn the_token_is_read_anew_at_each_fetch_and_shown_without_a_signature() {
        let folder = Folder::new("anew");
        let script = Script::new([response(200, granted()), response(200, granted())]);
        let source = WebIdentity::new(plan(&folder.token()), &context(&script, 0));
        fs::write(folder.token(), " eyJfirst.a+b.c\n").unwrap();
        let answer = fetch(&source).unwrap();
        assert_eq!((answer.source, answer.identity.name.as_str()), ("web identity", ARN));
        assert_eq!((answer.nominal_life, answer.date), (Some(Duration::from_secs(3600)), Some(now())));
        fs::write(folder.token(), "eyJsecond").unwrap();
        fetch(&source).unwrap();
        let sent = ["eyJfirst.a+b.c", "eyJsecond"].map(|token| Some(token.to_owned()));
        assert_eq!(script.sent("WebIdentityToken"), sent);
        assert_eq!(script.sent("Action")[0].as_deref(), Some("AssumeRoleWithWebIdentity"));
        assert_eq!(header(&script.asked()[0], "authorization"), None);
    }

    #[test]
    fn a_token_that_comes_a_moment_later_is_met() {
        let folder = Folder::new("late");
        for before in [None, Some("")] {
            let _ = fs::remove_file(folder.token());
            before.iter().for_each(|text| fs::write(folder.token(), text).unwrap());
            let script = Script::new([response(200, granted())]);
            let source = WebIdentity::new(plan(&folder.token()), &context(&script, 0));
            let outcome = in_paused_time(async {
                tokio::select! {
                    biased;
                    outcome = source.fetch() => outcome,
                    // Paused time moves on only when the fetch has looked once and waits.
                    () = async {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        fs::write(folder.token(), "eyJ").unwrap();
                        std::future::pending().await
                    } => unreachable!(),
                }
            });
            outcome.unwrap();
        }
    }

    #[test]
    fn without_a_token_sts_is_not_asked_and_the_file_is_named() {
        let folder = Folder::new("none");
        let script = Script::new([]);
        let source = WebIdentity::new(plan(&folder.token()), &context(&script, 0));
        let problem = |expected: &str, kind: FetchErrorKind| {
            let error = fetch(&source).unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.starts_with(&token::name(&folder.token())), "{error}");
            assert!(error.message.contains(expected), "{error}");
            assert!(error.fix.unwrap().contains("AWS_WEB_IDENTITY_TOKEN_FILE"));
        };
        problem("there is none", FetchErrorKind::Transient);
        fs::write(folder.token(), " \n").unwrap();
        problem("it is empty", FetchErrorKind::Transient);
        for odd in [&b"eyJ eyJ"[..], b"eyJ\neyJ", b"\xff\xfe", b"eyJ\0"] {
            fs::write(folder.token(), odd).unwrap();
            problem("is no token", FetchErrorKind::Transient);
        }
        fs::write(folder.token(), "e".repeat(64 * 1024 + 1)).unwrap();
        problem("longer than 65536 bytes", FetchErrorKind::NonRecoverable);
        fs::remove_file(folder.token()).unwrap();
        fs::create_dir(folder.token()).unwrap();
        problem("it is a folder", FetchErrorKind::NonRecoverable);
        assert!(script.asked().is_empty());
    }

    #[test]
    fn an_expired_token_says_that_its_file_is_not_being_rotated() {
        let folder = Folder::new("expired");
        fs::write(folder.token(), jwt(now() - TimeDelta::minutes(130))).unwrap();
        let script = Script::new([response(400, refused("ExpiredTokenException", "Token expired"))]);
        let source = WebIdentity::new(plan(&folder.token()), &context(&script, 0));
        let error = fetch(&source).unwrap_err();
        assert_eq!((error.kind, script.asked().len()), (FetchErrorKind::Transient, 1));
        let expected = format!(
            "ExpiredTokenException (status 400): Token expired. {}: the token file is not being rotated: its token expired \
             2026-11-09T10:24:41Z (2 h 10 min ago), the file was last written ",
            token::name(&folder.token())
        );
        assert!(error.message.contains(&expected), "{error}");
        assert!(error.fix.unwrap().contains("kubelet"));
    }

    #[test]
    fn a_token_that_is_good_by_its_own_word_is_not_called_unrotated() {
        let folder = Folder::new("good");
        fs::write(folder.token(), jwt(now() + TimeDelta::minutes(1))).unwrap();
        let script = Script::new([response(400, refused("InvalidIdentityToken", "No OpenIDConnect provider found"))]);
        let error = fetch(&WebIdentity::new(plan(&folder.token()), &context(&script, 0))).unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
        assert!(
            error.message.contains("good until 2026-11-09T12:35:41Z") && !error.message.contains("rotated"),
            "{error}"
        );
        assert!(error.fix.unwrap().contains("registered as an identity provider"));
    }

    /// Puts another token into the file as soon as it is asked.
    struct Rotating {
        script: Arc<Script>,
        file: PathBuf,
    }

    impl Transport for Rotating {
        fn send(&self, request: Request) -> Exchange<'_> {
            fs::write(&self.file, format!("eyJ{}", self.script.asked().len())).unwrap();
            self.script.send(request)
        }
    }

    #[test]
    fn a_token_that_was_replaced_while_it_was_under_way_is_shown_anew_once() {
        let folder = Folder::new("rotated");
        for code in ["ExpiredTokenException", "InvalidIdentityToken"] {
            for (answers, asked, good) in [
                (vec![response(400, refused(code, "")), response(200, granted())], 2, true),
                (vec![response(400, refused(code, "")), response(400, refused(code, ""))], 2, false),
            ] {
                fs::write(folder.token(), "eyJold").unwrap();
                let script = Script::new(answers);
                let mut context = context(&script, 0);
                context.aws = Arc::new(Rotating { script: Arc::clone(&script), file: folder.token() });
                assert_eq!(fetch(&WebIdentity::new(plan(&folder.token()), &context)).is_ok(), good);
                assert_eq!(script.asked().len(), asked);
                assert_eq!(script.sent("WebIdentityToken")[1].as_deref(), Some("eyJ0"));
            }
        }
    }

    #[test]
    fn what_is_no_fault_of_the_token_is_not_asked_twice() {
        let folder = Folder::new("others");
        fs::write(folder.token(), jwt(now())).unwrap();
        let throttled = FetchErrorKind::Throttled { retry_after: None };
        for (code, message, kind, fix) in [
            ("AccessDenied", "Not authorized", FetchErrorKind::NonRecoverable, "`sub` and `aud`"),
            ("IDPRejectedClaim", "no", FetchErrorKind::NonRecoverable, "audience"),
            ("IDPCommunicationError", "no", FetchErrorKind::Transient, "openid-configuration"),
            (
                "InvalidIdentityToken",
                "Couldn't retrieve verification key from your identity provider",
                FetchErrorKind::Transient,
                "openid-configuration",
            ),
            ("Throttling", "Rate exceeded", throttled, "what else calls STS"),
        ] {
            let script = Script::new([response(400, refused(code, message))]);
            let error = fetch(&WebIdentity::new(plan(&folder.token()), &context(&script, 0))).unwrap_err();
            assert_eq!((error.kind, script.asked().len()), (kind, 1), "{code}");
            assert!(error.message.contains(message) && error.fix.as_deref().unwrap().contains(fix), "{error}");
        }
    }

    #[test]
    fn a_message_that_repeats_the_token_is_not_repeated() {
        let folder = Folder::new("echo");
        let token = jwt(now());
        fs::write(folder.token(), &token).unwrap();
        let message = format!("1 validation error detected: Value '{token}' at 'webIdentityToken' failed");
        let script = Script::new([response(400, refused("ValidationError", &message))]);
        let error = fetch(&WebIdentity::new(plan(&folder.token()), &context(&script, 0))).unwrap_err();
        assert!(error.message.contains("Value *** at 'webIdentityToken' failed"), "{error}");
    }

    #[test]
    fn ages_are_told_in_words() {
        let then = now();
        for (seconds, expected) in [(-5, "0 s"), (7, "7 s"), (125, "2 min"), (7_800, "2 h 10 min"), (400_000, "4 days")]
        {
            let shown = when(then, then + TimeDelta::seconds(seconds));
            assert_eq!(shown, format!("2026-11-09T12:34:41Z ({expected} ago)"));
        }
    }
}
