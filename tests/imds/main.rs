//! The IMDS source over real sockets, against a scripted metadata service: what is asked, what comes of each answer,
//! and that every fault ends in time with an error that says what to do and holds no secret.

mod service;

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evercreds::config::imds::ImdsSettings;
use evercreds::error::{FetchError, FetchErrorKind};
use evercreds::http::{Exchange, MetadataTransport, Request, Transport, TransportError};
use evercreds::sources::imds::Imds;
use evercreds::sources::{Answer, Source};

use service::{EXTENDED, LEGACY, Reply, Service, document, refusing_address, silent_address};

/// Far above what any test needs on a slow machine, and below forever.
const BOUND: Duration = Duration::from_secs(20);
/// The time-out of tests that wait for it.
const SHORT: Duration = Duration::from_millis(300);

fn settings(endpoint: &str) -> ImdsSettings {
    ImdsSettings {
        endpoint: endpoint.into(),
        timeout: Duration::from_secs(4),
        ..Default::default()
    }
}

fn imds(settings: ImdsSettings) -> Imds {
    Imds::new(settings, Arc::new(MetadataTransport))
}

fn at(service: &Service) -> Imds {
    imds(settings(&service.endpoint()))
}

/// One fetch, in bounded time, whose outcome shows no secret.
async fn fetch(source: &Imds) -> Result<Answer, FetchError> {
    let outcome = tokio::time::timeout(BOUND, source.fetch())
        .await
        .expect("a fetch ends by itself");
    let shown = match &outcome {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{error} {error:?}"),
    };
    for secret in service::SECRETS {
        assert!(!shown.contains(secret), "{shown}");
    }
    outcome
}

async fn key(source: &Imds) -> String {
    fetch(source).await.unwrap().credentials.access_key_id.to_string()
}

async fn error(source: &Imds) -> FetchError {
    fetch(source).await.unwrap_err()
}

#[track_caller]
fn says(error: &FetchError, kind: FetchErrorKind, words: &[&str]) {
    assert_eq!(error.kind, kind, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word:?} is not in: {error}");
    }
}

const EXTENDED_APP: &str = "GET /latest/meta-data/iam/security-credentials-extended/app";
const LEGACY_APP: &str = "GET /latest/meta-data/iam/security-credentials/app";
const PUT: &str = "PUT /latest/api/token";

fn get(path: &str) -> String {
    format!("GET {path}")
}

#[tokio::test]
async fn version_2_brings_role_account_life_and_date() {
    let service = Service::start().await;
    let answer = fetch(&at(&service)).await.unwrap();
    assert_eq!(answer.credentials.access_key_id.as_str(), "ASIAAPP");
    assert_eq!(answer.credentials.secret_access_key.expose(), service::SECRETS[0]);
    assert_eq!(
        answer.credentials.session_token.as_ref().unwrap().expose(),
        service::SECRETS[1]
    );
    assert_eq!(
        (answer.identity.name.as_str(), answer.source),
        ("app", "instance profile")
    );
    assert_eq!(answer.identity.account_id.as_deref(), Some("123456789012"));
    assert_eq!(answer.nominal_life, Some(Duration::from_secs(6 * 3600)));
    assert_eq!(answer.date, Some("2026-04-26T17:00:00Z".parse().unwrap()));
    assert!(answer.traits.link_local && !answer.traits.mints);
    assert_eq!(service.journal(), [PUT, &get(EXTENDED), EXTENDED_APP]);
    assert_eq!(service.ttl_asked(), Some("21600".into()));
}

#[tokio::test]
async fn the_token_is_kept_and_the_role_asked_each_time() {
    let service = Service::start().await;
    let source = at(&service);
    key(&source).await;
    service.forget_journal();
    key(&source).await;
    assert_eq!(service.journal(), [&get(EXTENDED), EXTENDED_APP]);
}

/// Moves the clock of the source's memory on.
async fn later(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let service = Service::start().await;
    let source = at(&service);
    key(&source).await;
    later(Duration::from_secs(21_600 - 60)).await;
    service.forget_journal();
    key(&source).await;
    assert_eq!(service.journal(), [&get(EXTENDED), EXTENDED_APP]);
    later(Duration::from_secs(45)).await;
    service.forget_journal();
    key(&source).await;
    assert_eq!(service.journal(), [PUT, &get(EXTENDED), EXTENDED_APP]);
}

