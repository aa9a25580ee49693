//! Every source against the strict AWS of `aws-sim`, over real sockets, with a real engine for the credentials that sign:
//! first credentials, a rotation, what the service refuses, and whatever bytes it may send.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_sim::world::World;
use evercreds::aws_clock::clock::SystemClock;
use evercreds::config::Config;
use evercreds::error::{FetchError, FetchErrorKind};
use evercreds::http::{AwsTransport, MetadataTransport};
use evercreds::refresh::bases::EngineBases;
use evercreds::refresh::engine::{Engine, Host};
use evercreds::refresh::inbox::Inbox;
use evercreds::sources::context::Context;
use evercreds::sources::{Answer, Source, build};
use serde_json::{Value, json};

/// Longer than the longest fetch.
const LONG: Duration = Duration::from_secs(30);

struct Nobody;

impl Host for Nobody {
    fn beat(&self) {}
}

/// A world, an engine, a home.
struct Rig {
    world: Arc<World>,
    bases: Arc<EngineBases>,
    home: tempfile::TempDir,
}

fn run<F: Future<Output = ()>>(world: Value, test: impl FnOnce(Rig) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let world = World::start(serde_json::from_value(world).unwrap()).unwrap();
        let inbox = Inbox::new(1);
        let bases = Arc::new(EngineBases::new(&inbox));
        let engine = inbox.clone();
        tokio::task::spawn_local(async move { Engine::new(&engine, &SystemClock, &Nobody).run().await });
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".aws/sso/cache")).unwrap();
        std::fs::create_dir_all(home.path().join(".aws/login/cache")).unwrap();
        test(Rig { world, bases, home }).await;
        inbox.stop();
    });
}

impl Rig {
    fn url(&self, service: &str) -> &str {
        &self.world.services[service]
    }

    /// The usual environment: this home, this world's services.
    fn environment(&self) -> Value {
        json!({
            "HOME": self.home.path(),
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.world.imds["imds"],
            "AWS_ENDPOINT_URL_STS": self.url("sts"),
            "AWS_ENDPOINT_URL_SSO": self.url("sso"),
            "AWS_ENDPOINT_URL_SSO_OIDC": self.url("oidc"),
            "AWS_ENDPOINT_URL_SIGNIN": self.url("signin"),
        })
    }

    fn source_in(&self, source: Value, more: Value) -> Arc<dyn Source> {
        let mut environment = self.environment();
        for (name, value) in more.as_object().unwrap() {
            environment[name] = value.clone();
        }
        let config = json!({
            "version": 1, "label": "test", "order": "v2", "source": source, "fallThrough": false,
            "policy": {"advisoryWindowMillis": null, "maxStaleMillis": null, "expectRole": null},
            "environment": environment, "properties": {},
        });
        let config = Config::from_json(config.to_string().as_bytes()).unwrap();
        let context = Context {
            metadata: Arc::new(MetadataTransport),
            aws: Arc::new(AwsTransport::new(&config.inputs)),
            bases: self.bases.clone(),
            clock: Arc::new(SystemClock),
        };
        build::source(&config, &context).unwrap()
    }

