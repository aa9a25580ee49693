//! Does the binary do what a test in any language needs: start, steer, tell, and never stay behind?

mod common;

use common::*;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

struct Simulator {
    child: Child,
    stdin: Option<ChildStdin>,
    control: String,
}

impl Simulator {
    fn start() -> Self {
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_aws-sim")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let stdin = child.stdin.take();
        Self { child, stdin, control: ready["control"].as_str().unwrap().to_string() }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        exchange(&self.control, method, path, &[], body.as_bytes(), LONG).await.unwrap()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn it_ends_when_its_standard_input_ends() {
    let mut simulator = Simulator::start();
    simulator.ask("POST", "/worlds", json!({})).await;
    drop(simulator.stdin.take());
    let deadline = tokio::time::Instant::now() + LONG;
    loop {
        if let Some(status) = simulator.child.try_wait().unwrap() {
            assert!(status.success());
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn worlds_are_apart_and_end_when_deleted() {
    let simulator = Simulator::start();
    let one = simulator.ask("POST", "/worlds", json!({"imds": ["x"]})).await.json();
    let two = simulator.ask("POST", "/worlds", json!({"imds": ["x"]})).await.json();
    let url = |world: &Value| world["imds"]["x"].as_str().unwrap().to_string();
    let id = |world: &Value| format!("/worlds/{}", world["world"].as_str().unwrap());
    simulator.ask("POST", &format!("{}/do", id(&one)), json!({"action": "refuse"})).await;
    assert_eq!(get(&url(&one), ROLES).await.unwrap_err(), Failure::Refused);
    assert_eq!(get(&url(&two), ROLES).await.unwrap().status, 200);
    assert_eq!(simulator.ask("DELETE", &id(&two), Value::Null).await.status, 200);
    assert_eq!(get(&url(&two), ROLES).await.unwrap_err(), Failure::Refused);
    assert_eq!(simulator.ask("GET", &format!("{}/truth", id(&two)), Value::Null).await.status, 404);
}

#[tokio::test]
async fn truth_secrets_journal_and_summary_tell_what_happened() {
    let simulator = Simulator::start();
    let world = simulator.ask("POST", "/worlds", json!({"seed": 1})).await.json();
    let path = |what: &str| format!("/worlds/{}/{what}", world["world"].as_str().unwrap());
    let imds = world["imds"]["imds"].as_str().unwrap();
    let token = token(imds).await;
    let document = credentials(imds).await;

    let truth = simulator.ask("GET", &path("truth"), Value::Null).await;
    assert_eq!(truth.json()["serving"]["access_key_id"], document["AccessKeyId"]);
    assert_eq!(truth.json()["sets"][0]["access_key_id"], document["AccessKeyId"]);
    let secrets = simulator.ask("GET", &path("secrets"), Value::Null).await.json();
    let secrets: Vec<&str> = secrets["secrets"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    for secret in [document["SecretAccessKey"].as_str().unwrap(), document["Token"].as_str().unwrap(), &token] {
        assert!(secrets.contains(&secret));
    }
    let journal = simulator.ask("GET", &path("journal?since=1"), Value::Null).await;
    assert_eq!((journal.json()["last"].as_u64(), journal.json()["entries"].as_array().unwrap().len()), (Some(2), 1));
    let summary = simulator.ask("GET", &path("summary"), Value::Null).await;
    assert_eq!(summary.json()["by_listener"]["imds"]["requests"], 2);
    for page in [truth, journal, summary] {
        assert!(!secrets.iter().any(|secret| page.text().contains(secret)), "a secret in {}", page.text());
    }
}

#[tokio::test]
async fn every_service_has_a_url_and_every_sign_in_its_file() {
    let simulator = Simulator::start();
    let config = json!({"users": [{"name": "app"}], "sts_roles": [{"role": "worker", "session_lifetime_s": 60}]});
    let world = simulator.ask("POST", "/worlds", config).await.json();
    for service in aws_sim::world::SERVICES {
        assert!(world[service].as_str().unwrap().starts_with("http://127.0.0.1:"), "{world}");
    }
    assert!(world["ecs_relative_uri"].as_str().unwrap().starts_with("/v2/credentials/"));
    assert!(world["users"][0]["access_key_id"].as_str().unwrap().starts_with("AKIA"));
    let path = |what: &str| format!("/worlds/{}/{what}", world["world"].as_str().unwrap());
    for (what, body, field) in [
        ("web-identity-token", json!({"expires_in_s": 60}), "token"),
        ("pod-identity-token", Value::Null, "token"),
        ("sso-login", json!({"session": "dev"}), "file_name"),
        ("login", Value::Null, "session"),
    ] {
        let answer = simulator.ask("POST", &path(what), body).await;
        assert!(answer.status == 200 && answer.json()[field].is_string(), "{what}: {}", answer.text());
    }
    let wrong = simulator.ask("POST", &path("sso-login"), json!({"colour": "red"})).await;
    assert!(wrong.status == 400 && wrong.text().contains("registration_life_s"), "{}", wrong.text());
    let truth = simulator.ask("GET", &path("truth"), Value::Null).await.json();
    assert_eq!(truth["sts_roles"][0]["arn"], "arn:aws:iam::123456789012:role/worker");
    assert_eq!(truth["ecs"]["role"], "task-role");
}

#[tokio::test]
async fn a_script_runs_its_steps_in_time_and_in_the_journal() {
    let simulator = Simulator::start();
    let world = simulator.ask("POST", "/worlds", json!({})).await.json();
    let path = |what: &str| format!("/worlds/{}/{what}", world["world"].as_str().unwrap());
    let script = json!({"steps": [
        {"at_s": 0.4, "do": {"action": "clear"}},
        {"at_s": 0, "do": [{"action": "rotate_now"}, {"action": "no_role"}]},
    ]});
    assert_eq!(simulator.ask("POST", &path("script"), script).await.status, 200);
    let deadline = tokio::time::Instant::now() + LONG;
    let steps = loop {
        let journal = simulator.ask("GET", &path("journal"), Value::Null).await.json();
        let entries = journal["entries"].as_array().unwrap().clone();
        if entries.len() == 2 {
            break entries;
        }
        assert!(tokio::time::Instant::now() < deadline, "{entries:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(steps[0]["path"].as_str().unwrap().contains("no_role"));
    let at = |n: usize| steps[n]["at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert!(at(1) - at(0) >= chrono::TimeDelta::milliseconds(390));
}

#[tokio::test]
async fn what_is_not_understood_is_an_error_that_says_what_is() {
    let simulator = Simulator::start();
    let world = simulator.ask("POST", "/worlds", json!({})).await.json();
    let path = |what: &str| format!("/worlds/{}/{what}", world["world"].as_str().unwrap());
    let script = json!({"steps": [{"at_s": 1, "do": {"action": "explode"}}]});
    for (at, body, hint) in [
        ("/worlds".to_string(), json!({"colour": "red"}), "imds_mode"),
        ("/worlds".into(), json!({"role": {"lifetime_s": 10, "renew_before_s": 10}}), "renew_before_s"),
        ("/worlds".into(), json!({"imds": ["a", "a"]}), "distinct"),
        ("/worlds".into(), json!({"account_id": "1"}), "12 digits"),
        ("/worlds".into(), json!({"imds": ["sts"]}), "none of them a service's"),
        ("/worlds".into(), json!({"sts_roles": [{"role": "a"}, {"role": "a"}]}), "distinct roles"),
        ("/worlds".into(), json!({"sts_roles": [{"role": "a", "max_session_s": 60}]}), "3600 to 43200"),
        ("/worlds".into(), json!({"ecs": {"lifetime_s": 10}}), "ecs: lifetime_s"),
        (path("do"), json!({"action": "explode"}), "slow_trickle"),
        (path("do"), json!({"action": "empty", "listeners": ["nobody"]}), "this world has ecs, imds"),
        (path("script"), script, "slow_trickle"),
        (path("script"), json!({"steps": [{"at_s": -1, "do": []}]}), "at_s"),
    ] {
        let answer = simulator.ask("POST", &at, body).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(hint), "{at}: {}", answer.text());
    }
    let lost = simulator.ask("GET", "/nowhere", Value::Null).await;
    assert!(lost.status == 404 && lost.text().contains("POST /worlds/ID/do"));
}
