//! Do the container agents answer as the real ones do?

mod common;

use aws_sim::container::pod_identity::TokenRequest;
use aws_sim::world::World;
use common::*;
use serde_json::{Value, json};

fn pod_token(world: &World, request: Value) -> String {
    let request: TokenRequest = serde_json::from_value(request).unwrap();
    world.pod_identity_token(&request)["token"].as_str().unwrap().to_string()
}

async fn ask_pod(world: &World, token: &str) -> Answer {
    let headers = [("Authorization", token)];
    exchange(&world.services["pod_identity"], "GET", "/v1/credentials", &headers, b"", LONG).await.unwrap()
}

async fn ask_ecs(world: &World) -> Answer {
    get(&world.services["ecs"], &world.ecs_relative_uri).await.unwrap()
}

#[tokio::test]
async fn the_ecs_agent_gives_the_tasks_credentials_in_its_order() {
    let world = world(json!({}));
    let answer = ask_ecs(&world).await;
    let document = answer.json();
    let names: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(names, ["RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"]);
    assert_eq!(document["RoleArn"], "arn:aws:iam::123456789012:role/task-role");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(Call::send(&world, &document).go(&world.sqs).await.status, 200);
    assert_eq!(ask_ecs(&world).await.json(), document, "the set stays until it is due");
    act(&world, json!({"action": "rotate_now", "service": "ecs"})).await;
    assert_ne!(ask_ecs(&world).await.json()["AccessKeyId"], document["AccessKeyId"]);
    assert!(world.truth()["ecs"]["access_key_id"] != world.truth()["serving"]["access_key_id"]);
}

#[tokio::test]
async fn the_ecs_agent_does_not_know_other_ids() {
    let world = world(json!({}));
    let ecs = &world.services["ecs"];
    for (path, code, text) in [
        ("/v2/credentials/other", "InvalidIdInRequest", "CredentialsV2Request: Credentials not found"),
        ("/v2/credentials", "NoIdInRequest", "CredentialsV2Request: No Credential ID in the request"),
    ] {
        let answer = get(ecs, path).await.unwrap();
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json(), json!({"code": code, "message": text, "HTTPErrorCode": 400}));
    }
    assert_eq!(get(ecs, "/elsewhere").await.unwrap().status, 404);
}

#[tokio::test]
async fn a_short_lived_task_role_rotates_by_its_own_schedule() {
    let world = world(json!({"ecs": {"lifetime_s": 2, "renew_before_s": 1}}));
    let first = ask_ecs(&world).await.json();
    let deadline = tokio::time::Instant::now() + LONG;
    while ask_ecs(&world).await.json()["AccessKeyId"] == first["AccessKeyId"] {
        assert!(tokio::time::Instant::now() < deadline, "still the first set");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(world.truth()["serving"]["access_key_id"], Value::Null, "IMDS was not asked");
}

#[tokio::test]
async fn the_pod_agent_takes_only_the_current_token() {
    let world = world(json!({}));
    let first = pod_token(&world, json!({}));
    let answer = ask_pod(&world, &first).await;
    let document = answer.json();
    let names: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(names, ["AccessKeyId", "SecretAccessKey", "Token", "AccountId", "Expiration"]);
    assert_eq!(Call::send(&world, &document).go(&world.sqs).await.status, 200);

    let second = pod_token(&world, json!({}));
    let refused = ask_pod(&world, &first).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("]: (InvalidTokenException): ") && refused.text().ends_with(", fault: client\n"));
    assert_eq!(ask_pod(&world, &second).await.status, 200);
    pod_token(&world, json!({"keep_older": true}));
    assert_eq!(ask_pod(&world, &second).await.status, 200);
    let literal = pod_token(&world, json!({"literal": "Basic dGVzdA=="}));
    assert_eq!(ask_pod(&world, &literal).await.status, 200);
    let known = secrets(&world);
    assert!([first, second, literal].iter().all(|token| known.contains(token)));
}