    fn source(&self, source: Value) -> Arc<dyn Source> {
        self.source_in(source, json!({}))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.home.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// One fetch. Whatever comes of it, no secret of this world is in an error.
    async fn fetch(&self, source: &Arc<dyn Source>) -> Result<Answer, FetchError> {
        let outcome = tokio::time::timeout(LONG, source.fetch()).await.expect("a fetch ends by itself");
        if let Err(error) = &outcome {
            let shown = format!("{error} {error:?}");
            for secret in self.world.secrets()["secrets"].as_array().unwrap() {
                assert!(!shown.contains(secret.as_str().unwrap()), "a secret is in {shown}");
            }
        }
        outcome
    }

    /// A fetch that must succeed with a set that the world knows to be this service's.
    async fn live(&self, source: &Arc<dyn Source>, issuer: &str) -> Answer {
        let answer = self.fetch(source).await.unwrap();
        let truth = self.world.truth();
        let key = answer.credentials.access_key_id.as_str();
        let set = truth["sets"].as_array().unwrap().iter().find(|set| set["access_key_id"] == key);
        assert_eq!(set.expect("the world gave this set out")["issuer"], issuer);
        answer
    }

    async fn act(&self, action: Value) {
        self.world.perform(&action).await.unwrap();
    }

    /// How many requests a service has seen.
    fn requests(&self, service: &str) -> usize {
        let state = self.world.state();
        state.journal.since(0).entries.iter().filter(|entry| entry.listener == service).count()
    }
}

const USER: &str = r#"{"name":"deploy","access_key_id":"AKIAIOSFODNN7DEPLOY1","secret_access_key":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYdeploy"}"#;

fn user() -> Value {
    serde_json::from_str(USER).unwrap()
}

fn arn(role: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{role}")
}

const KEYS: &str =
    "[base]\naws_access_key_id = AKIAIOSFODNN7DEPLOY1\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYdeploy\n";

#[test]
fn a_role_is_assumed_with_the_keys_of_a_profile_and_each_refusal_says_what_to_do() {
    run(json!({"users": [user()], "sts_roles": [{"role": "app", "external_id": "id-42"}]}), |rig| async move {
        rig.write(".aws/credentials", KEYS);
        let role = |external_id: &str| {
            json!({"type": "assumeRole", "roleArn": arn("app"), "externalId": external_id, "durationSeconds": 900,
                   "source": {"type": "profile", "name": "base"}})
        };
        let source = rig.source(role("id-42"));
        let first = rig.live(&source, "sts").await;
        assert_eq!(first.nominal_life, Some(Duration::from_secs(900)));
        assert_eq!((first.identity.name.as_str(), first.source), (arn("app").as_str(), "assumed role"));
        assert!(first.date.is_none(), "an endpoint that somebody set is no witness of AWS's clock");
        let second = rig.live(&source, "sts").await;
        assert_ne!(first.credentials.access_key_id, second.credentials.access_key_id);

        let wrong = rig.fetch(&rig.source(role("id-43"))).await.unwrap_err();
        assert_eq!(wrong.kind, FetchErrorKind::NonRecoverable);
        assert!(wrong.message.contains("AccessDenied") && wrong.fix.unwrap().contains("trust"), "{}", wrong.message);
        rig.act(json!({"action": "throttle", "listeners": ["sts"], "times": 1})).await;
        let throttled = rig.fetch(&source).await.unwrap_err();
        assert!(matches!(throttled.kind, FetchErrorKind::Throttled { .. }), "{throttled:?}");
        rig.act(json!({"action": "deny_role", "role": "app"})).await;
        assert_eq!(rig.fetch(&source).await.unwrap_err().kind, FetchErrorKind::NonRecoverable);
        rig.act(json!({"action": "restore_role", "role": "app"})).await;
        rig.live(&source, "sts").await;
    });
}

#[test]
fn a_chain_of_three_roles_over_the_instances_own_is_capped_at_an_hour_by_itself() {
    let roles = json!([{"role": "a", "max_session_s": 43200}, {"role": "b", "max_session_s": 43200}, {"role": "c"}]);
    run(json!({"sts_roles": roles}), |rig| async move {
        let config = format!(
            "[profile a]\nrole_arn = {}\ncredential_source = Ec2InstanceMetadata\n\
             [profile b]\nrole_arn = {}\nsource_profile = a\nduration_seconds = 7200\n\
             [profile c]\nrole_arn = {}\nsource_profile = b\n",
            arn("a"),
            arn("b"),
            arn("c")
        );
        rig.write(".aws/config", &config);
        let source = rig.source(json!({"type": "profile", "name": "c"}));
        let answer = rig.live(&source, "sts").await;
        assert_eq!(answer.identity.name, arn("c"));
        assert_eq!(rig.requests("sts"), 4, "b was asked for two hours first, and then for the hour that there is");
        rig.live(&source, "sts").await;
        assert_eq!(rig.requests("sts"), 5, "what signs is kept, not fetched anew");
    });
}

#[test]
fn keys_that_sign_and_are_rejected_are_renewed_and_the_role_is_assumed_after_all() {
    run(json!({"sts_roles": [{"role": "app"}]}), |rig| async move {
        let base = json!({"type": "instanceProfile"});
        let source = rig.source(json!({"type": "assumeRole", "roleArn": arn("app"), "source": base}));
        rig.live(&source, "sts").await;
        rig.act(json!([{"action": "revoke", "which": "current"}, {"action": "rotate_now"}])).await;
        rig.live(&source, "sts").await;
    });
}

#[test]
fn a_web_identity_reads_its_token_anew_and_never_becomes_the_node() {
    let role = json!({"role": "app", "web_identity": {}});
    run(json!({"sts_roles": [role]}), |rig| async move {
        let token = |seconds: i64| {
            let request = serde_json::from_value(json!({"expires_in_s": seconds})).unwrap();
            rig.world.web_identity_token(&request)["token"].as_str().unwrap().to_owned()
        };
        let file = rig.write("token", &token(3600));
        let set =
            json!({"AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": arn("app"), "AWS_ROLE_SESSION_NAME": "pod-1"});
        let source = rig.source_in(json!({"type": "default"}), set);
        let answer = rig.live(&source, "sts").await;
        assert_eq!((answer.source, answer.identity.name.as_str()), ("web identity", arn("app").as_str()));

        rig.write("token", &token(-60));
        let expired = rig.fetch(&source).await.unwrap_err();
        assert!(expired.message.contains(file.to_str().unwrap()), "{expired}");
        assert!(expired.to_string().contains("rotated"), "{expired}");
        rig.write("token", &token(600));
        rig.live(&source, "sts").await;

        rig.act(json!({"action": "refuse", "listeners": ["sts"]})).await;
        assert_eq!(rig.fetch(&source).await.unwrap_err().kind, FetchErrorKind::Transient);
        std::fs::remove_file(&file).unwrap();
        assert!(rig.fetch(&source).await.is_err());
        assert_eq!(rig.requests("imds"), 0, "the node's role is up, and is nobody's substitute");
        rig.act(json!({"action": "clear"})).await;
        rig.write("token", &token(600));
        rig.live(&source, "sts").await;
    });
}

#[test]
fn the_agents_of_ecs_and_eks_are_asked_by_their_rules() {
    run(json!({}), |rig| async move {
        let relative = json!({
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": rig.world.ecs_relative_uri,
            "AWS_CONTAINER_SERVICE_ENDPOINT": rig.url("ecs"),
        });
        let mut with_property = relative.clone();
        with_property.as_object_mut().unwrap().remove("AWS_CONTAINER_SERVICE_ENDPOINT");
        let source = rig.source_in(json!({"type": "default"}), relative);
        let answer = rig.live(&source, "ecs").await;
        assert!(answer.identity.has_role("task-role"), "{}", answer.identity);
        rig.act(json!({"action": "rotate_now", "service": "ecs"})).await;
        assert_ne!(rig.live(&source, "ecs").await.credentials.access_key_id, answer.credentials.access_key_id);

        let token = || {
            let request = serde_json::from_value(json!({})).unwrap();
            rig.world.pod_identity_token(&request)["token"].as_str().unwrap().to_owned()
        };
        let file = rig.write("pod-token", &token());
        let full = json!({
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": format!("{}/v1/credentials", rig.url("pod_identity")),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
        });
        let source = rig.source_in(json!({"type": "container"}), full);
        rig.live(&source, "pod_identity").await;
        let next = token();
        assert!(rig.fetch(&source).await.is_err(), "the token before is no longer good");
        rig.write("pod-token", &next);
        rig.live(&source, "pod_identity").await;
        assert_eq!(rig.requests("imds"), 0);
    });
}

#[test]
fn an_sso_session_is_renewed_and_written_back_for_the_aws_cli() {
    run(json!({"sso": {"access_token_life_s": 120}}), |rig| async move {
        let request = serde_json::from_value(json!({"session": "corp"})).unwrap();
        let login = rig.world.sso_login(&request);
        let name = format!(".aws/sso/cache/{}", login["file_name"].as_str().unwrap());
        let cache = rig.write(&name, &login["token"].to_string());
        let start_url = login["token"]["startUrl"].as_str().unwrap();
        let config = format!(
            "[profile p]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = sso-role\n\
             [sso-session corp]\nsso_region = us-east-1\nsso_start_url = {start_url}\n"
        );
        rig.write(".aws/config", &config);
        let source = rig.source(json!({"type": "profile", "name": "p"}));
        // Two minutes are less than the five that a token is renewed ahead.
        let answer = rig.live(&source, "sso").await;
        assert_eq!(answer.credentials.account_id.as_deref(), Some("123456789012"));
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(&cache).unwrap()).unwrap();
        assert_ne!(kept["accessToken"], login["token"]["accessToken"]);
        for field in ["startUrl", "region", "clientId", "clientSecret", "registrationExpiresAt"] {
            assert_eq!(kept[field], login["token"][field], "{field}");
        }
        rig.act(json!({"action": "sign_out", "service": "sso"})).await;
        let gone = rig.fetch(&source).await.unwrap_err();
        assert_eq!(gone.kind, FetchErrorKind::NonRecoverable, "{gone}");
        assert!(gone.fix.unwrap().contains("aws sso login"));
    });
}

