//! What is asked in which order, what is remembered, and what a good answer brings.

use super::*;

#[tokio::test]
async fn version_2_brings_role_account_life_and_date() {
    let service = Service::start().await;
    let answer = fetch(&at(&service)).await.unwrap();
    assert_eq!(answer.credentials.access_key_id.as_str(), "ASIAAPP");
    assert_eq!(answer.credentials.secret_access_key.expose(), service::SECRETS[0]);
    assert_eq!(answer.credentials.session_token.as_ref().unwrap().expose(), service::SECRETS[1]);
    assert_eq!((answer.identity.name.as_str(), answer.source), ("app", "instance profile"));
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
    says(&error, FetchErrorKind::Transient, &["401", "token that is new", &service.endpoint()]);
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
    let source = imds(ImdsSettings { timeout: SHORT, ..settings(&service.endpoint()) });
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
    let source = imds(ImdsSettings { timeout: SHORT, ..settings(&service.endpoint()) });
    says(&error(&source).await, FetchErrorKind::Transient, &["connected, but no answer"]);
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
    let words = ["connected but had no answer", "hop limit", "--http-put-response-hop-limit 2"];
    let short = ImdsSettings { attempts: 3, timeout: SHORT, ..settings(&service.endpoint()) };
    let error_401 = error(&imds(short.clone())).await;
    says(&error_401, FetchErrorKind::Transient, &words);
    says(&error_401, FetchErrorKind::Transient, &["401"]);
    let puts = service.journal().iter().filter(|asked| *asked == PUT).count();
    assert_eq!(puts, 1, "more attempts would cost a time-out each and change nothing");
    let forbidden = ImdsSettings { v1_disabled_by: Some("AWS_EC2_METADATA_V1_DISABLED"), ..short };
    let error_forbidden = error(&imds(forbidden)).await;
    says(&error_forbidden, FetchErrorKind::Transient, &words);
    says(&error_forbidden, FetchErrorKind::Transient, &["forbidden by AWS_EC2_METADATA_V1_DISABLED"]);
}

#[tokio::test]
async fn version_1_is_never_used_where_it_is_forbidden() {
    for (status, kind) in [(403, FetchErrorKind::NonRecoverable), (404, FetchErrorKind::Transient)] {
        let service = Service::start().await;
        service.set(|script| {
            script.put = Some(Reply::status(status));
            script.token_required = false;
        });
        let source =
            imds(ImdsSettings { v1_disabled_by: Some("aws.disableEc2MetadataV1"), ..settings(&service.endpoint()) });
        let error = error(&source).await;
        says(&error, kind, &[&status.to_string(), "forbidden by aws.disableEc2MetadataV1"]);
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
        says(&error, kind, &[&format!("PUT {}/latest/api/token", service.endpoint()), &format!("status {status}")]);
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
    assert_eq!((answer.identity.name.as_str(), answer.identity.account_id), ("app", None));
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
    assert_eq!((answer.identity.name.as_str(), answer.credentials.access_key_id.as_str()), ("worker", "ASIAWORKER"));
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
    let given = |role: &str| imds(ImdsSettings { role_name: Some(role.into()), ..settings(&service.endpoint()) });
    assert_eq!(fetch(&given("worker")).await.unwrap().identity.name, "worker");
    assert_eq!(service.journal(), [PUT, &format!("GET {EXTENDED}worker")]);
    let error = error(&given("nobody")).await;
    says(&error, FetchErrorKind::NoRole, &["named in the configuration", "security-credentials/nobody"]);
}

/// Runs the first test again in a process whose environment names a proxy that nobody can reach.
#[test]
fn no_proxy_is_used_whatever_the_environment_says() {
    let (address, _keep) = refusing_address();
    let proxy = format!("http://{address}");
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        test.env(name, &proxy);
    }
    test.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = test.args(["--exact", "protocol::version_2_brings_role_account_life_and_date"]).output().unwrap();
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