#[tokio::test]
async fn a_token_lives_no_longer_than_its_answer_says() {
    let service = Service::start().await;
    service.set(|script| script.ttl = "0".into());
    let source = at(&service);
    key(&source).await;
    service.forget_journal();
    key(&source).await;
    assert_eq!(service.journal()[0], PUT);
}

#[tokio::test]
async fn a_401_brings_one_new_token() {
    let service = Service::start().await;
    let source = at(&service);
    key(&source).await;
    service.revoke_tokens();
    service.forget_journal();
    assert_eq!(key(&source).await, "ASIAAPP");
    assert_eq!(service.journal(), [&get(EXTENDED), PUT, &get(EXTENDED), EXTENDED_APP]);
}

#[tokio::test]
async fn a_401_for_every_token_ends_after_one_new_one() {
    let service = Service::start().await;
    service.set(|script| script.accept_tokens = false);
    let error = error(&at(&service)).await;
    says(
        &error,
        FetchErrorKind::Transient,
        &["401", "token that is new", &service.endpoint()],
    );
    assert_eq!(service.journal().iter().filter(|asked| *asked == PUT).count(), 2);
}

#[tokio::test]
async fn version_1_answers_where_the_token_endpoint_is_missing_and_is_remembered() {
    for status in [403, 404, 405] {
        let service = Service::start().await;
        service.set(|script| {
            script.put = Some(Reply::status(status));
            script.token_required = false;
        });
        let source = at(&service);
        assert_eq!(key(&source).await, "ASIAAPP");
        service.forget_journal();
        assert_eq!(key(&source).await, "ASIAAPP");
        assert_eq!(service.journal(), [&get(EXTENDED), EXTENDED_APP], "status {status}");
    }
}

#[tokio::test]
async fn version_1_answers_where_the_token_endpoint_is_silent() {
    let service = Service::start().await;
    service.set(|script| {
        script.put = Some(Reply::Silence);
        script.token_required = false;
    });
    let source = imds(ImdsSettings {
        timeout: SHORT,
        ..settings(&service.endpoint())
    });
    assert_eq!(key(&source).await, "ASIAAPP");
    service.forget_journal();
    assert_eq!(key(&source).await, "ASIAAPP");
    assert_eq!(service.journal(), [&get(EXTENDED), EXTENDED_APP]);
}

#[tokio::test]
async fn version_1_is_remembered_for_a_quarter_of_an_hour() {
    let service = Service::start().await;
    service.set(|script| {
        script.put = Some(Reply::status(404));
        script.token_required = false;
    });
    let source = at(&service);
    key(&source).await;
    for (minutes, first) in [(14, get(EXTENDED)), (2, PUT.to_owned())] {
        later(Duration::from_secs(minutes * 60)).await;
        service.forget_journal();
        key(&source).await;
        assert_eq!(service.journal()[0], first);
    }
}

#[tokio::test]
async fn the_silence_of_an_outage_is_not_remembered_as_version_1() {
    let service = Service::start().await;
    service.set(|script| {
        script.put = Some(Reply::Silence);
        script.token_required = false;
        script.answer(EXTENDED, Reply::Silence);
    });
    let source = imds(ImdsSettings {
        timeout: SHORT,
        ..settings(&service.endpoint())
    });
    says(
        &error(&source).await,
        FetchErrorKind::Transient,
        &["connected, but no answer"],
    );
    service.set(|script| {
        script.put = None;
        script.answers.clear();
    });
    service.forget_journal();
    assert_eq!(key(&source).await, "ASIAAPP");
    assert_eq!(service.journal()[0], PUT);
}

#[tokio::test]
async fn a_401_ends_the_memory_of_version_1() {
    let service = Service::start().await;
    service.set(|script| {
        script.put = Some(Reply::status(404));
        script.token_required = false;
    });
    let source = at(&service);
    key(&source).await;
    service.set(|script| {
        script.put = None;
        script.token_required = true;
    });
    service.forget_journal();
    assert_eq!(key(&source).await, "ASIAAPP");
    assert_eq!(service.journal(), [&get(EXTENDED), PUT, &get(EXTENDED), EXTENDED_APP]);
}

