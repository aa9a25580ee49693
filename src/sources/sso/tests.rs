//! Real files, a scripted wire.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::http::{Method, Request};
use crate::sources::plan::Endpoint;
use crate::sources::scripted::damaged;
use crate::sources::scripted::{Outcome, Scripted, answer, context, header, in_paused_time};

const NOW: &str = "2026-04-26T20:00:00Z";
/// 21:00.
const ROLE: &str = r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"wJalrSecret","sessionToken":"IQoJToken","expiration":1777237200000}}"#;
const CREATED: &str =
    r#"{"accessToken":"IQoJnew","expiresIn":3600,"refreshToken":"IQoJnewRefresh","tokenType":"Bearer"}"#;

struct Rig {
    _folder: tempfile::TempDir,
    file: PathBuf,
    source: Sso,
    wire: Arc<Scripted>,
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint { url: url.into(), region: "eu-west-1".into(), overridden: false }
}

fn rig(session: Option<&str>, token: Option<Value>, outcomes: impl IntoIterator<Item = Outcome>) -> Rig {
    let folder = tempfile::tempdir().unwrap();
    let file = token_file(folder.path(), "my-sso");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    if let Some(token) = token {
        fs::write(&file, token.to_string()).unwrap();
    }
    let plan = SsoPlan {
        session: session.map(Into::into),
        start_url: "https://d-1.awsapps.com/start".into(),
        account_id: "123456789012".into(),
        role_name: "Admin Role".into(),
        token_file: file.clone(),
        portal: endpoint("https://portal.sso.eu-west-1.amazonaws.com"),
        oidc: endpoint("https://oidc.eu-west-1.amazonaws.com"),
        place: "profile app".into(),
    };
    let wire = Scripted::new(outcomes);
    let source = Sso::new(plan, &context(wire.clone(), NOW));
    Rig { _folder: folder, file, source, wire }
}

/// As the CLI writes it, and a field of the future.
fn token(end: &str) -> Value {
    json!({
        "startUrl": "https://d-1.awsapps.com/start", "region": "eu-west-1", "accessToken": "IQoJold",
        "expiresAt": end, "clientId": "client", "clientSecret": "wJalrClient", "refreshToken": "IQoJrefresh",
        "registrationExpiresAt": "2026-06-01T00:00:00Z", "ofTheFuture": [1],
    })
}

const LIVE: &str = "2026-04-26T21:00:00Z";
const ENDING: &str = "2026-04-26T20:04:00Z";
const OVER: &str = "2026-04-26T19:00:00Z";

impl Rig {
    fn fetch(&self) -> Result<Answer, FetchError> {
        let outcome = in_paused_time(self.source.fetch());
        if let Err(error) = &outcome {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("wJalr") && !shown.contains("IQoJ"), "{shown}");
        }
        outcome
    }

    fn on_disk(&self) -> Value {
        serde_json::from_slice(&fs::read(&self.file).unwrap()).unwrap()
    }

    fn bearers(&self) -> Vec<String> {
        self.wire.requests().iter().map(bearer).collect()
    }
}

fn bearer(request: &Request) -> String {
    header(request, "x-amz-sso_bearer_token").unwrap_or("none").to_owned()
}

