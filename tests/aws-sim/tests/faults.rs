//! Does each fault show on the wire as it is named?

mod common;

use common::*;
use serde_json::{Value, json};
use std::time::Duration;

/// A world with this fault, and how a request for the credentials ends in it.
async fn under(fault: Value) -> Result<Answer, Failure> {
    let world = world(json!({}));
    act(&world, fault).await;
    exchange(&world.imds["imds"], "GET", CREDENTIALS, &[], b"", HANGS).await
}

#[tokio::test]
async fn refuse_closes_the_port_and_clear_opens_the_same_one() {
    let world = world(json!({"imds": ["a", "b"]}));
    let (a, b) = (&world.imds["a"], &world.imds["b"]);
    act(&world, json!({"action": "refuse", "listeners": ["a"]})).await;
    assert_eq!(get(a, ROLES).await.unwrap_err(), Failure::Refused);
    assert_eq!(get(b, ROLES).await.unwrap().status, 200);
    act(&world, json!({"action": "clear"})).await;
    assert_eq!(get(a, ROLES).await.unwrap().status, 200);
}

#[tokio::test]
async fn refuse_for_a_time_ends_by_itself() {
    let world = world(json!({}));
    act(&world, json!({"action": "refuse", "for_s": 0.3})).await;
    let imds = &world.imds["imds"];
    assert_eq!(get(imds, ROLES).await.unwrap_err(), Failure::Refused);
    let deadline = tokio::time::Instant::now() + LONG;
    while get(imds, ROLES).await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "still refused");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn refuse_cuts_connections_that_are_open() {
    let world = world(json!({}));
    act(&world, json!({"action": "hang_after_connect"})).await;
    let imds = world.imds["imds"].clone();
    let waiting = tokio::spawn(async move { get(&imds, ROLES).await });
    while world.state().journal.since(0).entries.len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    act(&world, json!({"action": "refuse"})).await;
    let ended = tokio::time::timeout(LONG, waiting).await.unwrap().unwrap();
    assert!(matches!(ended, Err(Failure::NoAnswer | Failure::Reset)), "{ended:?}");
}

#[tokio::test]
async fn hang_connect_lets_no_connect_through_until_it_is_cleared() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    act(&world, json!({"action": "hang_connect"})).await;
    for _ in 0..3 {
        let ended = exchange(imds, "GET", ROLES, &[], b"", HANGS).await;
        assert_eq!(ended.unwrap_err(), Failure::ConnectHangs);
    }
    act(&world, json!({"action": "clear"})).await;
    assert_eq!(get(imds, ROLES).await.unwrap().status, 200);
}

#[tokio::test]
async fn hang_after_connect_never_answers() {
    assert_eq!(under(json!({"action": "hang_after_connect"})).await.unwrap_err(), Failure::AnswerHangs);
}

#[tokio::test]
async fn status_gives_code_retry_after_and_body() {
    let answer = under(json!({"action": "status", "code": 429, "retry_after_s": 7, "body": "slow"})).await.unwrap();
    assert_eq!((answer.status, answer.header("retry-after"), answer.text()), (429, Some("7"), "slow"));
    assert_eq!(under(json!({"action": "status", "code": 503})).await.unwrap().status, 503);
}

#[tokio::test]
async fn slow_trickle_gives_a_byte_a_second() {
    let world = world(json!({"role": {"name": "ab"}}));
    act(&world, json!({"action": "slow_trickle"})).await;
    let begin = tokio::time::Instant::now();
    let answer = get(&world.imds["imds"], ROLES).await.unwrap();
    assert_eq!((answer.text(), answer.header("content-length")), ("ab", Some("2")));
    assert!(begin.elapsed() >= Duration::from_secs(2), "too fast: {:?}", begin.elapsed());
}

#[tokio::test]
async fn lying_length_announces_more_than_comes() {
    let answer = under(json!({"action": "lying_length"})).await.unwrap();
    let announced: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!(announced, answer.body.len() + 100);
}