#[tokio::test]
async fn the_pod_agent_says_in_plain_text_what_is_wrong_with_a_token() {
    let world = world(json!({}));
    let missing = get(&world.services["pod_identity"], "/v1/credentials").await.unwrap();
    assert_eq!((missing.status, missing.text()), (400, "Service account token cannot be empty\n"));
    assert_eq!(missing.header("content-type"), Some("text/plain; charset=utf-8"));
    let expired = ask_pod(&world, &pod_token(&world, json!({"expires_in_s": -1}))).await;
    assert!(expired.status == 400 && expired.text().contains("token is expired"), "{}", expired.text());
    let garbled = ask_pod(&world, "a.b").await;
    assert!(garbled.status == 400 && garbled.text().starts_with("Service account token cannot be parsed: "));
}

#[tokio::test]
async fn the_pod_agent_refuses_who_asks_too_often() {
    let world = world(json!({"pod_identity": {"requests_per_s": 1}}));
    let token = pod_token(&world, json!({}));
    let mut answers = vec![ask_pod(&world, &token).await];
    let deadline = tokio::time::Instant::now() + LONG;
    while answers.last().unwrap().status == 200 {
        assert!(tokio::time::Instant::now() < deadline, "never refused");
        answers.push(ask_pod(&world, &token).await);
    }
    assert_eq!(answers[0].status, 200);
    let last = answers.last().unwrap();
    assert_eq!((last.status, last.text()), (429, "Too Many Requests\n"));
}

#[tokio::test]
async fn no_role_and_sets_of_the_past_show_at_the_agents_too() {
    let world = world(json!({}));
    let token = pod_token(&world, json!({}));
    let old = ask_ecs(&world).await.json();
    let refused = world.perform(&json!({"action": "older_set", "listeners": ["pod_identity"]})).await;
    assert!(refused.unwrap_err().contains("rotate_now"));
    act(&world, json!([{"action": "rotate_now", "service": "ecs"}, {"action": "older_set", "listeners": ["ecs"]}]))
        .await;
    assert_eq!(ask_ecs(&world).await.json(), old);
    act(&world, json!([{"action": "clear"}, {"action": "expired_set", "listeners": ["ecs"]}])).await;
    let dead: chrono::DateTime<chrono::Utc> =
        ask_ecs(&world).await.json()["Expiration"].as_str().unwrap().parse().unwrap();
    assert!(dead < aws_sim::clock::now());
    act(&world, json!([{"action": "clear"}, {"action": "no_role", "listeners": ["ecs", "pod_identity"]}])).await;
    assert_eq!(ask_ecs(&world).await.json()["code"], "InvalidIdInRequest");
    let gone = ask_pod(&world, &token).await;
    assert!(gone.status == 404 && gone.text().contains("ResourceNotFoundException"), "{}", gone.text());
    assert_eq!(get(&world.imds["imds"], ROLES).await.unwrap().status, 200, "IMDS is another listener");
    let error = world.perform(&json!({"action": "same_set", "listeners": ["sts"]})).await.unwrap_err();
    assert!(error.contains("pod_identity"), "{error}");
}

#[tokio::test]
async fn the_agents_fail_in_their_own_words() {
    let world = world(json!({}));
    let token = pod_token(&world, json!({}));
    let fail = |code: &str, at: &str| json!({"action": "fail", "code": code, "listeners": [at], "times": 1});
    act(&world, fail("CredentialsUninitialized", "ecs")).await;
    let answer = ask_ecs(&world).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("CredentialsUninitialized")));
    act(&world, fail("AccessDeniedException", "pod_identity")).await;
    let answer = ask_pod(&world, &token).await;
    assert!(answer.status == 400 && answer.text().contains("(AccessDeniedException)"), "{}", answer.text());
    act(&world, json!({"action": "throttle", "listeners": ["ecs", "pod_identity"]})).await;
    assert_eq!((ask_ecs(&world).await.status, ask_pod(&world, &token).await.status), (429, 429));
}

#[tokio::test]
async fn both_agents_can_listen_on_ipv6() {
    let world = world(json!({"ipv6": true}));
    for name in ["ecs", "pod_identity"] {
        assert!(world.services[name].starts_with("http://[::1]:"), "{}", world.services[name]);
    }
    assert_eq!(ask_ecs(&world).await.status, 200);
}