fn unauthorized() -> Outcome {
    answer(401, r#"{"message":"Session token not found or invalid"}"#)
}

#[test]
fn the_file_is_named_as_the_cli_names_it() {
    let file = token_file(Path::new("/home/me"), "my-sso");
    assert_eq!(file, Path::new("/home/me/.aws/sso/cache/0ad374308c5a4e22f723adf10145eafad7c4031c.json"));
}

#[test]
fn a_live_token_is_exchanged_for_the_roles_credentials() {
    for session in [Some("my-sso"), None] {
        let rig = rig(session, Some(token(LIVE)), [answer(200, ROLE)]);
        let answer = rig.fetch().unwrap();
        assert_eq!(answer.credentials.access_key_id.as_str(), "ASIASSO");
        assert_eq!(answer.credentials.expiration, Some("2026-04-26T21:00:00Z".parse().unwrap()));
        assert_eq!(answer.nominal_life, Some(Duration::from_secs(3600)));
        assert_eq!(answer.identity.to_string(), "Admin Role in account 123456789012");
        let requests = rig.wire.requests();
        let [request] = &*requests else { panic!("{requests:?}") };
        assert_eq!(
            (request.method, &*request.url),
            (
                Method::Get,
                "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=Admin+Role&account_id=123456789012"
            )
        );
        assert_eq!(bearer(request), "IQoJold");
    }
}

#[test]
fn a_token_that_ends_is_renewed_and_written_back_for_the_cli() {
    for end in [ENDING, OVER] {
        let rig = rig(Some("my-sso"), Some(token(end)), [answer(200, CREATED), answer(200, ROLE)]);
        rig.fetch().unwrap();
        let requests = rig.wire.requests();
        assert_eq!(
            (requests[0].method, &*requests[0].url),
            (Method::Post, "https://oidc.eu-west-1.amazonaws.com/token")
        );
        assert_eq!(
            serde_json::from_str::<Value>(requests[0].body.expose()).unwrap(),
            json!({"grantType":"refresh_token","clientId":"client","clientSecret":"wJalrClient","refreshToken":"IQoJrefresh"})
        );
        assert_eq!(header(&requests[0], "content-type"), Some("application/json"));
        assert_eq!(bearer(&requests[1]), "IQoJnew");
        let mut expected = token(LIVE);
        expected["accessToken"] = "IQoJnew".into();
        expected["refreshToken"] = "IQoJnewRefresh".into();
        assert_eq!(rig.on_disk(), expected);
    }
}

#[test]
fn without_what_a_renewal_needs_the_portal_judges_the_token() {
    let mut no_registration = token(OVER);
    no_registration["registrationExpiresAt"] = "2026-04-26T19:59:59Z".into();
    let mut no_refresh_token = token(OVER);
    no_refresh_token.as_object_mut().unwrap().remove("refreshToken");
    for (session, token) in [(None, token(OVER)), (Some("my-sso"), no_registration), (Some("my-sso"), no_refresh_token)]
    {
        let rig = rig(session, Some(token), [unauthorized()]);
        let error = rig.fetch().unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
        assert!(error.message.contains("its token ends at 2026-04-26 19:00:00 UTC"), "{error}");
        let fix = error.fix.unwrap();
        let expected =
            if session.is_some() { "`aws sso login --sso-session my-sso`" } else { "--profile NAME` for profile app" };
        assert!(fix.contains(expected), "{fix}");
        assert_eq!(rig.bearers(), ["IQoJold"]);
    }
}

#[test]
fn a_refused_token_is_read_again_or_renewed_once() {
    // Renewed.
    let first = rig(Some("my-sso"), Some(token(LIVE)), [unauthorized(), answer(200, CREATED), answer(200, ROLE)]);
    first.fetch().unwrap();
    assert_eq!(first.bearers(), ["IQoJold", "none", "IQoJnew"]);
    assert_eq!(first.on_disk()["accessToken"], "IQoJnew");
    // And refused again.
    let outcomes = [unauthorized(), answer(200, CREATED), unauthorized()];
    let second = rig(Some("my-sso"), Some(token(LIVE)), outcomes);
    assert_eq!(second.fetch().unwrap_err().kind, FetchErrorKind::NonRecoverable);
    assert_eq!(second.wire.requests().len(), 3);
    // A service that is down is no reason to send a person to log in.
    let third = rig(Some("my-sso"), Some(token(LIVE)), [unauthorized(), answer(503, "")]);
    assert_eq!(third.fetch().unwrap_err().kind, FetchErrorKind::Transient);
}

#[test]
fn what_another_process_has_renewed_meanwhile_is_taken() {
    // Our refresh token is void by then: the other one was quicker.
    let void = answer(400, r#"{"error":"invalid_grant","error_description":"Invalid refresh token"}"#);
    let rig = rig(Some("my-sso"), Some(token(ENDING)), [void, answer(200, ROLE)]);
    // The scripted wire answers at once, so the other's file is put in place by a source that is amid its request.
    let mut others = token(LIVE);
    others["accessToken"] = "IQoJothers".into();
    let outcome = in_paused_time(async {
        let token = rig.source.read().await.unwrap();
        fs::write(&rig.file, others.to_string()).unwrap();
        let error = rig.source.renew(&token).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
        rig.source.fetch().await
    });
    outcome.unwrap();
    assert_eq!(rig.bearers(), ["none", "IQoJothers"]);
}

#[test]
fn a_newer_token_of_another_process_is_not_written_over() {
    let rig = rig(Some("my-sso"), Some(token(ENDING)), [answer(200, CREATED)]);
    let mut others = token(LIVE);
    others["accessToken"] = "IQoJothers".into();
    in_paused_time(async {
        let token = rig.source.read().await.unwrap();
        fs::write(&rig.file, others.to_string()).unwrap();
        assert_eq!(rig.source.renew(&token).await.unwrap().text("accessToken"), Some("IQoJothers"));
    });
    assert_eq!(rig.on_disk(), others);
}

#[test]
fn a_token_that_cannot_be_written_is_kept_until_the_file_changes() {
    let outcomes = [answer(200, CREATED), answer(200, ROLE), answer(200, ROLE), answer(200, ROLE)];
    let rig = rig(Some("my-sso"), Some(token(ENDING)), outcomes);
    // A name of this length leaves no room for the name of the file beside it.
    let long = rig.file.with_file_name("t".repeat(250));
    fs::rename(&rig.file, &long).unwrap();
    let plan = SsoPlan { token_file: long.clone(), ..rig.source.plan.clone() };
    let source = Sso::new(plan, &context(rig.wire.clone(), NOW));
    in_paused_time(async {
        source.fetch().await.unwrap();
        source.fetch().await.unwrap();
        fs::write(&long, token_with("IQoJlogin").to_string()).unwrap();
        source.fetch().await.unwrap();
    });
    assert_eq!(rig.bearers(), ["none", "IQoJnew", "IQoJnew", "IQoJlogin"]);
}

fn token_with(access_token: &str) -> Value {
    let mut token = token(LIVE);
    token["accessToken"] = access_token.into();
    token
}

#[test]
fn a_renewal_that_fails_leaves_a_token_that_lives_in_use() {
    for refusal in
        [answer(500, ""), answer(400, r#"{"error":"invalid_grant"}"#), Some(Err(crate::http::TransportError::Dns))]
    {
        let rig = rig(Some("my-sso"), Some(token(ENDING)), [refusal, answer(200, ROLE)]);
        rig.fetch().unwrap();
        assert_eq!(rig.bearers(), ["none", "IQoJold"]);
        assert_eq!(rig.on_disk(), token(ENDING));
    }
    for (refusal, kind) in [
        (answer(503, ""), FetchErrorKind::Transient),
        (answer(400, r#"{"error":"slow_down"}"#), FetchErrorKind::Throttled { retry_after: None }),
        (answer(400, r#"{"error":"expired_token"}"#), FetchErrorKind::NonRecoverable),
        (answer(200, r#"{"accessToken":"IQoJ x","expiresIn":1}"#), FetchErrorKind::Transient),
        (answer(200, r#"{"accessToken":"IQoJ","expiresIn":-1}"#), FetchErrorKind::Transient),
        (answer(200, "<html>IQoJ</html>"), FetchErrorKind::Transient),
    ] {
        let rig = rig(Some("my-sso"), Some(token(OVER)), [refusal]);
        assert_eq!(rig.fetch().unwrap_err().kind, kind);
        assert_eq!(rig.wire.requests().len(), 1);
    }
}

#[test]
fn a_file_that_is_not_there_or_no_token_is_told_with_the_login() {
    let absent = rig(Some("my-sso"), None, []);
    let error = absent.fetch().unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
    assert!(error.message.contains("nobody is logged in"), "{error}");
    assert!(error.fix.unwrap().contains("aws sso login --sso-session my-sso"));
    // Half-written: soon whole.
    fs::write(&absent.file, r#"{"accessToken":"IQoJ"#).unwrap();
    assert_eq!(absent.fetch().unwrap_err().kind, FetchErrorKind::Transient);
    fs::write(&absent.file, r#"{"accessToken":7}"#).unwrap();
    assert_eq!(absent.fetch().unwrap_err().kind, FetchErrorKind::NonRecoverable);
    assert_eq!(absent.wire.requests().len(), 0);
}

#[test]
fn each_refusal_of_the_portal_has_its_kind() {
    for (outcome, kind) in [
        (answer(400, r#"{"message":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}"#), FetchErrorKind::NonRecoverable),
        (answer(403, r#"{"message":"No access"}"#), FetchErrorKind::NonRecoverable),
        (answer(404, ""), FetchErrorKind::NonRecoverable),
        (answer(429, ""), FetchErrorKind::Throttled { retry_after: None }),
        (answer(500, ""), FetchErrorKind::Transient),
        (answer(302, ""), FetchErrorKind::Transient),
        (answer(200, "{}"), FetchErrorKind::Transient),
        (answer(200, ROLE.replace("1777237200000", "9223372036854775807")), FetchErrorKind::Transient),
        (Some(Err(crate::http::TransportError::CannotConnect("refused".into()))), FetchErrorKind::Transient),
    ] {
        let rig = rig(Some("my-sso"), Some(token(LIVE)), [outcome]);
        let error = rig.fetch().unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.fix.is_some(), "{error}");
    }
}

#[test]
fn silence_ends_before_the_engines_patience() {
    let rig = rig(Some("my-sso"), Some(token(LIVE)), [None]);
    let error = rig.fetch().unwrap_err();
    assert!(error.message.contains("no answer within"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_of_the_portal_makes_it_panic_or_tell(body in damaged(ROLE, any::<u8>())) {
        if let Err(flaw) = parse(&body, "123456789012") {
            let shown = format!("{flaw:?}");
            prop_assert!(!shown.contains("wJalrS") && !shown.contains("IQoJT"), "{}", shown);
        }
    }
}
