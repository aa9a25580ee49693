//! Does the simulated STS give sessions as AWS gives them, and refuse the rest in AWS's words?

mod common;

use aws_sim::sts::TokenRequest;
use aws_sim::world::World;
use common::*;
use serde_json::{Value, json};

const ROLE: &str = "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fsts-role";

fn with_user(mut config: Value) -> std::sync::Arc<World> {
    config["users"] = json!([{"name": "alice"}]);
    world(config)
}

async fn assume(world: &World, credentials: &Value, extra: &str) -> Answer {
    let form = format!("Action=AssumeRole&{ROLE}&RoleSessionName=me{extra}");
    Call::sts(credentials, &form).go(&world.services["sts"]).await
}

fn token(world: &World, request: Value) -> String {
    let request: TokenRequest = serde_json::from_value(request).unwrap();
    world.web_identity_token(&request)["token"].as_str().unwrap().to_string()
}

async fn assume_with(world: &World, token: &str, extra: &str) -> Answer {
    let form = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&{ROLE}&RoleSessionName=me&WebIdentityToken={token}{extra}"
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    exchange(&world.services["sts"], "POST", "/", &headers, form.as_bytes(), LONG).await.unwrap()
}

fn life_s(document: &Value) -> i64 {
    let expiration: chrono::DateTime<chrono::Utc> = document["Expiration"].as_str().unwrap().parse().unwrap();
    (expiration - aws_sim::clock::now()).num_seconds()
}

#[tokio::test]
async fn a_session_has_the_shape_of_aws_and_sqs_takes_its_key() {
    let world = with_user(json!({}));
    let answer = assume(&world, &user_key(&world), "").await;
    let text = answer.text();
    assert!(text.starts_with("<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"), "{text}");
    assert_eq!(answer.header("content-type"), Some("text/xml"));
    assert_eq!(element(text, "Arn"), Some("arn:aws:sts::123456789012:assumed-role/sts-role/me"));
    assert!(element(text, "AssumedRoleId").unwrap().starts_with("AROA"));
    assert_eq!(element(text, "PackedPolicySize"), None);
    let session = sts_credentials(&answer);
    assert!((3590..=3600).contains(&life_s(&session)), "{session}");
    assert_eq!(Call::send(&world, &session).go(&world.sqs).await.status, 200);
}

#[tokio::test]
async fn caller_identity_tells_who_signs() {
    let world = with_user(json!({}));
    let ask = |credentials: Value| {
        let sts = world.services["sts"].clone();
        async move { Call::sts(&credentials, "Action=GetCallerIdentity").go(&sts).await }
    };
    let user = ask(user_key(&world)).await;
    assert_eq!(element(user.text(), "Arn"), Some("arn:aws:iam::123456789012:user/alice"));
    let instance = ask(credentials(&world.imds["imds"]).await).await;
    assert_eq!(
        element(instance.text(), "Arn"),
        Some("arn:aws:sts::123456789012:assumed-role/app-role/i-1234567890abcdef0")
    );
    assert_eq!(element(instance.text(), "Account"), Some("123456789012"));
}

#[tokio::test]
async fn a_session_can_assume_the_next_role_for_an_hour_at_most() {
    let world = with_user(json!({"sts_roles": [{"role": "sts-role", "max_session_s": 43200}]}));
    let first = sts_credentials(&assume(&world, &user_key(&world), "&DurationSeconds=7200").await);
    assert!(life_s(&first) > 7000);
    let second = assume(&world, &first, "&DurationSeconds=3600").await;
    assert_eq!(Call::send(&world, &sts_credentials(&second)).go(&world.sqs).await.status, 200);
    let (status, code, text) = sts_refusal(&assume(&world, &first, "&DurationSeconds=3601").await);
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert_eq!(
        text,
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    );
    let instance = credentials(&world.imds["imds"]).await;
    assert_eq!(assume(&world, &instance, "&DurationSeconds=7200").await.status, 200, "EC2's roles are excepted");
}

