//! The source against a scripted transport: what it sends, what it makes of what comes back.

use proptest::prelude::*;

use super::*;
use crate::sources::scripted::damaged;
use crate::sources::scripted::{Outcome, Scripted, answer, context, header, in_paused_time};

const ECS: &str = r#"{"RoleArn":"arn:aws:iam::123456789012:role/task","AccessKeyId":"ASIAECS",
    "SecretAccessKey":"wJalrSecret","Token":"IQoJToken","Expiration":"2026-04-26T22:39:16Z"}"#;
const EKS: &str = r#"{"AccessKeyId":"ASIAEKS","SecretAccessKey":"wJalrSecret","Token":"IQoJToken",
    "Expiration":"2026-04-26T22:39:16Z","AccountId":"123456789012"}"#;

fn plan(url: &str, authorization: Authorization) -> ContainerPlan {
    ContainerPlan { url: url.into(), setting: "AWS_CONTAINER_CREDENTIALS_FULL_URI", authorization }
}

fn token(token: &str) -> Authorization {
    Authorization::Token { setting: "AWS_CONTAINER_AUTHORIZATION_TOKEN", token: Secret::new(token) }
}

fn source(plan: ContainerPlan, outcomes: impl IntoIterator<Item = Outcome>) -> (Container, Arc<Scripted>) {
    let transport = Scripted::new(outcomes);
    (Container::new(plan, &context(transport.clone(), "2026-04-26T20:00:00Z")), transport)
}

fn fetch(source: &Container) -> Result<Answer, FetchError> {
    let outcome = in_paused_time(source.fetch());
    if let Err(error) = &outcome {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("wJalr") && !shown.contains("IQoJ"), "{shown}");
    }
    outcome
}

fn failure(url: &str, outcome: Outcome) -> FetchError {
    fetch(&source(plan(url, token("wJalrToken")), [outcome]).0).unwrap_err()
}

const AGENT: &str = "http://169.254.170.2/v2/credentials/0123";

#[test]
fn one_get_with_the_token_brings_credentials() {
    let (source, transport) = source(plan(AGENT, token("Basic wJalrToken")), [answer(200, ECS)]);
    let answer = fetch(&source).unwrap();
    assert_eq!(answer.credentials.access_key_id.as_str(), "ASIAECS");
    assert_eq!(answer.credentials.expiration, Some("2026-04-26T22:39:16Z".parse().unwrap()));
    assert_eq!(answer.identity.name, "arn:aws:iam::123456789012:role/task");
    assert_eq!((answer.source, answer.traits), (NAME, Traits { link_local: true, mints: false }));
    let requests = transport.requests();
    let [request] = &*requests else { panic!("{requests:?}") };
    assert_eq!((request.method, &*request.url), (Method::Get, AGENT));
    assert_eq!(header(request, "authorization"), Some("Basic wJalrToken"));
    assert_eq!(header(request, "accept"), Some("application/json"));
    assert_eq!(header(request, "host"), None);
    assert_eq!((request.connect_timeout, request.answer_timeout), (CONNECT_LIMIT, FETCH_LIMIT));
}

#[test]
fn an_agent_that_names_no_role_is_an_identity_of_its_own() {
    let answer =
        fetch(&source(plan("http://169.254.170.23/v1/credentials", Authorization::None), [answer(200, EKS)]).0);
    let identity = answer.unwrap().identity;
    assert_eq!(identity.name, "container credentials at http://169.254.170.23");
    assert_eq!(identity.account_id.as_deref(), Some("123456789012"));
}

#[test]
fn a_server_behind_tls_is_remote_and_its_clock_is_no_witness() {
    let mut good = answer(200, EKS);
    if let Some(Ok(response)) = &mut good {
        response.date = Some("2026-04-26T20:00:01Z".parse().unwrap());
    }
    let (source, _) = source(plan("https://agent.example/x", Authorization::None), [good]);
    let answer = fetch(&source).unwrap();
    assert_eq!((answer.traits.link_local, answer.date), (false, None));
}

#[test]
fn the_token_file_is_read_at_each_fetch() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let authorization = Authorization::File { setting: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file: file.clone() };
    let (source, transport) = source(plan(AGENT, authorization), (0..3).map(|_| answer(200, ECS)));
    let absent = fetch(&source).unwrap_err();
    assert_eq!(absent.kind, FetchErrorKind::Transient);
    assert!(absent.message.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), "{absent}");
    for token in ["wJalr1\n", "wJalr2"] {
        std::fs::write(&file, token).unwrap();
        fetch(&source).unwrap();
        assert_eq!(header(&transport.requests()[0], "authorization"), Some(token.trim()));
    }
    for half_written in ["", " \n", "wJalr1\r\nX-Evil: wJalr", "wJalr\u{e9}", &"w".repeat(70_000)] {
        std::fs::write(&file, half_written).unwrap();
        assert_eq!(fetch(&source).unwrap_err().kind, FetchErrorKind::Transient);
    }
    assert_eq!(transport.requests().len(), 0);
}

