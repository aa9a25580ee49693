//! Every fault of the service and of the way to it ends in time, with an error that says what to do.

use super::*;

#[tokio::test]
async fn no_role_is_told_apart_and_healed_without_a_restart() {
    for empty in [true, false] {
        let service = Service::start().await;
        let source = at(&service);
        service.set(|script| {
            script.roles = if empty { " \n".into() } else { String::new() };
            script.list_missing = !empty;
        });
        says(&error(&source).await, FetchErrorKind::NoRole, &["no role is attached", "attach an instance profile"]);
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
    says(&error(&at(&service)).await, FetchErrorKind::Transient, &["404", "being replaced or removed"]);
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_told_with_its_fix() {
    let service = Service::start().await;
    let refusal = r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role app"}"#;
    service.set(|script| script.answer(&format!("{EXTENDED}app"), Reply::ok(refusal)));
    let error = error(&at(&service)).await;
    says(&error, FetchErrorKind::NonRecoverable, &["EC2 cannot assume the role app", "trust policy"]);
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
        says(&error(&at(&service)).await, FetchErrorKind::Throttled { retry_after }, &["429"]);
    }
}

#[tokio::test]
async fn a_503_is_asked_again_as_often_as_the_settings_say() {
    for (attempts, asked) in [(1, 1), (3, 3)] {
        let service = Service::start().await;
        service.set(|script| script.answer(EXTENDED, Reply::status(503)));
        let error = error(&imds(ImdsSettings { attempts, ..settings(&service.endpoint()) })).await;
        says(&error, FetchErrorKind::Transient, &["503"]);
        assert_eq!(service.journal().iter().filter(|asked| **asked == get(EXTENDED)).count(), asked);
    }
}

#[tokio::test]
async fn a_refused_connection_says_where_and_what_to_check() {
    let (address, _keep) = refusing_address();
    let endpoint = format!("http://{address}");
    let error = error(&imds(settings(&endpoint))).await;
    says(&error, FetchErrorKind::Transient, &["connection refused", &endpoint, "AWS_EC2_METADATA_SERVICE_ENDPOINT"]);
}

#[tokio::test]
async fn a_name_without_an_address_says_so() {
    let error = error(&imds(settings("http://metadata.invalid"))).await;
    says(&error, FetchErrorKind::Transient, &["cannot be resolved", "metadata.invalid"]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_host_that_drops_packets_is_told_from_one_that_accepts_and_stays_silent() {
    let (address, _keep) = silent_address().await;
    let source = imds(ImdsSettings { timeout: SHORT, ..settings(&format!("http://{address}")) });
    says(&error(&source).await, FetchErrorKind::Transient, &["no connection within 300ms", "may this process reach"]);
}

#[tokio::test]
async fn a_hang_after_the_connection_ends_in_time_at_every_step() {
    for path in [EXTENDED.to_owned(), format!("{EXTENDED}app")] {
        let service = Service::start().await;
        service.set(|script| script.answer(&path, Reply::Silence));
        let source = imds(ImdsSettings { timeout: SHORT, ..settings(&service.endpoint()) });
        let error = error(&source).await;
        says(&error, FetchErrorKind::Transient, &["connected, but no answer within 300ms", &path]);
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
        ("length too long", Reply::raw(head("Content-Length: 5000\r\n") + &good), "broken"),
        ("length too short", Reply::raw(head("Content-Length: 40\r\n") + &good), "no complete JSON"),
        ("empty", Reply::ok(""), "it is empty"),
        ("truncated", Reply::ok(&good[..good.len() / 2]), "no complete JSON"),
        ("garbage", Reply::ok("\u{fffd}\u{1}\u{2}"), "no complete JSON"),
        ("announced too large", Reply::raw(head("Content-Length: 9999999999\r\n")), "longer than 65536 bytes"),
        ("too large", Reply::ok(&"x".repeat(65_537)), "longer than 65536 bytes"),
        ("a key missing", Reply::ok(&good.replace("AccessKeyId", "Else")), "AccessKeyId is missing"),
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
        says(&error(&at(&service)).await, FetchErrorKind::Transient, &["longer than 65536 bytes"]);
    }
}

#[tokio::test]
async fn a_trickle_ends_with_the_time_out_however_long_it_would_go_on() {
    let service = Service::start().await;
    service.set(|script| script.answer(EXTENDED, Reply::Trickle));
    let source = imds(ImdsSettings { timeout: SHORT, ..settings(&service.endpoint()) });
    says(&error(&source).await, FetchErrorKind::Transient, &["began but was not complete after 300ms"]);
}

#[tokio::test]
async fn a_list_that_is_no_list_of_roles_is_refused() {
    for list in ["<html><body>Not here</body></html>", "../../latest/user-data", "a/b", "app role", "a\u{7}b"] {
        let service = Service::start().await;
        service.set(|script| script.roles = list.into());
        let error = error(&at(&service)).await;
        says(&error, FetchErrorKind::Transient, &["no list of role names", "AWS_EC2_METADATA_SERVICE_ENDPOINT"]);
        assert_eq!(service.journal(), [PUT, &get(EXTENDED)]);
        assert!(!error.message.contains('\u{7}'));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let service = Service::start().await;
    let away = Reply::status(302).with_header("Location: /elsewhere\r\n");
    service.set(|script| script.answer(EXTENDED, away));
    says(&error(&at(&service)).await, FetchErrorKind::Transient, &["status 302", "never followed"]);
    assert_eq!(service.journal(), [PUT, &get(EXTENDED)]);
}

#[tokio::test]
async fn after_an_outage_the_first_fetch_succeeds() {
    // On Linux an address of its own, so that no other test can take the port in between.
    let address = if cfg!(target_os = "linux") { "127.0.7.7:0" } else { "127.0.0.1:0" };
    let service = Service::start_at(address).await.unwrap();
    let address = service.address();
    let source = at(&service);
    key(&source).await;
    service.stop().await;
    says(&error(&source).await, FetchErrorKind::Transient, &["connection refused"]);
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
    let settings = ImdsSettings { timeout: Duration::from_secs(3600), attempts: 1000, ..ImdsSettings::default() };
    let started = tokio::time::Instant::now();
    let source = Imds::new(settings.clone(), Arc::new(Never));
    says(&error(&source).await, FetchErrorKind::Transient, &["4.8s", "PUT http://169.254.169.254/latest/api/token"]);
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
    says(&error(&Imds::new(settings, transport.clone())).await, FetchErrorKind::Transient, &["refused"]);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(transport.0.load(Ordering::Relaxed) < 10, "the pauses between attempts grow");
}