#[test]
fn a_session_of_aws_login_is_renewed_with_its_own_key() {
    run(json!({}), |rig| async move {
        let login = rig.world.login(&serde_json::from_value(json!({"session_life_s": 30})).unwrap());
        let name = format!(".aws/login/cache/{}", login["file_name"].as_str().unwrap());
        rig.write(&name, &login["token"].to_string());
        let session = login["session"].as_str().unwrap();
        rig.write(".aws/config", &format!("[profile p]\nlogin_session = {session}\nregion = us-east-1\n"));
        let source = rig.source(json!({"type": "profile", "name": "p"}));
        rig.live(&source, "signin").await;
        assert!(rig.requests("signin") >= 1, "half a minute is too little to go on with");
    });
}

#[test]
fn a_process_gives_what_it_prints() {
    run(json!({"users": [user()]}), |rig| async move {
        let user = user();
        let printed =
            json!({"Version": 1, "AccessKeyId": user["access_key_id"], "SecretAccessKey": user["secret_access_key"]});
        let file = rig.write("printed.json", &printed.to_string());
        let source = rig.source(json!({"type": "process", "command": format!("cat '{}'", file.display())}));
        let answer = rig.fetch(&source).await.unwrap();
        assert_eq!(answer.credentials.access_key_id.as_str(), "AKIAIOSFODNN7DEPLOY1");
        assert_eq!(answer.credentials.expiration, None);
        std::fs::remove_file(&file).unwrap();
        let error = rig.fetch(&source).await.unwrap_err();
        assert!(error.message.contains("the command failed"), "{error}");
    });
}