#[tokio::test]
async fn a_hop_limit_that_is_too_low_is_named_with_its_fix() {
    let service = Service::start().await;
    service.set(|script| script.put = Some(Reply::Silence));
    let words = [
        "connected but had no answer",
        "hop limit",
        "--http-put-response-hop-limit 2",
    ];
    let short = ImdsSettings {
        timeout: SHORT,
        ..settings(&service.endpoint())
    };
    let error_401 = error(&imds(short.clone())).await;
    says(&error_401, FetchErrorKind::Transient, &words);
    says(&error_401, FetchErrorKind::Transient, &["401"]);
    let forbidden = ImdsSettings {
        v1_disabled_by: Some("AWS_EC2_METADATA_V1_DISABLED"),
        ..short
    };
    let error_forbidden = error(&imds(forbidden)).await;
    says(&error_forbidden, FetchErrorKind::Transient, &words);
    says(
        &error_forbidden,
        FetchErrorKind::Transient,
        &["forbidden by AWS_EC2_METADATA_V1_DISABLED"],
    );
}

#[tokio::test]
async fn version_1_is_never_used_where_it_is_forbidden() {
    for (status, kind) in [(403, FetchErrorKind::NonRecoverable), (404, FetchErrorKind::Transient)] {
        let service = Service::start().await;
        service.set(|script| {
            script.put = Some(Reply::status(status));
            script.token_required = false;
        });
        let source = imds(ImdsSettings {
            v1_disabled_by: Some("aws.disableEc2MetadataV1"),
            ..settings(&service.endpoint())
        });
        let error = error(&source).await;
        says(
            &error,
            kind,
            &[&status.to_string(), "forbidden by aws.disableEc2MetadataV1"],
        );
        assert_eq!(service.journal(), [PUT]);
    }
}

#[tokio::test]
async fn a_token_request_that_is_refused_otherwise_is_an_error_and_no_reason_for_version_1() {
    for (status, kind) in [
        (400, FetchErrorKind::Transient),
        (500, FetchErrorKind::Transient),
        (503, FetchErrorKind::Transient),
        (302, FetchErrorKind::Transient),
        (429, FetchErrorKind::Throttled { retry_after: None }),
    ] {
        let service = Service::start().await;
        service.set(|script| {
            script.put = Some(Reply::status(status));
            script.token_required = false;
        });
        let error = error(&at(&service)).await;
        says(
            &error,
            kind,
            &[
                &format!("PUT {}/latest/api/token", service.endpoint()),
                &format!("status {status}"),
            ],
        );
        assert_eq!(service.journal(), [PUT]);
    }
}

#[tokio::test]
async fn something_that_is_no_token_is_not_used_as_one() {
    for body in ["", "<html>\nLog in</html>", "a\u{e9}b", &"x".repeat(5000)] {
        let service = Service::start().await;
        service.set(|script| script.put = Some(Reply::ok(body)));
        says(
            &error(&at(&service)).await,
            FetchErrorKind::Transient,
            &["is no token", "AWS_EC2_METADATA_SERVICE_ENDPOINT"],
        );
        assert_eq!(service.journal(), [PUT]);
    }
}

#[tokio::test]
async fn without_the_extended_path_the_legacy_one_answers_and_is_remembered() {
    let service = Service::start().await;
    service.set(|script| script.extended = false);
    let source = at(&service);
    let answer = fetch(&source).await.unwrap();
    assert_eq!(
        (answer.identity.name.as_str(), answer.identity.account_id),
        ("app", None)
    );
    assert_eq!(service.journal(), [PUT, &get(EXTENDED), &get(LEGACY), LEGACY_APP]);
    service.forget_journal();
    key(&source).await;
    assert_eq!(service.journal(), [&get(LEGACY), LEGACY_APP]);
    // A new token ends the memory.
    service.revoke_tokens();
    service.set(|script| script.extended = true);
    service.forget_journal();
    key(&source).await;
    assert_eq!(service.journal(), [&get(LEGACY), PUT, &get(EXTENDED), EXTENDED_APP]);
}

#[tokio::test]
async fn another_role_is_seen_at_the_next_fetch() {
    let service = Service::start().await;
    let source = at(&service);
    assert_eq!(fetch(&source).await.unwrap().identity.name, "app");
    service.set(|script| script.roles = "worker".into());
    let answer = fetch(&source).await.unwrap();
    assert_eq!(
        (answer.identity.name.as_str(), answer.credentials.access_key_id.as_str()),
        ("worker", "ASIAWORKER")
    );
}

