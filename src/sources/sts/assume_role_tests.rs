//! AssumeRole as a source: scripted answers of STS, and a base that gives what it is told to.

use super::super::testing::{
    ARN, FakeBase, Script, context, endpoint, header, in_paused_time, now, response, role, set,
};
use super::super::wire::tests::{GRANTED, refused};
use super::*;
use crate::http::{Response, TransportError};
use crate::sources::plan::{Endpoint, Plan, StaticPlan};

fn plan(duration: Option<u64>) -> RolePlan {
    RolePlan {
        role: role(duration),
        external_id: None,
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        source_identity: None,
        endpoint: endpoint(),
        base: Plan::Static(StaticPlan {
            credentials: set("AKIDPLAN").unwrap(),
            source: "profile credentials",
            place: "a test".into(),
        }),
    }
}

fn source(plan: RolePlan, base: &Arc<FakeBase>, script: &Arc<Script>, clock_error: i64) -> AssumeRole {
    AssumeRole::new(plan, Arc::clone(base) as Arc<dyn Base>, &context(script, clock_error))
}

fn fetch(source: &AssumeRole) -> Result<Answer, FetchError> {
    let outcome = in_paused_time(async { tokio::time::timeout(Duration::from_secs(15), source.fetch()).await });
    let outcome = outcome.expect("a fetch ends by itself");
    if let Err(error) = &outcome {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("wJalr") && !shown.contains("BaseToken"), "{shown}");
    }
    outcome
}

fn one(answers: impl IntoIterator<Item = Result<Response, TransportError>>) -> (Result<Answer, FetchError>, usize) {
    let script = Script::new(answers);
    let outcome = fetch(&source(plan(None), &FakeBase::new([set("ASIABASE1")]), &script, 0));
    (outcome, script.asked().len())
}

fn denied(code: &str, message: &str) -> Result<Response, TransportError> {
    response(if code == "AccessDenied" { 403 } else { 400 }, refused(code, message))
}

#[test]
fn a_role_is_assumed_with_the_credentials_of_the_base() {
    let script = Script::new([response(200, GRANTED)]);
    let source = source(plan(Some(3600)), &FakeBase::new([set("ASIABASE1")]), &script, 0);
    let answer = fetch(&source).unwrap();
    assert_eq!(answer.credentials.access_key_id.as_str(), "ASIAIOSFODNN7EXAMPLE");
    assert_eq!((answer.identity.name.as_str(), answer.identity.account_id.as_deref()), (ARN, Some("123456789012")));
    assert_eq!((answer.source, answer.traits), ("assumed role", TRAITS));
    assert_eq!((answer.nominal_life, answer.date), (Some(Duration::from_secs(3600)), Some(now())));
    let asked = script.asked().remove(0);
    assert_eq!(asked.url, "https://sts.eu-west-1.amazonaws.com/");
    let authorization = header(&asked, "authorization").unwrap();
    assert!(
        authorization.starts_with(
            "AWS4-HMAC-SHA256 Credential=ASIABASE1/20261109/eu-west-1/sts/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
        ),
        "{authorization}"
    );
    assert_eq!(header(&asked, "x-amz-date").as_deref(), Some("20261109T123441Z"));
    assert_eq!(header(&asked, "x-amz-security-token").as_deref(), Some("BaseTokenBaseTokenBaseToken"));
    assert_eq!(source.describe(), format!("assumed role {ARN} with instance profile"));
}

#[test]
fn everything_that_is_planned_is_asked_for() {
    let script = Script::new([response(200, GRANTED)]);
    let mut plan = plan(Some(7200));
    plan.role.policy = Some("{\"Version\":\"2012-10-17\"}".into());
    plan.role.policy_arns = vec!["arn:aws:iam::aws:policy/A".into(), "arn:aws:iam::aws:policy/B".into()];
    plan.external_id = Some("x id".into());
    plan.tags = vec![("team".into(), "a b".into()), ("cost".into(), "é".into())];
    plan.transitive_tag_keys = vec!["team".into()];
    plan.source_identity = Some("Alice".into());
    fetch(&source(plan, &FakeBase::new([set("ASIABASE1")]), &script, 0)).unwrap();
    for (name, value) in [
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", ARN),
        ("RoleSessionName", "session"),
        ("DurationSeconds", "7200"),
        ("Policy", "{\"Version\":\"2012-10-17\"}"),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/A"),
        ("PolicyArns.member.2.arn", "arn:aws:iam::aws:policy/B"),
        ("ExternalId", "x id"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "a b"),
        ("Tags.member.2.Value", "é"),
        ("TransitiveTagKeys.member.1", "team"),
        ("SourceIdentity", "Alice"),
    ] {
        assert_eq!(script.sent(name), [Some(value.to_owned())], "{name}");
    }
}