/// Whatever a service sends, the fetch is an error without a secret in it, and the next one is as good as ever.
#[test]
fn hostile_bytes_of_any_service_are_an_error_and_leave_no_trace() {
    let world = json!({"users": [user()], "sts_roles": [{"role": "app", "web_identity": {}}]});
    run(world, |rig| async move {
        rig.write(".aws/credentials", KEYS);
        let token = rig.world.web_identity_token(&serde_json::from_value(json!({})).unwrap());
        let token_file = rig.write("token", token["token"].as_str().unwrap());
        let pod = rig.world.pod_identity_token(&serde_json::from_value(json!({})).unwrap());
        let login = rig.world.sso_login(&serde_json::from_value(json!({"session": "corp"})).unwrap());
        rig.write(&format!(".aws/sso/cache/{}", login["file_name"].as_str().unwrap()), &login["token"].to_string());
        let start_url = login["token"]["startUrl"].as_str().unwrap();
        let config = format!(
            "[profile p]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = sso-role\n\
             [sso-session corp]\nsso_region = us-east-1\nsso_start_url = {start_url}\n"
        );
        rig.write(".aws/config", &config);
        let none = json!({});
        let profile = |name: &str| json!({"type": "profile", "name": name});
        let sources = [
            ("sts", rig.source(json!({"type": "assumeRole", "roleArn": arn("app"), "source": profile("base")}))),
            ("sts", rig.source(json!({"type": "webIdentity", "roleArn": arn("app"), "tokenFile": token_file}))),
            (
                "pod_identity",
                rig.source_in(
                    json!({"type": "container"}),
                    json!({
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI": format!("{}/v1/credentials", rig.url("pod_identity")),
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN": pod["token"],
                    }),
                ),
            ),
            ("sso", rig.source_in(profile("p"), none)),
        ];
        for (service, source) in &sources {
            rig.live(source, service).await;
            for fault in [
                json!({"action": "garbage"}),
                json!({"action": "empty"}),
                json!({"action": "truncated"}),
                json!({"action": "lying_length"}),
                json!({"action": "huge"}),
                json!({"action": "redirect"}),
                json!({"action": "reset"}),
                json!({"action": "status", "code": 503}),
                json!({"action": "wrong_json", "kind": "missing_access_key_id"}),
                json!({"action": "wrong_json", "kind": "nulls"}),
                json!({"action": "refuse"}),
            ] {
                let mut fault = fault;
                fault["listeners"] = json!([service]);
                rig.act(fault.clone()).await;
                let outcome = rig.fetch(source).await;
                assert!(outcome.is_err(), "{service} {fault}: {outcome:?}");
                rig.act(json!({"action": "clear"})).await;
                tokio::time::sleep(Duration::from_millis(120)).await; // ten requests a second at one of them
                rig.live(source, service).await;
            }
        }
    });
}