#[test]
fn each_refusal_has_its_kind_and_its_words() {
    let ecs =
        r#"{"code":"NoCredentialsAssociated","message":"nothing for wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\r\n"}"#;
    let error = failure(AGENT, answer(400, ecs));
    assert_eq!(error.kind, FetchErrorKind::Transient);
    assert_eq!(
        error.message,
        "GET http://169.254.170.2 (AWS_CONTAINER_CREDENTIALS_FULL_URI): it answered with status 400: \
         NoCredentialsAssociated, nothing for ***"
    );
    let error = failure(AGENT, answer(403, "[a-b]: (AccessDeniedException): no trust, fault: client"));
    assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
    assert!(error.message.ends_with("(AccessDeniedException): no trust, fault: client"), "{error}");
    for (status, kind) in [
        (401, FetchErrorKind::NonRecoverable),
        (404, FetchErrorKind::NoRole),
        (429, FetchErrorKind::Throttled { retry_after: None }),
        (302, FetchErrorKind::Transient),
        (500, FetchErrorKind::Transient),
        (503, FetchErrorKind::Transient),
    ] {
        let error = failure(AGENT, answer(status, "<html>wJalr</html>"));
        assert_eq!(error.kind, kind);
        assert!(error.message.ends_with(&format!("status {status}")), "{error}");
    }
}

#[test]
fn silence_ends_before_the_engines_patience_with_a_link_local_source() {
    let (source, _) = source(plan(AGENT, Authorization::None), [None]);
    let (outcome, took) = in_paused_time(async {
        let start = Instant::now();
        (source.fetch().await, start.elapsed())
    });
    assert_eq!(outcome.unwrap_err().kind, FetchErrorKind::Transient);
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(failure(AGENT, Some(Err(TransportError::Dns))).kind, FetchErrorKind::Transient);
}

#[test]
fn a_host_name_is_asked_only_where_all_its_addresses_are_this_machine() {
    let named = "http://agent.example:81/x?y";
    let with = |look_up: LookUp| {
        let (mut source, transport) = source(plan(named, token("wJalr")), [answer(200, ECS)]);
        source.look_up = look_up;
        (fetch(&source), transport.requests())
    };
    let (good, requests) = with(|_| Ok(vec![[127, 0, 0, 2].into(), [127, 0, 0, 3].into()]));
    good.unwrap();
    assert_eq!(requests[0].url, "http://127.0.0.2:81/x?y");
    assert_eq!(header(&requests[0], "host"), Some("agent.example:81"));
    let (foreign, requests) = with(|_| Ok(vec![[127, 0, 0, 1].into(), [10, 0, 0, 1].into()]));
    let error = foreign.unwrap_err();
    assert_eq!((error.kind, requests.len()), (FetchErrorKind::NonRecoverable, 0));
    assert!(error.message.contains("10.0.0.1"), "{error}");
    for look_up in [(|_| Ok(vec![])) as LookUp, |_| Err(io::ErrorKind::NotFound.into())] {
        let (outcome, requests) = with(look_up);
        assert_eq!((outcome.unwrap_err().kind, requests.len()), (FetchErrorKind::Transient, 0));
    }
}

#[test]
fn long_term_keys_are_credentials_too() {
    let document = parse(br#"{"AccessKeyId":"AKIA","SecretAccessKey":"s","RoleArn":"a b"}"#).ok().unwrap();
    assert_eq!((document.credentials.session_token, document.credentials.expiration), (None, None));
    assert_eq!(document.role_arn, None);
}

#[test]
fn a_document_that_is_of_no_use_is_named() {
    for (body, problem) in [
        ("", "it is empty"),
        ("<html>wJalr</html>", "it is no complete JSON"),
        (r#"{"AccessKeyId":"AKIA"}"#, "SecretAccessKey is missing"),
        (r#"{"AccessKeyId":"AKIA","SecretAccessKey":"wJalr\r\nX: y"}"#, "SecretAccessKey is empty or holds"),
        (r#"{"AccessKeyId":"AKIA","SecretAccessKey":"wJalr","Token":""}"#, "Token is empty or holds"),
        (r#"{"AccessKeyId":"AKIA","SecretAccessKey":"wJalr","Expiration":"soon"}"#, "Expiration is \"soon\""),
    ] {
        let error = failure(AGENT, answer(200, body));
        assert!(error.message.contains(problem), "{error}");
        assert_eq!(error.kind, FetchErrorKind::Transient);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_makes_it_panic_or_tell(body in damaged(ECS, any::<u8>())) {
        words(&body);
        if let Err(flaw) = parse(&body) {
            let shown = format!("{flaw:?}");
            prop_assert!(!shown.contains("wJalrS") && !shown.contains("IQoJT"), "{}", shown);
        }
    }
}
