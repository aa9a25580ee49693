//! Does each fault that is about the wire show at every service as it does at IMDS?

mod common;

use aws_sim::world::{SERVICES, World};
use common::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// A request that is answered with a document, good or bad.
struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Request {
    fn to(world: &World, service: &str) -> Self {
        let get = |path: &str, headers| Self { method: "GET", path: path.into(), headers, body: String::new() };
        let post = |path: &str, content_type: &str, body: String| {
            let headers = vec![("content-type", content_type.to_string())];
            Self { method: "POST", path: path.into(), headers, body }
        };
        match service {
            "sts" => {
                let token = world.web_identity_token(&Default::default())["token"].as_str().unwrap().to_string();
                let form = format!(
                    "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=me&RoleArn=\
                     arn:aws:iam::123456789012:role/sts-role&WebIdentityToken={token}"
                );
                post("/", "application/x-www-form-urlencoded", form)
            }
            "ecs" => get(&world.ecs_relative_uri, Vec::new()),
            "pod_identity" => {
                let token = world.pod_identity_token(&Default::default())["token"].as_str().unwrap().to_string();
                get("/v1/credentials", vec![("authorization", token)])
            }
            "sso" => {
                let login = world.sso_login(&Default::default());
                let token = login["token"]["accessToken"].as_str().unwrap().to_string();
                let path = "/federation/credentials?role_name=sso-role&account_id=123456789012";
                get(path, vec![("x-amz-sso_bearer_token", token)])
            }
            "oidc" => {
                let login = world.sso_login(&serde_json::from_value(json!({"session": "s"})).unwrap());
                let token = &login["token"];
                let body = json!({
                    "clientId": token["clientId"],
                    "clientSecret": token["clientSecret"],
                    "grantType": "refresh_token",
                    "refreshToken": token["refreshToken"],
                });
                post("/token", "application/json", body.to_string())
            }
            // A refusal has a document, too.
            _ => post("/v1/token", "application/json", "{}".into()),
        }
    }

    async fn send(&self, world: &World, service: &str) -> Result<Answer, Failure> {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let base = &world.services[service];
        exchange(base, self.method, &self.path, &headers, self.body.as_bytes(), HANGS).await
    }
}

/// How a request to `service` ends while `fault` holds there; before and after it works.
async fn under(service: &str, mut fault: Value) -> Result<Answer, Failure> {
    let world: Arc<World> = world(json!({}));
    let good = if service == "signin" { 400 } else { 200 };
    let first = Request::to(&world, service).send(&world, service).await.unwrap();
    assert_eq!(first.status, good, "{service}: {}", first.text());
    fault["listeners"] = json!([service]);
    act(&world, fault).await;
    let ended = Request::to(&world, service).send(&world, service).await;
    assert_eq!(get(&world.imds["imds"], ROLES).await.unwrap().status, 200, "the fault is of {service} alone");
    act(&world, json!({"action": "clear"})).await;
    assert_eq!(Request::to(&world, service).send(&world, service).await.unwrap().status, good, "{service}");
    ended
}

#[tokio::test]
async fn connects_are_refused_or_hang_at_every_service() {
    for service in SERVICES {
        assert_eq!(under(service, json!({"action": "refuse"})).await.unwrap_err(), Failure::Refused, "{service}");
        let ended = under(service, json!({"action": "hang_connect"})).await;
        assert_eq!(ended.unwrap_err(), Failure::ConnectHangs, "{service}");
    }
}

#[tokio::test]
async fn answers_hang_trickle_or_break_at_every_service() {
    for service in SERVICES {
        for (fault, failure) in [
            ("hang_after_connect", Failure::AnswerHangs),
            ("slow_trickle", Failure::AnswerHangs),
            ("huge", Failure::AnswerHangs),
            ("reset", Failure::Reset),
        ] {
            let ended = under(service, json!({"action": fault})).await;
            assert_eq!(ended.unwrap_err(), failure, "{fault} at {service}");
        }
    }
}

#[tokio::test]
async fn answers_are_other_than_they_should_be_at_every_service() {
    for service in SERVICES {
        let answer = under(service, json!({"action": "status", "code": 503, "retry_after_s": 3})).await.unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("3")), "{service}");
        let answer = under(service, json!({"action": "empty"})).await.unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{service}");
        let answer = under(service, json!({"action": "garbage"})).await.unwrap();
        assert!(std::str::from_utf8(&answer.body).is_err(), "{service}");
        let answer = under(service, json!({"action": "redirect"})).await.unwrap();
        assert!(answer.status == 302 && answer.header("location").is_some(), "{service}");
        let answer = under(service, json!({"action": "truncated"})).await.unwrap();
        let end = answer.text().trim_end();
        assert!(!end.is_empty() && !end.ends_with('}') && !end.ends_with("Response>"), "{service}: {end}");
        let answer = under(service, json!({"action": "lying_length"})).await.unwrap();
        let announced: usize = answer.header("content-length").unwrap().parse().unwrap();
        assert_eq!(announced, answer.body.len() + 100, "{service}");
        let answer = under(service, json!({"action": "time_offset", "seconds": 3600})).await.unwrap();
        let date = httpdate::parse_http_date(answer.header("date").unwrap()).unwrap();
        let ahead = date.duration_since(aws_sim::clock::now().into()).unwrap();
        assert!((3580..=3600).contains(&ahead.as_secs()), "{service}: {ahead:?}");
    }
}

#[tokio::test]
async fn a_fault_without_listeners_is_everywhere_but_at_sqs() {
    let world = world(json!({}));
    act(&world, json!({"action": "status", "code": 500})).await;
    for service in SERVICES {
        assert_eq!(Request::to(&world, service).send(&world, service).await.unwrap().status, 500, "{service}");
    }
    assert_eq!(get(&world.imds["imds"], ROLES).await.unwrap().status, 500);
    assert_eq!(get(&world.sqs, "/health").await.unwrap().status, 200);
    let error = world.perform(&json!({"action": "empty", "listeners": ["sqs"]})).await.unwrap_err();
    assert!(error.contains("this world has ecs, imds, oidc, pod_identity, signin, sso, sts"), "{error}");
}