#[test]
fn a_duration_is_brought_within_what_sts_allows() {
    for (wanted, asked) in [(None, None), (Some(60), Some("900")), (Some(90_000), Some("43200"))] {
        let script = Script::new([response(200, GRANTED)]);
        fetch(&source(plan(wanted), &FakeBase::new([set("ASIABASE1")]), &script, 0)).unwrap();
        assert_eq!(script.sent("DurationSeconds"), [asked.map(str::to_owned)]);
    }
}

#[test]
fn where_sts_grants_an_hour_only_an_hour_is_asked_for_from_then_on() {
    for message in [
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    ] {
        let grants = [response(200, GRANTED), response(200, GRANTED)];
        let script = Script::new([denied("ValidationError", message)].into_iter().chain(grants));
        let source = source(plan(Some(43_200)), &FakeBase::new([set("ASIABASE1")]), &script, 0);
        assert_eq!(fetch(&source).unwrap().nominal_life, Some(Duration::from_secs(3600)));
        fetch(&source).unwrap();
        let asked = ["43200", "3600", "3600"].map(|seconds| Some(seconds.to_owned()));
        assert_eq!(script.sent("DurationSeconds"), asked);
    }
    // Asked for an hour or less, the same words are an error like others.
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    let script = Script::new([denied("ValidationError", message)]);
    let error = fetch(&source(plan(Some(3600)), &FakeBase::new([set("A")]), &script, 0)).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
}

#[test]
fn a_rejected_key_is_told_to_the_base_and_its_next_one_is_tried_once() {
    for code in ["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"] {
        let script = Script::new([denied(code, "no"), response(200, GRANTED)]);
        let base = FakeBase::new([set("ASIABASE1"), set("ASIABASE2"), set("ASIABASE3")]);
        fetch(&source(plan(None), &base, &script, 0)).unwrap();
        assert_eq!(*base.rejections.lock().unwrap(), ["ASIABASE1"]);
        assert!(header(&script.asked()[1], "authorization").unwrap().contains("Credential=ASIABASE2/"));

        let script = Script::new([denied(code, "no"), denied(code, "no"), response(200, GRANTED)]);
        let base = FakeBase::new([set("ASIABASE1"), set("ASIABASE2"), set("ASIABASE3")]);
        let error = fetch(&source(plan(None), &base, &script, 0)).unwrap_err();
        assert_eq!(script.asked().len(), 2);
        assert!(error.message.ends_with("signed with ASIABASE2 of instance profile."), "{error}");
    }
}

#[test]
fn a_base_that_has_no_other_key_is_not_tried_with_the_same_one() {
    let script = Script::new([denied("ExpiredToken", "The security token included in the request is expired")]);
    let base = FakeBase::new([set("ASIABASE1")]);
    let error = fetch(&source(plan(None), &base, &script, 0)).unwrap_err();
    assert_eq!((error.kind, script.asked().len()), (FetchErrorKind::Transient, 1));
    assert!(error.fix.unwrap().contains("their source gives no newer"));
}

#[test]
fn what_keeps_the_base_from_answering_is_said() {
    let gone = FetchError::non_recoverable("the session has ended").with_fix("log in.");
    let script = Script::new([]);
    let error = fetch(&source(plan(None), &FakeBase::new([Err(gone.clone())]), &script, 0)).unwrap_err();
    assert_eq!((error.kind, error.fix.as_deref()), (FetchErrorKind::NonRecoverable, Some("log in.")));
    assert!(error.message.ends_with("no credentials to sign with: the session has ended"), "{error}");

    let error = fetch(&source(plan(None), &FakeBase::new([]), &script, 0)).unwrap_err();
    assert!(error.message.contains("no credentials to sign with from instance profile; the 14.5s"), "{error}");

    let script = Script::new([denied("ExpiredToken", "no")]);
    let error = fetch(&source(plan(None), &FakeBase::new([set("ASIABASE1"), Err(gone)]), &script, 0)).unwrap_err();
    assert!(error.message.ends_with("(ASIABASE1 was refused: ExpiredToken)"), "{error}");
}

