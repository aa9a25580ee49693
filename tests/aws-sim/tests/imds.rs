//! Is the simulated IMDS as strict as the real one, and does it rotate credentials as told?

mod common;

use aws_sim::clock::imds_time;
use common::*;
use serde_json::json;

#[tokio::test]
async fn a_token_is_given_for_a_legal_ttl_only_and_echoes_it() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    for (ttl, status) in [("1", 200), ("21600", 200), ("0", 400), ("21601", 400), ("soon", 400), ("-1", 400)] {
        let answer = exchange(imds, "PUT", TOKEN, &[(TTL, ttl)], b"", LONG).await.unwrap();
        assert_eq!(answer.status, status, "ttl {ttl}");
        assert_eq!(answer.header(TTL), (status == 200).then_some(ttl));
    }
    assert_eq!(exchange(imds, "PUT", TOKEN, &[], b"", LONG).await.unwrap().status, 400);
    assert_eq!(get(imds, TOKEN).await.unwrap().status, 405);
}

#[tokio::test]
async fn a_forwarded_token_request_is_refused() {
    let world = world(json!({}));
    let headers = [(TTL, "60"), ("X-Forwarded-For", "10.0.0.1")];
    assert_eq!(exchange(&world.imds["imds"], "PUT", TOKEN, &headers, b"", LONG).await.unwrap().status, 403);
}

#[tokio::test]
async fn v2_only_demands_a_token_that_it_gave() {
    let world = world(json!({"imds_mode": "v2_only"}));
    let imds = &world.imds["imds"];
    assert_eq!(get(imds, ROLES).await.unwrap().status, 401);
    let good = token(imds).await;
    for (token, status) in [(good.as_str(), 200), ("AQAEAmade-up==", 401)] {
        let answer = exchange(imds, "GET", ROLES, &[(TOKEN_HEADER, token)], b"", LONG).await.unwrap();
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn without_a_token_version_1_answers_but_a_wrong_token_never_does() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    assert_eq!(get(imds, ROLES).await.unwrap().text(), "app-role");
    let answer = exchange(imds, "GET", ROLES, &[(TOKEN_HEADER, "wrong")], b"", LONG).await.unwrap();
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    let token = token(imds).await;
    let ends = world.state().tokens[&token];
    world.state().tokens.insert(token.clone(), ends - chrono::TimeDelta::seconds(60));
    let answer = exchange(imds, "GET", ROLES, &[(TOKEN_HEADER, &token)], b"", LONG).await.unwrap();
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn v1_only_has_no_token_endpoint() {
    let world = world(json!({"imds_mode": "v1_only"}));
    let imds = &world.imds["imds"];
    assert_eq!(exchange(imds, "PUT", TOKEN, &[(TTL, "60")], b"", LONG).await.unwrap().status, 404);
    assert_eq!(get(imds, ROLES).await.unwrap().status, 200);
}

#[tokio::test]
async fn credentials_are_printed_as_the_real_service_prints_them() {
    let world = world(json!({}));
    let answer = get(&world.imds["imds"], CREDENTIALS).await.unwrap();
    assert_eq!(answer.header("server"), Some("EC2ws"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert!(answer.header("date").unwrap().ends_with(" GMT"));
    let names: Vec<&str> =
        answer.text().lines().filter_map(|line| line.trim().split_once("\" : ")).map(|(n, _)| &n[1..]).collect();
    let expected = ["Code", "LastUpdated", "Type", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"];
    assert_eq!(names, expected, "{}", answer.text());
    let document = answer.json();
    let state = world.state();
    let set = &state.keys.sets()[0];
    assert_eq!(document["Expiration"], imds_time(set.expiration));
    assert_eq!(document["Code"], "Success");
    assert!(set.access_key_id.starts_with("ASIA") && set.access_key_id.len() == 20);
    assert_eq!((set.secret_access_key.len(), set.session_token.len()), (40, 800));
}

#[tokio::test]
async fn the_extended_path_adds_the_account_and_can_be_absent() {
    let with = world(json!({"account_id": "210987654321"}));
    let imds = &with.imds["imds"];
    assert_eq!(get(imds, EXTENDED).await.unwrap().text(), "app-role");
    let document = get(imds, &format!("{EXTENDED}app-role")).await.unwrap().json();
    assert_eq!(document["AccountId"], "210987654321");

    let without = world(json!({"role": {"extended": false}}));
    let imds = &without.imds["imds"];
    assert_eq!(get(imds, EXTENDED).await.unwrap().status, 404);
    assert_eq!(get(imds, &format!("{EXTENDED}app-role")).await.unwrap().status, 404);
    assert_eq!(get(imds, CREDENTIALS).await.unwrap().status, 200);
}

#[tokio::test]
async fn other_roles_and_other_paths_are_not_found() {
    let world = world(json!({}));
    for path in ["/latest/meta-data/iam/security-credentials/other", "/latest/user-data", "/"] {
        assert_eq!(get(&world.imds["imds"], path).await.unwrap().status, 404, "{path}");
    }
}

#[tokio::test]
async fn all_listeners_serve_the_same_set_and_are_counted_apart() {
    let world = world(json!({"imds": ["a", "b"]}));
    assert_eq!(served_key(&world.imds["a"]).await, served_key(&world.imds["b"]).await);
    served_key(&world.imds["b"]).await;
    let summary = world.state().journal.summary();
    assert_eq!((summary.by_listener["a"].requests, summary.by_listener["b"].requests), (1, 2));
}

#[tokio::test]
async fn ipv6_listeners_answer_on_the_ipv6_loopback() {
    let world = world(json!({"ipv6": true}));
    assert!(world.imds["imds"].starts_with("http://[::1]:"));
    assert_eq!(get(&world.imds["imds"], ROLES).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_set_is_renewed_by_the_first_request_after_it_is_due() {
    let world = world(json!({"role": {"lifetime_s": 2, "renew_before_s": 1}}));
    let imds = &world.imds["imds"];
    let first = served_key(imds).await;
    let deadline = tokio::time::Instant::now() + LONG;
    while served_key(imds).await == first {
        assert!(tokio::time::Instant::now() < deadline, "never renewed");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let state = world.state();
    let [old, new] = &state.keys.sets()[..2] else { panic!("two sets") };
    assert_eq!(old.superseded_at, Some(new.minted_at));
    assert!(old.expiration > new.minted_at, "renewed before it died");
}

#[tokio::test]
async fn the_journal_tells_who_asked_what_and_got_which_key() {
    let world = world(json!({}));
    let imds = &world.imds["imds"];
    exchange(imds, "GET", CREDENTIALS, &[("User-Agent", "tester/1")], b"", LONG).await.unwrap();
    let page = world.state().journal.since(0);
    let entry = &page.entries[0];
    assert_eq!((entry.method.as_str(), entry.path.as_str(), entry.status), ("GET", CREDENTIALS, Some(200)));
    assert_eq!(entry.user_agent.as_deref(), Some("tester/1"));
    assert_eq!(entry.access_key_id.as_deref(), Some(world.state().keys.sets()[0].access_key_id.as_str()));
}