#[tokio::test]
async fn of_several_roles_the_first_counts() {
    let service = Service::start().await;
    service.set(|script| script.roles = "\n app\r\nworker\n".into());
    assert_eq!(fetch(&at(&service)).await.unwrap().identity.name, "app");
}

#[tokio::test]
async fn a_role_that_is_given_is_not_asked_for() {
    let service = Service::start().await;
    let given = |role: &str| {
        imds(ImdsSettings {
            role_name: Some(role.into()),
            ..settings(&service.endpoint())
        })
    };
    assert_eq!(fetch(&given("worker")).await.unwrap().identity.name, "worker");
    assert_eq!(service.journal(), [PUT, &format!("GET {EXTENDED}worker")]);
    let error = error(&given("nobody")).await;
    says(
        &error,
        FetchErrorKind::NoRole,
        &["named in the configuration", "security-credentials/nobody"],
    );
}

#[tokio::test]
async fn no_role_is_told_apart_and_healed_without_a_restart() {
    for empty in [true, false] {
        let service = Service::start().await;
        let source = at(&service);
        service.set(|script| {
            script.roles = if empty { " \n".into() } else { String::new() };
            script.list_missing = !empty;
        });
        says(
            &error(&source).await,
            FetchErrorKind::NoRole,
            &["no role is attached", "attach an instance profile"],
        );
        service.set(|script| {
            script.roles = "app".into();
            script.list_missing = false;
        });
        assert_eq!(key(&source).await, "ASIAAPP");
    }
}