#[test]
fn a_wrong_clock_is_corrected_by_the_answers_date_and_stays_so() {
    for (code, message) in [
        ("SignatureDoesNotMatch", "Signature expired: 20261109T112441Z is now earlier than 20261109T122941Z"),
        ("RequestExpired", ""),
        ("InvalidSignatureException", "no"),
    ] {
        let grants = [response(200, GRANTED), response(200, GRANTED)];
        let script = Script::new([denied(code, message)].into_iter().chain(grants));
        let source = source(plan(None), &FakeBase::new([set("ASIABASE1")]), &script, -4200);
        fetch(&source).unwrap();
        fetch(&source).unwrap();
        let dates: Vec<_> = script.asked().iter().map(|request| header(request, "x-amz-date").unwrap()).collect();
        assert_eq!(dates, ["20261109T112441Z", "20261109T123441Z", "20261109T123441Z"]);
    }
    let script = Script::new([denied("RequestExpired", ""), denied("RequestExpired", ""), response(200, GRANTED)]);
    let error = fetch(&source(plan(None), &FakeBase::new([set("ASIABASE1")]), &script, -4200)).unwrap_err();
    assert_eq!((error.kind, script.asked().len()), (FetchErrorKind::Transient, 2));
    assert!(error.fix.unwrap().contains("set this host's clock"));
}

#[test]
fn a_clock_that_no_signature_can_name_is_no_panic() {
    for wrong in [-4_000_000_000, 400_000_000_000] {
        let script = Script::new([denied("RequestExpired", ""), response(200, GRANTED)]);
        fetch(&source(plan(None), &FakeBase::new([set("ASIABASE1")]), &script, wrong)).unwrap();
    }
}

#[test]
fn each_code_has_its_kind_and_a_fix_that_can_be_followed() {
    let throttled = FetchErrorKind::Throttled { retry_after: None };
    let (passing, lasting) = (FetchErrorKind::Transient, FetchErrorKind::NonRecoverable);
    for (status, code, kind, fix) in [
        (400, "Throttling", throttled, "what else calls STS"),
        (400, "ThrottlingException", throttled, "what else calls STS"),
        (400, "RequestThrottledException", throttled, "what else calls STS"),
        (400, "TooManyRequestsException", throttled, "what else calls STS"),
        (400, "RequestLimitExceeded", throttled, "what else calls STS"),
        (503, "SlowDown", throttled, "what else calls STS"),
        (429, "Whatever", throttled, "what else calls STS"),
        (500, "InternalFailure", passing, "health dashboard"),
        (503, "ServiceUnavailable", passing, "health dashboard"),
        (502, "Whatever", passing, "health dashboard"),
        (400, "RequestTimeout", passing, "health dashboard"),
        (400, "IDPCommunicationError", passing, "openid-configuration"),
        (403, "AccessDenied", lasting, "sts:ExternalId"),
        (400, "MalformedPolicyDocument", lasting, "session policy"),
        (400, "PackedPolicyTooLarge", lasting, "shorten"),
        (403, "RegionDisabledException", lasting, "enable STS in eu-west-1"),
        (400, "ValidationError", lasting, "session name session"),
        (400, "InvalidParameterValue", lasting, "what the message names"),
        (403, "SignatureDoesNotMatch", lasting, "belongs to the access key"),
        (403, "InvalidClientTokenId", lasting, "exists and is active"),
        (403, "ExpiredToken", passing, "no newer ones"),
        (400, "InvalidAction", lasting, "AWS_ENDPOINT_URL_STS"),
        (400, "NeverHeardOf", lasting, "API reference"),
    ] {
        let (outcome, asked) = one([response(status, refused(code, "the message"))]);
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, asked), (kind, 1), "{code}");
        let expected = format!(
            "AssumeRole of {ARN} at https://sts.eu-west-1.amazonaws.com: {code} (status {status}): the message The \
             request was signed with ASIABASE1 of instance profile."
        );
        assert_eq!(error.message, expected);
        assert!(error.fix.as_deref().unwrap().contains(fix), "{code}: {error}");
    }
}

