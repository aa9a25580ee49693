//! Real files, a scripted wire.

use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::dpop::tests::pem;
use super::*;
use crate::config::Order;
use crate::http::{Method, TransportError};
use crate::sources::plan::Endpoint;
use crate::sources::scripted::damaged;
use crate::sources::scripted::{Outcome, Scripted, answer, context, header, in_paused_time};

const NOW: &str = "2026-04-26T20:00:00Z";
const SESSION: &str = "arn:aws:iam::123456789012:user/me";
const CREATED: &str = r#"{"accessToken":{"accessKeyId":"ASIANEW","secretAccessKey":"wJalrNew","sessionToken":"IQoJnew"},
    "tokenType":"aws_sigv4","expiresIn":900,"refreshToken":"IQoJnewRefresh"}"#;

struct Rig {
    _folder: tempfile::TempDir,
    file: PathBuf,
    source: Login,
    wire: Arc<Scripted>,
}

fn rig(token: Option<Value>, outcomes: impl IntoIterator<Item = Outcome>) -> Rig {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("0.json");
    if let Some(token) = token {
        fs::write(&file, token.to_string()).unwrap();
    }
    let endpoint = Endpoint {
        url: "https://eu-west-1.signin.aws.amazon.com".into(),
        region: "eu-west-1".into(),
        overridden: false,
    };
    let plan = LoginPlan { session: SESSION.into(), token_file: file.clone(), endpoint, place: "profile app".into() };
    let wire = Scripted::new(outcomes);
    let source = Login::new(plan, &context(wire.clone(), NOW));
    Rig { _folder: folder, file, source, wire }
}

static PEM: LazyLock<String> = LazyLock::new(pem);

/// As the CLI writes it, and a field of the future.
fn token(end: &str) -> Value {
    json!({
        "accessToken": {
            "accessKeyId": "ASIAOLD", "secretAccessKey": "wJalrOld", "sessionToken": "IQoJold",
            "accountId": "123456789012", "expiresAt": end,
        },
        "tokenType": "aws_sigv4", "refreshToken": "IQoJrefresh", "idToken": "IQoJid",
        "clientId": "arn:aws:signin:::devtools/same-device", "dpopKey": *PEM, "ofTheFuture": [1],
    })
}

const LIVE: &str = "2026-04-26T20:10:00Z";
const ENDING: &str = "2026-04-26T20:04:00Z";
const OVER: &str = "2026-04-26T19:00:00Z";

impl Rig {
    fn fetch(&self) -> Result<Answer, FetchError> {
        let outcome = in_paused_time(self.source.fetch());
        if let Err(error) = &outcome {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("wJalr") && !shown.contains("IQoJ") && !shown.contains("MHcC"), "{shown}");
        }
        outcome
    }

    fn key(&self) -> String {
        self.fetch().unwrap().credentials.access_key_id.to_string()
    }

    fn on_disk(&self) -> Value {
        serde_json::from_slice(&fs::read(&self.file).unwrap()).unwrap()
    }
}

#[test]
fn the_file_is_named_as_the_cli_names_it() {
    let inputs = |environment: &[(&str, &str)]| Inputs {
        order: Order::V2,
        environment: environment.iter().copied().collect(),
        properties: Default::default(),
    };
    let name = "286187707741fc2ccb93cf9e56dbd0ee0a16208feed5fbc8ae1baa86d44c283f.json";
    let home = Path::new("/home/me");
    assert_eq!(token_file(&inputs(&[]), home, SESSION), home.join(".aws/login/cache").join(name));
    let elsewhere = inputs(&[("AWS_LOGIN_CACHE_DIRECTORY", "/cache")]);
    assert_eq!(token_file(&elsewhere, home, SESSION), Path::new("/cache").join(name));
}

#[test]
fn credentials_that_live_are_served_as_they_stand() {
    let rig = rig(Some(token(LIVE)), []);
    let answer = rig.fetch().unwrap();
    assert_eq!(answer.credentials.access_key_id.as_str(), "ASIAOLD");
    assert_eq!(answer.credentials.expiration, LIVE.parse().ok());
    assert_eq!(answer.identity.to_string(), format!("{SESSION} in account 123456789012"));
    assert_eq!((answer.nominal_life, answer.traits), (None, Traits { link_local: false, mints: false }));
    assert_eq!(rig.wire.requests().len(), 0);
}