#[tokio::test]
async fn a_role_that_goes_between_list_and_document_is_a_passing_failure() {
    let service = Service::start().await;
    service.set(|script| {
        script.answer(&format!("{EXTENDED}app"), Reply::status(404));
        script.answer(&format!("{LEGACY}app"), Reply::status(404));
    });
    says(
        &error(&at(&service)).await,
        FetchErrorKind::Transient,
        &["404", "being replaced or removed"],
    );
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_told_with_its_fix() {
    let service = Service::start().await;
    let refusal = r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role app"}"#;
    service.set(|script| script.answer(&format!("{EXTENDED}app"), Reply::ok(refusal)));
    let error = error(&at(&service)).await;
    says(
        &error,
        FetchErrorKind::NonRecoverable,
        &["EC2 cannot assume the role app", "trust policy"],
    );
}

#[tokio::test]
async fn a_metadata_service_that_is_switched_off_says_how_to_switch_it_on() {
    let service = Service::start().await;
    service.set(|script| {
        script.put = Some(Reply::status(403));
        script.token_required = false;
        script.answer(EXTENDED, Reply::status(403));
    });
    let words = ["status 403", "switched off", "--http-endpoint enabled"];
    says(&error(&at(&service)).await, FetchErrorKind::NonRecoverable, &words);
}

#[tokio::test]
async fn throttling_carries_retry_after_in_seconds_and_as_a_date() {
    for (header, expected) in [
        ("Retry-After: 7\r\n", Some(7)),
        // The service's Date is 17:00:00.
        ("Retry-After: Sun, 26 Apr 2026 17:00:30 GMT\r\n", Some(30)),
        ("", None),
    ] {
        let service = Service::start().await;
        service.set(|script| script.answer(EXTENDED, Reply::status(429).with_header(header)));
        let retry_after = expected.map(Duration::from_secs);
        says(
            &error(&at(&service)).await,
            FetchErrorKind::Throttled { retry_after },
            &["429"],
        );
    }
}

#[tokio::test]
async fn a_503_is_asked_again_as_often_as_the_settings_say() {
    for (attempts, asked) in [(1, 1), (3, 3)] {
        let service = Service::start().await;
        service.set(|script| script.answer(EXTENDED, Reply::status(503)));
        let error = error(&imds(ImdsSettings {
            attempts,
            ..settings(&service.endpoint())
        }))
        .await;
        says(&error, FetchErrorKind::Transient, &["503"]);
        assert_eq!(
            service
                .journal()
                .iter()
                .filter(|asked| **asked == get(EXTENDED))
                .count(),
            asked
        );
    }
}

#[tokio::test]
async fn a_refused_connection_says_where_and_what_to_check() {
    let (address, _keep) = refusing_address();
    let endpoint = format!("http://{address}");
    let error = error(&imds(settings(&endpoint))).await;
    says(
        &error,
        FetchErrorKind::Transient,
        &["connection refused", &endpoint, "AWS_EC2_METADATA_SERVICE_ENDPOINT"],
    );
}

#[tokio::test]
async fn a_name_without_an_address_says_so() {
    let error = error(&imds(settings("http://metadata.invalid"))).await;
    says(
        &error,
        FetchErrorKind::Transient,
        &["cannot be resolved", "metadata.invalid"],
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_host_that_drops_packets_is_told_from_one_that_accepts_and_stays_silent() {
    let (address, _keep) = silent_address().await;
    let source = imds(ImdsSettings {
        timeout: SHORT,
        ..settings(&format!("http://{address}"))
    });
    says(
        &error(&source).await,
        FetchErrorKind::Transient,
        &["no connection within 300ms", "may this process reach"],
    );
}

#[tokio::test]
async fn a_hang_after_the_connection_ends_in_time_at_every_step() {
    for path in [EXTENDED.to_owned(), format!("{EXTENDED}app")] {
        let service = Service::start().await;
        service.set(|script| script.answer(&path, Reply::Silence));
        let source = imds(ImdsSettings {
            timeout: SHORT,
            ..settings(&service.endpoint())
        });
        let error = error(&source).await;
        says(
            &error,
            FetchErrorKind::Transient,
            &["connected, but no answer within 300ms", &path],
        );
    }
}

#[tokio::test]
async fn broken_answers_are_failures_that_name_what_is_wrong() {
    let good = document("app", None);
    let head = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}\r\n");
    let cases: [(&str, Reply, &str); 11] = [
        ("closed at once", Reply::raw(""), "broken"),
        ("no HTTP", Reply::raw("\x00\x01\x02 garbage \r\n\r\n"), "broken"),
        ("half a head", Reply::raw("HTTP/1.1 200 O"), "broken"),
        (
            "length too long",
            Reply::raw(head("Content-Length: 5000\r\n") + &good),
            "broken",
        ),
        (
            "length too short",
            Reply::raw(head("Content-Length: 40\r\n") + &good),
            "no complete JSON",
        ),
        ("empty", Reply::ok(""), "it is empty"),
        ("truncated", Reply::ok(&good[..good.len() / 2]), "no complete JSON"),
        ("garbage", Reply::ok("\u{fffd}\u{1}\u{2}"), "no complete JSON"),
        (
            "announced too large",
            Reply::raw(head("Content-Length: 9999999999\r\n")),
            "longer than 65536 bytes",
        ),
        ("too large", Reply::ok(&"x".repeat(65_537)), "longer than 65536 bytes"),
        (
            "a key missing",
            Reply::ok(&good.replace("AccessKeyId", "Else")),
            "AccessKeyId is missing",
        ),
    ];
    for (name, reply, words) in cases {
        let service = Service::start().await;
        service.set(|script| script.answer(&format!("{EXTENDED}app"), reply));
        let error = error(&at(&service)).await;
        assert_eq!(error.kind, FetchErrorKind::Transient, "{name}");
        assert!(error.message.contains(words), "{name}: {error}");
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit() {
    for chunked in [false, true] {
        let service = Service::start().await;
        service.set(|script| script.answer(EXTENDED, Reply::Endless { chunked }));
        says(
            &error(&at(&service)).await,
            FetchErrorKind::Transient,
            &["longer than 65536 bytes"],
        );
    }
}

#[tokio::test]
async fn a_trickle_ends_with_the_time_out_however_long_it_would_go_on() {
    let service = Service::start().await;
    service.set(|script| script.answer(EXTENDED, Reply::Trickle));
    let source = imds(ImdsSettings {
        timeout: SHORT,
        ..settings(&service.endpoint())
    });
    says(
        &error(&source).await,
        FetchErrorKind::Transient,
        &["began but was not complete after 300ms"],
    );
}

#[tokio::test]
async fn a_list_that_is_no_list_of_roles_is_refused() {
    for list in [
        "<html><body>Not here</body></html>",
        "../../latest/user-data",
        "a/b",
        "app role",
        "a\u{7}b",
    ] {
        let service = Service::start().await;
        service.set(|script| script.roles = list.into());
        let error = error(&at(&service)).await;
        says(
            &error,
            FetchErrorKind::Transient,
            &["no list of role names", "AWS_EC2_METADATA_SERVICE_ENDPOINT"],
        );
        assert_eq!(service.journal(), [PUT, &get(EXTENDED)]);
        assert!(!error.message.contains('\u{7}'));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let service = Service::start().await;
    let away = Reply::status(302).with_header("Location: /elsewhere\r\n");
    service.set(|script| script.answer(EXTENDED, away));
    says(
        &error(&at(&service)).await,
        FetchErrorKind::Transient,
        &["status 302", "never followed"],
    );
    assert_eq!(service.journal(), [PUT, &get(EXTENDED)]);
}

/// Runs the first test again in a process whose environment names a proxy that nobody can reach.
#[test]
fn no_proxy_is_used_whatever_the_environment_says() {
    let (address, _keep) = refusing_address();
    let proxy = format!("http://{address}");
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        test.env(name, &proxy);
    }
    test.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = test
        .args(["--exact", "version_2_brings_role_account_life_and_date"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}

#[tokio::test]
async fn an_endpoint_with_an_ipv6_address_and_a_path_is_asked_there() {
    let Ok(service) = Service::start_at("[::1]:0").await else {
        eprintln!("this machine has no IPv6 loopback");
        return;
    };
    assert!(service.endpoint().starts_with("http://[::1]:"));
    assert_eq!(key(&at(&service)).await, "ASIAAPP");
    service.forget_journal();
    error(&imds(settings(&format!("{}/prefix", service.endpoint())))).await;
    assert_eq!(service.journal()[0], "PUT /prefix/latest/api/token");
}

#[tokio::test]
async fn after_an_outage_the_first_fetch_succeeds() {
    // On Linux an address of its own, so that no other test can take the port in between.
    let address = if cfg!(target_os = "linux") {
        "127.0.7.7:0"
    } else {
        "127.0.0.1:0"
    };
    let service = Service::start_at(address).await.unwrap();
    let address = service.address();
    let source = at(&service);
    key(&source).await;
    service.stop().await;
    says(
        &error(&source).await,
        FetchErrorKind::Transient,
        &["connection refused"],
    );
    let service = Service::start_at(&address.to_string()).await.unwrap();
    // The token is unknown to the new service, which costs a 401 and no failure.
    assert_eq!(key(&source).await, "ASIAAPP");
    drop(service);
}

#[tokio::test]
async fn a_cancelled_fetch_leaves_the_source_usable() {
    let service = Service::start().await;
    service.set(|script| script.answer(EXTENDED, Reply::Silence));
    let source = at(&service);
    assert!(tokio::time::timeout(SHORT, source.fetch()).await.is_err());
    service.set(|script| script.answers.clear());
    assert_eq!(key(&source).await, "ASIAAPP");
}

/// Never answers.
struct Never;

impl Transport for Never {
    fn send(&self, _: Request) -> Exchange<'_> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn all_requests_of_one_fetch_together_take_less_than_five_seconds() {
    let settings = ImdsSettings {
        timeout: Duration::from_secs(3600),
        attempts: 1000,
        ..ImdsSettings::default()
    };
    let started = tokio::time::Instant::now();
    let source = Imds::new(settings.clone(), Arc::new(Never));
    says(
        &error(&source).await,
        FetchErrorKind::Transient,
        &["4.8s", "PUT http://169.254.169.254/latest/api/token"],
    );
    assert!(started.elapsed() < Duration::from_secs(5));

    /// Fails at once, for ever.
    #[derive(Default)]
    struct Refuses(AtomicUsize);
    impl Transport for Refuses {
        fn send(&self, _: Request) -> Exchange<'_> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(ready(Err(TransportError::CannotConnect("connection refused".into()))))
        }
    }
    let started = tokio::time::Instant::now();
    let transport = Arc::new(Refuses::default());
    says(
        &error(&Imds::new(settings, transport.clone())).await,
        FetchErrorKind::Transient,
        &["refused"],
    );
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(
        transport.0.load(Ordering::Relaxed) < 10,
        "the pauses between attempts grow"
    );
}