#[test]
fn a_throttle_tells_how_long_to_wait() {
    let mut slow = response(400, refused("Throttling", "Rate exceeded")).unwrap();
    slow.retry_after = Some(Duration::from_secs(7));
    let kind = one([Ok(slow)]).0.unwrap_err().kind;
    assert_eq!(kind, FetchErrorKind::Throttled { retry_after: Some(Duration::from_secs(7)) });
}

#[test]
fn what_sts_repeats_of_the_request_is_not_shown() {
    let message = "The Canonical String should have been 'POST / x-amz-security-token:BaseTokenBaseTokenBaseToken'";
    let error = one([response(403, refused("SignatureDoesNotMatch", message))]).0.unwrap_err();
    assert!(error.message.contains("should have been 'POST / ***"), "{error}");
}

#[test]
fn an_answer_that_is_none_of_stss_is_transient_and_asks_who_it_is() {
    for (status, body) in [(200, "<html>hi</html>"), (200, ""), (404, "nope"), (302, ""), (403, "<html>"), (500, "")] {
        let error = one([response(status, body)]).0.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Transient, "{status}");
        assert!(error.fix.unwrap().contains("is STS and not something else"), "{status}");
    }
    let error = one([response(429, "slow down")]).0.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Throttled { retry_after: None });
    // Credentials under an error's status are none.
    assert!(one([response(500, GRANTED)]).0.is_err());
    // Where only the head tells the code.
    let mut head = response(400, "{}").unwrap();
    head.error_type = Some("ThrottlingException:http://internal.amazon.com/".into());
    assert_eq!(one([Ok(head)]).0.unwrap_err().kind, FetchErrorKind::Throttled { retry_after: None });
}

#[test]
fn trouble_on_the_way_is_transient_and_names_the_endpoint() {
    for trouble in [
        TransportError::Dns,
        TransportError::CannotConnect("connection refused".into()),
        TransportError::ConnectTimedOut(Duration::from_secs(2)),
        TransportError::NoAnswer(Duration::from_secs(5)),
        TransportError::Broken("connection closed".into()),
    ] {
        let error = one([Err(trouble.clone())]).0.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Transient);
        assert!(error.message.ends_with(&trouble.to_string()), "{error}");
        assert!(error.fix.unwrap().contains("https://sts.eu-west-1.amazonaws.com"), "{trouble}");
    }
    let error = one([Err(TransportError::Malformed("URL".into()))]).0.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
    // The transport's own limits are shorter; this one holds where they do not.
    let error = one([]).0.unwrap_err();
    assert!(error.message.ends_with("no answer; the 14.5s that one attempt may take are over"), "{error}");
}

#[test]
fn a_clock_that_is_not_awss_own_is_no_witness() {
    let date = |plan: RolePlan, answer: Response| {
        let script = Script::new([Ok(answer)]);
        fetch(&source(plan, &FakeBase::new([set("ASIABASE1")]), &script, 0)).unwrap().date
    };
    assert_eq!(date(plan(None), response(200, GRANTED).unwrap()), Some(now()));
    let aged = Response { aged: true, ..response(200, GRANTED).unwrap() };
    assert_eq!(date(plan(None), aged), None);
    let overridden = Endpoint { overridden: true, ..endpoint() };
    assert_eq!(date(RolePlan { endpoint: overridden, ..plan(None) }, response(200, GRANTED).unwrap()), None);
}

#[test]
fn the_account_is_the_roles_where_the_answer_tells_none() {
    let answer = one([response(200, GRANTED.replace("assumed-role/", "").replace("Arn>", "Else>"))]).0.unwrap();
    assert_eq!(answer.credentials.account_id.as_deref(), Some("123456789012"));
    assert_eq!(answer.identity.account_id, answer.credentials.account_id);
}