#[test]
fn credentials_that_end_are_renewed_and_written_back_for_the_cli() {
    for end in [ENDING, OVER] {
        let rig = rig(Some(token(end)), [answer(200, CREATED)]);
        let answer = rig.fetch().unwrap();
        assert_eq!(answer.credentials.access_key_id.as_str(), "ASIANEW");
        assert_eq!(answer.credentials.account_id.as_deref(), Some("123456789012"));
        assert_eq!(answer.nominal_life, Some(Duration::from_secs(900)));
        let requests = rig.wire.requests();
        let [request] = &*requests else { panic!("{requests:?}") };
        assert_eq!((request.method, &*request.url), (Method::Post, "https://eu-west-1.signin.aws.amazon.com/v1/token"));
        assert_eq!(
            serde_json::from_str::<Value>(request.body.expose()).unwrap(),
            json!({"clientId":"arn:aws:signin:::devtools/same-device","grantType":"refresh_token","refreshToken":"IQoJrefresh"})
        );
        assert_eq!(header(request, "dpop").unwrap().split('.').count(), 3);
        let mut expected = token("2026-04-26T20:15:00Z");
        expected["refreshToken"] = "IQoJnewRefresh".into();
        for (field, value) in [("accessKeyId", "ASIANEW"), ("secretAccessKey", "wJalrNew"), ("sessionToken", "IQoJnew")]
        {
            expected["accessToken"][field] = value.into();
        }
        assert_eq!(rig.on_disk(), expected);
        assert_eq!(rig.key(), "ASIANEW");
    }
}

#[test]
fn what_another_process_has_renewed_meanwhile_is_taken() {
    let rig = rig(Some(token(ENDING)), [answer(200, CREATED)]);
    let mut others = token(LIVE);
    others["accessToken"]["accessKeyId"] = "ASIAOTHERS".into();
    let renewed = in_paused_time(async {
        let token = rig.source.read().await.unwrap();
        fs::write(&rig.file, others.to_string()).unwrap();
        rig.source.renew(&token).await.unwrap()
    });
    assert_eq!(renewed.token.inner("accessToken").unwrap().text("accessKeyId"), Some("ASIAOTHERS"));
    assert_eq!(rig.on_disk(), others);
}

#[test]
fn a_service_that_is_down_leaves_credentials_that_live_in_use() {
    for refusal in [answer(500, ""), answer(429, ""), Some(Err(TransportError::Dns)), answer(200, "{}")] {
        let rig = rig(Some(token(ENDING)), [refusal]);
        assert_eq!(rig.key(), "ASIAOLD");
        assert_eq!(rig.on_disk(), token(ENDING));
    }
}

#[test]
fn each_refusal_has_its_kind_and_its_fix() {
    for (outcome, kind, fix) in [
        (
            answer(401, r#"{"error":"TOKEN_EXPIRED","message":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}"#),
            FetchErrorKind::NonRecoverable,
            "run `aws login` for profile app",
        ),
        (
            answer(403, r#"{"error":"USER_CREDENTIALS_CHANGED","message":""}"#),
            FetchErrorKind::NonRecoverable,
            "the password was changed",
        ),
        (
            answer(403, r#"{"error":"INSUFFICIENT_PERMISSIONS","message":""}"#),
            FetchErrorKind::NonRecoverable,
            "signin:CreateOAuth2Token",
        ),
        (answer(400, r#"{"error":"INVALID_REQUEST"}"#), FetchErrorKind::NonRecoverable, "run `aws login`"),
        (answer(429, r#"{"error":"INVALID_REQUEST"}"#), FetchErrorKind::Throttled { retry_after: None }, "by itself"),
        (answer(500, r#"{"error":"server_error"}"#), FetchErrorKind::Transient, "by itself"),
    ] {
        let rig = rig(Some(token(OVER)), [outcome]);
        let error = rig.fetch().unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.fix.as_ref().unwrap().contains(fix), "{error}");
    }
    for body in ["{}", "<html>IQoJ</html>", &CREATED.replace("900", "0"), &CREATED.replace("IQoJnew\"", "IQoJ x\"")] {
        let rig = rig(Some(token(OVER)), [answer(200, body)]);
        assert_eq!(rig.fetch().unwrap_err().kind, FetchErrorKind::Transient);
    }
}

#[test]
fn a_file_that_is_not_there_or_lacks_something_is_told_with_the_login() {
    let absent = rig(None, []);
    let error = absent.fetch().unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
    assert!(error.message.contains("nobody is logged in") && error.fix.unwrap().contains("aws login"));
    for field in ["refreshToken", "clientId", "dpopKey"] {
        let mut token = token(OVER);
        token.as_object_mut().unwrap().remove(field);
        let error = rig(Some(token), []).fetch().unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
        assert!(error.message.contains(&format!("it holds no {field}")), "{error}");
    }
    let mut wrong_key = token(OVER);
    wrong_key["dpopKey"] = "MHcC".into();
    assert!(rig(Some(wrong_key), []).fetch().unwrap_err().message.contains("its dpopKey is of no use"));
    for field in ["accessKeyId", "secretAccessKey", "sessionToken"] {
        let mut token = token(LIVE);
        token["accessToken"].as_object_mut().unwrap().remove(field);
        let error = rig(Some(token), []).fetch().unwrap_err();
        assert!(error.message.contains(&format!("accessToken.{field} is missing")), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_makes_it_panic_or_tell(body in damaged(CREATED, any::<u8>())) {
        if let Err(flaw) = Created::read(&body) {
            let shown = format!("{flaw:?}");
            prop_assert!(!shown.contains("wJalrN") && !shown.contains("IQoJn"), "{}", shown);
        }
    }
}