#[tokio::test]
async fn durations_out_of_bounds_are_refused() {
    let world = with_user(json!({}));
    let key = user_key(&world);
    for (duration, part) in [
        (
            "899",
            "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
        ),
        ("43201", "Member must have value less than or equal to 43200"),
        ("3601", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
    ] {
        let (status, code, text) = sts_refusal(&assume(&world, &key, &format!("&DurationSeconds={duration}")).await);
        assert_eq!((status, code.as_str()), (400, "ValidationError"));
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_world_can_shorten_the_life_of_sessions() {
    let world = with_user(json!({"sts_roles": [{"role": "sts-role", "session_lifetime_s": 2}]}));
    let session = sts_credentials(&assume(&world, &user_key(&world), "&DurationSeconds=3600").await);
    assert!(life_s(&session) <= 2, "{session}");
    let deadline = tokio::time::Instant::now() + LONG;
    loop {
        let answer = Call::sts(&session, "Action=GetCallerIdentity").go(&world.services["sts"]).await;
        if answer.status != 200 {
            let refusal = sts_refusal(&answer);
            let text = "The security token included in the request is expired".to_string();
            assert_eq!(refusal, (403, "ExpiredToken".into(), text));
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "still good");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    act(&world, json!({"action": "set_sts_role", "role": "sts-role", "session_lifetime_s": 0})).await;
    assert!(life_s(&sts_credentials(&assume(&world, &user_key(&world), "").await)) > 3500);
}

#[tokio::test]
async fn trust_is_by_principal_and_external_id() {
    let world = world(json!({
        "users": [{"name": "alice"}],
        "sts_roles": [
            {"role": "sts-role", "trusted": ["arn:aws:iam::123456789012:role/app-role"], "external_id": "secret-id"},
        ],
    }));
    let instance = credentials(&world.imds["imds"]).await;
    assert_eq!(assume(&world, &instance, "&ExternalId=secret-id").await.status, 200);
    let denied = |who: &str| {
        let resource = "arn:aws:iam::123456789012:role/sts-role";
        let text = format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {resource}");
        (403, "AccessDenied".to_string(), text)
    };
    let instance_arn = "arn:aws:sts::123456789012:assumed-role/app-role/i-1234567890abcdef0";
    for extra in ["", "&ExternalId=other-id"] {
        assert_eq!(sts_refusal(&assume(&world, &instance, extra).await), denied(instance_arn));
    }
    let alice = assume(&world, &user_key(&world), "&ExternalId=secret-id").await;
    assert_eq!(sts_refusal(&alice), denied("arn:aws:iam::123456789012:user/alice"));
}

#[tokio::test]
async fn a_denied_role_is_denied_until_it_is_restored() {
    let world = with_user(json!({}));
    let key = user_key(&world);
    act(&world, json!({"action": "deny_role", "role": "sts-role"})).await;
    assert_eq!(sts_refusal(&assume(&world, &key, "").await).1, "AccessDenied");
    assert_eq!(sts_refusal(&assume_with(&world, &token(&world, json!({})), "").await).1, "AccessDenied");
    act(&world, json!({"action": "restore_role", "role": "sts-role"})).await;
    assert_eq!(assume(&world, &key, "").await.status, 200);
    assert!(world.perform(&json!({"action": "deny_role", "role": "nobody"})).await.unwrap_err().contains("sts-role"));
}

#[tokio::test]
async fn an_unsigned_a_wrongly_signed_and_a_stale_request_are_refused() {
    let world = with_user(json!({}));
    let (sts, key) = (&world.services["sts"], user_key(&world));
    let call = || Call::sts(&key, "Action=GetCallerIdentity");
    let mut unsigned = call().signed(sts);
    unsigned.retain(|(name, _)| name != "authorization");
    let (status, code, _) = sts_refusal(&call().go_with(sts, &unsigned).await);
    assert_eq!((status, code.as_str()), (403, "MissingAuthenticationToken"));
    let half = [unsigned, vec![("authorization".into(), "AWS4-HMAC-SHA256 Credential=a/b".into())]].concat();
    let (status, code, _) = sts_refusal(&call().go_with(sts, &half).await);
    assert_eq!((status, code.as_str()), (400, "IncompleteSignature"));
    let wrong = Call { secret: "wrong".into(), ..call() };
    assert_eq!(sts_refusal(&wrong.go(sts).await).1, "SignatureDoesNotMatch");
    let for_sqs = Call { service: "sqs", ..call() };
    assert!(sts_refusal(&for_sqs.go(sts).await).2.contains("correct service: 'sts', not 'sqs'"));
    let stale = sts_refusal(&call().shifted(-320).go(sts).await);
    assert!(stale.1 == "SignatureDoesNotMatch" && stale.2.starts_with("Signature expired: "), "{stale:?}");
    let with_token = Call { token: Some("none of a user's".into()), ..call() };
    assert_eq!(sts_refusal(&with_token.go(sts).await).1, "InvalidClientTokenId");
}

#[tokio::test]
async fn a_revoked_key_is_unknown_and_sessions_can_be_revoked_by_service() {
    let world = with_user(json!({}));
    let key = user_key(&world);
    let session = sts_credentials(&assume(&world, &key, "").await);
    let instance = credentials(&world.imds["imds"]).await;
    act(&world, json!({"action": "revoke", "which": "all", "service": "sts"})).await;
    assert_eq!(sts_refusal(&assume(&world, &session, "").await).1, "InvalidClientTokenId");
    assert_eq!(Call::send(&world, &session).go(&world.sqs).await.status, 403);
    assert_eq!(Call::send(&world, &instance).go(&world.sqs).await.status, 200);
    act(&world, json!({"action": "revoke_key", "access_key_id": key["AccessKeyId"]})).await;
    assert_eq!(sts_refusal(&assume(&world, &key, "").await).1, "InvalidClientTokenId");
}

#[tokio::test]
async fn a_users_key_signs_for_sqs_without_a_token() {
    let world = world(json!({
        "users": [{"name": "bob", "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "a-secret"}],
    }));
    let key = json!({"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "a-secret"});
    assert_eq!(Call::send(&world, &key).go(&world.sqs).await.status, 200);
}

#[tokio::test]
async fn a_web_identity_gets_a_session_without_a_signature() {
    let world = world(json!({}));
    let answer = assume_with(&world, &token(&world, json!({})), "").await;
    let text = answer.text();
    let session = sts_credentials(&answer);
    assert_eq!(element(text, "SubjectFromWebIdentityToken"), Some("system:serviceaccount:default:app"));
    assert_eq!(element(text, "Audience"), Some("sts.amazonaws.com"));
    assert!(element(text, "Provider").unwrap().starts_with("arn:aws:iam::123456789012:oidc-provider/oidc.eks."));
    assert_eq!(Call::send(&world, &session).go(&world.sqs).await.status, 200);
    let entry = last_entry(&world, "sts");
    assert_eq!(entry.operation.as_deref(), Some("AssumeRoleWithWebIdentity"));
    assert_eq!(entry.issued_key_id.as_deref(), session["AccessKeyId"].as_str());
}

#[tokio::test]
async fn a_web_identity_token_is_judged_as_aws_judges_it() {
    let world = world(json!({
        "sts_roles": [{"role": "sts-role", "web_identity": {"subject": "system:serviceaccount:default:app"}}],
    }));
    for (request, status, code, part) in [
        (json!({"expires_in_s": -60}), 400, "ExpiredTokenException", "Token expired: current date/time "),
        (json!({"audience": "elsewhere"}), 400, "InvalidIdentityToken", "Incorrect token audience"),
        (json!({"issuer": "https://else.where"}), 400, "InvalidIdentityToken", "No OpenIDConnect provider found"),
        (json!({"signature": "wrong"}), 400, "InvalidIdentityToken", "signature"),
        (json!({"signature": "none"}), 400, "InvalidIdentityToken", "signature"),
        (
            json!({"subject": "somebody"}),
            403,
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
    ] {
        let refusal = sts_refusal(&assume_with(&world, &token(&world, request.clone()), "").await);
        assert_eq!((refusal.0, refusal.1.as_str()), (status, code), "{request}");
        assert!(refusal.2.contains(part), "{}", refusal.2);
    }
    let (status, code, text) = sts_refusal(&assume_with(&world, "no-token", "").await);
    assert_eq!((status, code.as_str()), (400, "InvalidIdentityToken"));
    assert!(text.starts_with("The ID Token provided is not a valid JWT"), "{text}");
}

#[tokio::test]
async fn throttling_is_a_400_and_other_errors_have_awss_status() {
    let world = with_user(json!({}));
    let key = user_key(&world);
    act(&world, json!({"action": "throttle", "listeners": ["sts"], "times": 1})).await;
    let throttled = sts_refusal(&assume(&world, &key, "").await);
    assert_eq!(throttled, (400, "Throttling".into(), "Rate exceeded".into()));
    for (code, status) in [
        ("IDPCommunicationError", 400),
        ("RegionDisabledException", 403),
        ("PackedPolicyTooLarge", 400),
        ("ServiceUnavailable", 503),
        ("AccessDenied", 403),
    ] {
        act(&world, json!({"action": "fail", "code": code, "listeners": ["sts"], "times": 1})).await;
        let refusal = sts_refusal(&assume(&world, &key, "").await);
        assert_eq!((refusal.0, refusal.1.as_str()), (status, code));
    }
    assert_eq!(assume(&world, &key, "").await.status, 200);
    assert_eq!(world.state().keys.sets().len(), 1, "a request that fails gets no session");
    assert_eq!(world.state().journal.summary().by_error_code["Throttling"], 1);
    assert!(world.perform(&json!({"action": "fail", "code": "X"})).await.unwrap_err().contains("listeners"));
}

#[tokio::test]
async fn wrong_documents_are_xml_without_the_part() {
    let world = with_user(json!({}));
    let key = user_key(&world);
    for (kind, name) in [
        ("missing_access_key_id", "AccessKeyId"),
        ("missing_secret_access_key", "SecretAccessKey"),
        ("missing_token", "SessionToken"),
        ("missing_expiration", "Expiration"),
        ("nulls", "SessionToken"),
    ] {
        act(&world, json!({"action": "wrong_json", "kind": kind, "listeners": ["sts"], "times": 1})).await;
        let answer = assume(&world, &key, "").await;
        assert!(answer.status == 200 && element(answer.text(), name).is_none(), "{kind}: {}", answer.text());
    }
    act(&world, json!({"action": "wrong_json", "kind": "bad_expiration", "listeners": ["sts"], "times": 1})).await;
    assert_eq!(element(assume(&world, &key, "").await.text(), "Expiration"), Some("tomorrow"));
}

#[tokio::test]
async fn a_fresh_session_is_unknown_until_it_has_spread() {
    let world = with_user(json!({}));
    act(&world, json!({"action": "not_yet_valid", "seconds": 600})).await;
    let session = sts_credentials(&assume(&world, &user_key(&world), "").await);
    assert_eq!(sts_refusal(&assume(&world, &session, "").await).1, "InvalidClientTokenId");
    act(&world, json!({"action": "clear"})).await;
    let next = sts_credentials(&assume(&world, &user_key(&world), "").await);
    assert_eq!(assume(&world, &next, "").await.status, 200);
}

#[tokio::test]
async fn what_is_no_operation_is_told_so() {
    let world = with_user(json!({}));
    let sts = &world.services["sts"];
    for (form, code) in [("Action=Sing", "InvalidAction"), ("Say=nothing", "MissingAction")] {
        assert_eq!(sts_refusal(&Call::sts(&user_key(&world), form).go(sts).await).1, code);
    }
}

#[tokio::test]
async fn truth_secrets_and_journal_tell_of_sessions() {
    let world = with_user(json!({}));
    let key = user_key(&world);
    let session = sts_credentials(&assume(&world, &key, "&DurationSeconds=1800").await);
    let web = token(&world, json!({}));
    let truth = world.truth();
    let set = &truth["sets"][0];
    assert_eq!((&set["access_key_id"], &set["issuer"]), (&session["AccessKeyId"], &json!("sts")));
    assert_eq!((&set["session_name"], &set["asked_s"]), (&json!("me"), &json!(1800)));
    assert_eq!(truth["users"][0]["access_key_id"], key["AccessKeyId"]);
    let known = secrets(&world);
    for secret in [&session["SecretAccessKey"], &session["Token"], &key["SecretAccessKey"], &json!(web)] {
        assert!(known.iter().any(|s| s == secret) && !truth.to_string().contains(secret.as_str().unwrap()));
    }
    let entry = last_entry(&world, "sts");
    assert_eq!(entry.access_key_id.as_deref(), key["AccessKeyId"].as_str());
    assert_eq!(entry.issued_key_id.as_deref(), session["AccessKeyId"].as_str());
}