#[tokio::test]
async fn empty_is_a_success_without_a_body() {
    let answer = under(json!({"action": "empty"})).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[tokio::test]
async fn truncated_is_the_first_half_of_the_json() {
    let answer = under(json!({"action": "truncated"})).await.unwrap();
    assert!(answer.text().starts_with("{\n  \"Code\" : \"Success\""));
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
}

#[tokio::test]
async fn garbage_is_no_text() {
    let answer = under(json!({"action": "garbage"})).await.unwrap();
    assert!(answer.status == 200 && std::str::from_utf8(&answer.body).is_err());
}

#[tokio::test]
async fn wrong_json_comes_in_every_kind() {
    for (kind, field) in [
        ("missing_access_key_id", "AccessKeyId"),
        ("missing_secret_access_key", "SecretAccessKey"),
        ("missing_token", "Token"),
        ("missing_expiration", "Expiration"),
        ("nulls", "Token"),
    ] {
        let document = under(json!({"action": "wrong_json", "kind": kind})).await.unwrap().json();
        assert!(document[field].is_null() && document["Code"] == "Success", "{kind}: {document}");
    }
    let failure = under(json!({"action": "wrong_json"})).await.unwrap().json();
    assert_eq!(failure["Code"], "AssumeRoleUnauthorizedAccess");
    let time = under(json!({"action": "wrong_json", "kind": "bad_expiration"})).await.unwrap().json();
    assert_eq!(time["Expiration"], "tomorrow");
    assert_eq!(under(json!({"action": "wrong_json", "kind": "array"})).await.unwrap().json(), json!([]));
    assert!(under(json!({"action": "wrong_json", "kind": "text"})).await.unwrap().json().is_string());
}

#[tokio::test]
async fn huge_is_still_coming_after_more_than_any_client_should_read() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = world(json!({}));
    act(&world, json!({"action": "huge"})).await;
    let mut stream = tokio::net::TcpStream::connect(world.imds["imds"].strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(format!("GET {CREDENTIALS} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut first = vec![0; 1 << 20];
    tokio::time::timeout(LONG, stream.read_exact(&mut first)).await.unwrap().unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn redirect_points_to_itself() {
    let answer = under(json!({"action": "redirect"})).await.unwrap();
    assert_eq!((answer.status, answer.header("location")), (302, Some(CREDENTIALS)));
}

#[tokio::test]
async fn reset_breaks_the_connection() {
    assert_eq!(under(json!({"action": "reset"})).await.unwrap_err(), Failure::Reset);
}

#[tokio::test]
async fn expired_set_is_dead_on_arrival_and_stays_the_same() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    let live = served_key(imds).await;
    act(&world, json!({"action": "expired_set", "ago_s": 90})).await;
    let document = credentials(imds).await;
    let expiration: chrono::DateTime<chrono::Utc> = document["Expiration"].as_str().unwrap().parse().unwrap();
    let ago = aws_sim::clock::now() - expiration;
    assert!(ago >= chrono::TimeDelta::seconds(90) && ago < chrono::TimeDelta::seconds(120), "{ago}");
    assert_eq!(served_key(imds).await, document["AccessKeyId"]);
    act(&world, json!({"action": "clear"})).await;
    assert_eq!(served_key(imds).await, live);
}

#[tokio::test]
async fn same_set_is_served_although_the_next_is_there() {
    let world = world(json!({"imds": ["frozen", "free"]}));
    let key = served_key(&world.imds["frozen"]).await;
    act(&world, json!([{"action": "same_set", "listeners": ["frozen"]}, {"action": "rotate_now"}])).await;
    assert_eq!(served_key(&world.imds["frozen"]).await, key);
    assert_ne!(served_key(&world.imds["free"]).await, key);
}

#[tokio::test]
async fn older_set_and_alternate_need_a_past_and_then_serve_it() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    let old = served_key(imds).await;
    assert!(world.perform(&json!({"action": "older_set"})).await.unwrap_err().contains("rotate_now"));
    act(&world, json!({"action": "rotate_now"})).await;
    let new = served_key(imds).await;
    act(&world, json!({"action": "older_set"})).await;
    assert_eq!(served_key(imds).await, old);
    act(&world, json!([{"action": "clear"}, {"action": "alternate"}])).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(served_key(imds).await);
    }
    assert_eq!(seen, [new.as_str(), &old, &new, &old]);
}

#[tokio::test]
async fn role_swap_changes_name_account_and_keys_for_good() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    let old = credentials(imds).await;
    act(&world, json!({"action": "role_swap", "name": "new-role", "account_id": "999999999999"})).await;
    act(&world, json!({"action": "clear"})).await;
    assert_eq!(get(imds, ROLES).await.unwrap().text(), "new-role");
    assert_eq!(get(imds, CREDENTIALS).await.unwrap().status, 404);
    let document = get(imds, &format!("{EXTENDED}new-role")).await.unwrap().json();
    assert_eq!(document["AccountId"], "999999999999");
    assert_ne!(document["AccessKeyId"], old["AccessKeyId"]);
    assert_eq!(Call::send(&world, &old).go(&world.sqs).await.status, 200, "the old role's key lives on");
}

#[tokio::test]
async fn no_role_hides_list_and_credentials_until_role_back() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    act(&world, json!({"action": "no_role"})).await;
    assert_eq!(get(imds, ROLES).await.unwrap().status, 404);
    assert_eq!(get(imds, CREDENTIALS).await.unwrap().status, 404);
    act(&world, json!({"action": "role_back"})).await;
    assert_eq!(get(imds, ROLES).await.unwrap().status, 200);
}

#[tokio::test]
async fn set_role_changes_the_next_set() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    act(&world, json!([{"action": "set_role", "lifetime_s": 3600, "renew_before_s": 60}, {"action": "rotate_now"}]))
        .await;
    let document = credentials(imds).await;
    let time = |name: &str| document[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(time("Expiration") - time("LastUpdated"), chrono::TimeDelta::hours(1));
    assert!(world.perform(&json!({"action": "set_role", "renew_before_s": 3600})).await.is_err());
}

#[tokio::test]
async fn time_offset_bends_the_date_of_one_listener() {
    let world = world(json!({"imds": ["off", "right"]}));
    act(&world, json!({"action": "time_offset", "seconds": -3600, "listeners": ["off"]})).await;
    let date = |answer: Answer| httpdate::parse_http_date(answer.header("date").unwrap()).unwrap();
    let off = date(get(&world.imds["off"], ROLES).await.unwrap());
    let right = date(get(&world.imds["right"], ROLES).await.unwrap());
    let apart = right.duration_since(off).unwrap();
    assert!((3600..3620).contains(&apart.as_secs()), "{apart:?}");
}

#[tokio::test]
async fn scope_and_times_bound_a_fault() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    act(&world, json!({"action": "status", "code": 500, "scope": "token", "times": 1})).await;
    assert_eq!(get(imds, ROLES).await.unwrap().status, 200);
    let put = || exchange(imds, "PUT", TOKEN, &[(TTL, "60")], b"", LONG);
    assert_eq!(put().await.unwrap().status, 500);
    assert_eq!(put().await.unwrap().status, 200);
    let faults: Vec<_> = world.state().journal.since(0).entries.iter().filter_map(|e| e.fault).collect();
    assert_eq!(faults, ["status"]);
}
