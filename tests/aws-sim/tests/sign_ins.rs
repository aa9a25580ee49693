//! Do IAM Identity Center and AWS Sign-In renew what was signed in, and refuse the rest in their words?

mod common;

use aws_sim::world::World;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::*;
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

fn sso_login(world: &World, request: Value) -> Value {
    world.sso_login(&serde_json::from_value(request).unwrap())
}

async fn role_credentials(world: &World, token: &Value, account: &str, role: &str) -> Answer {
    let path = format!("/federation/credentials?role_name={role}&account_id={account}");
    let headers = [("x-amz-sso_bearer_token", token.as_str().unwrap())];
    exchange(&world.services["sso"], "GET", &path, &headers, b"", LONG).await.unwrap()
}

fn form(token: &Value) -> Value {
    json!({
        "clientId": token["clientId"],
        "clientSecret": token["clientSecret"],
        "grantType": "refresh_token",
        "refreshToken": token["refreshToken"],
    })
}

async fn create_token(world: &World, form: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    exchange(&world.services["oidc"], "POST", "/token", &headers, form.to_string().as_bytes(), LONG).await.unwrap()
}

fn oidc_error(answer: &Answer) -> (u16, String, String) {
    let code = answer.header("x-amzn-errortype").unwrap().split(':').next().unwrap().to_string();
    (answer.status, code, answer.json()["error"].as_str().unwrap().to_string())
}

#[tokio::test]
async fn the_portal_gives_the_credentials_of_an_assigned_role() {
    let world = world(json!({"sso": {"credentials_lifetime_s": 600}}));
    let login = sso_login(&world, json!({"session": "my-sso"}));
    let answer = role_credentials(&world, &login["token"]["accessToken"], "123456789012", "sso-role").await;
    let credentials = &answer.json()["roleCredentials"];
    let expires = chrono::DateTime::from_timestamp_millis(credentials["expiration"].as_i64().unwrap()).unwrap();
    assert!((590..=600).contains(&(expires - aws_sim::clock::now()).num_seconds()));
    let key = json!({
        "AccessKeyId": credentials["accessKeyId"],
        "SecretAccessKey": credentials["secretAccessKey"],
        "Token": credentials["sessionToken"],
    });
    assert_eq!(Call::send(&world, &key).go(&world.sqs).await.status, 200);
    assert_eq!(last_entry(&world, "sso").operation.as_deref(), Some("GetRoleCredentials"));
    assert!(secrets(&world).iter().any(|s| *s == login["token"]["accessToken"]));
}

#[tokio::test]
async fn the_portal_refuses_tokens_and_roles_that_it_does_not_know() {
    let world = world(json!({}));
    let login = sso_login(&world, json!({"session": "my-sso"}));
    let token = &login["token"]["accessToken"];
    let dead = sso_login(&world, json!({"session": "other", "access_token_life_s": 0}));
    let forbidden = role_credentials(&world, token, "123456789012", "nobody").await;
    assert_eq!((forbidden.status, forbidden.header("x-amzn-errortype")), (403, Some("ForbiddenException")));
    assert_eq!(
        forbidden.json(),
        json!({"message": "No access", "__type": "com.amazonaws.switchboard.portal#ForbiddenException"})
    );
    for token in [&json!("none"), &dead["token"]["accessToken"]] {
        let answer = role_credentials(&world, token, "123456789012", "sso-role").await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (401, Some("UnauthorizedException")));
        assert_eq!(answer.json()["message"], "Session token not found or invalid");
    }
    act(&world, json!({"action": "throttle", "listeners": ["sso"], "times": 1})).await;
    let throttled = role_credentials(&world, token, "123456789012", "sso-role").await;
    assert_eq!((throttled.status, throttled.header("x-amzn-errortype")), (429, Some("TooManyRequestsException")));
    act(&world, json!({"action": "sign_out", "service": "sso"})).await;
    assert_eq!(role_credentials(&world, token, "123456789012", "sso-role").await.status, 401);
}

#[tokio::test]
async fn a_sign_in_leaves_the_file_that_the_aws_cli_leaves() {
    let world = world(json!({}));
    let login = sso_login(&world, json!({"session": "my-sso"}));
    // printf my-sso | sha1sum
    assert_eq!(login["file_name"], "0ad374308c5a4e22f723adf10145eafad7c4031c.json");
    let names: Vec<String> = login["token"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        names,
        [
            "startUrl",
            "region",
            "accessToken",
            "expiresAt",
            "clientId",
            "clientSecret",
            "registrationExpiresAt",
            "refreshToken"
        ]
    );
    let legacy = sso_login(&world, json!({}))["token"].clone();
    assert!(legacy.get("refreshToken").is_none() && legacy["startUrl"] == "https://d-1234567890.awsapps.com/start");
}

#[tokio::test]
async fn a_refresh_token_renews_the_access_token() {
    let world = world(json!({"sso": {"access_token_life_s": 120}}));
    let login = sso_login(&world, json!({"session": "my-sso", "access_token_life_s": 0}));
    let renewed = create_token(&world, &form(&login["token"])).await;
    let tokens = renewed.json();
    assert_eq!((renewed.status, &tokens["expiresIn"], &tokens["tokenType"]), (200, &json!(120), &json!("Bearer")));
    assert!(tokens["idToken"].is_null() && tokens["refreshToken"] != login["token"]["refreshToken"]);
    assert_eq!(role_credentials(&world, &tokens["accessToken"], "123456789012", "sso-role").await.status, 200);
    assert_eq!(create_token(&world, &form(&login["token"])).await.status, 200, "as at AWS the old one stays good");
    let known = secrets(&world);
    for name in ["accessToken", "refreshToken"] {
        assert!(known.iter().any(|secret| *secret == tokens[name]), "{name} is not among the secrets");
    }
}

#[tokio::test]
async fn single_use_refresh_tokens_rotate() {
    let world = world(json!({"sso": {"single_use_refresh_tokens": true}}));
    let login = sso_login(&world, json!({"session": "my-sso"}));
    let mut next = form(&login["token"]);
    next["refreshToken"] = create_token(&world, &next).await.json()["refreshToken"].clone();
    let used = create_token(&world, &form(&login["token"])).await;
    assert_eq!(oidc_error(&used), (400, "InvalidGrantException".into(), "invalid_grant".into()));
    assert_eq!(create_token(&world, &next).await.status, 200);
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_its_own_words() {
    let world = world(json!({}));
    let good = form(&sso_login(&world, json!({"session": "a"}))["token"]);
    let old = form(&sso_login(&world, json!({"session": "b", "refresh_token_life_s": 0}))["token"]);
    let unregistered = form(&sso_login(&world, json!({"session": "c", "registration_life_s": 0}))["token"]);
    let with = |name: &str, value: &str| {
        let mut form = good.clone();
        form[name] = json!(value);
        form
    };
    for (form, status, code) in [
        (old, 400, "InvalidGrantException"),
        (with("refreshToken", "unknown"), 400, "InvalidGrantException"),
        (unregistered, 401, "InvalidClientException"),
        (with("clientSecret", "wrong"), 401, "InvalidClientException"),
        (with("grantType", "password"), 400, "UnsupportedGrantTypeException"),
        (with("refreshToken", ""), 400, "InvalidRequestException"),
    ] {
        let error = oidc_error(&create_token(&world, &form).await);
        assert_eq!((error.0, error.1.as_str()), (status, code), "{form}");
    }
    act(&world, json!({"action": "fail", "code": "ExpiredTokenException", "listeners": ["oidc"], "times": 1})).await;
    let error = oidc_error(&create_token(&world, &good).await);
    assert_eq!(error, (400, "ExpiredTokenException".into(), "expired_token".into()));
    assert_eq!(create_token(&world, &good).await.status, 200);
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A proof as the SDKs make it; `claims` replaces parts of it.
fn proof(world: &World, pem: &str, claims: Value) -> String {
    let key = SecretKey::from_sec1_pem(pem).unwrap();
    let point = key.public_key().to_sec1_bytes();
    let jwk = json!({
        "kty": "EC",
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
        "y": URL_SAFE_NO_PAD.encode(&point[33..]),
        "crv": "P-256",
    });
    let mut payload = json!({
        "htm": "POST",
        "htu": format!("{}/v1/token", world.services["signin"]),
        "iat": aws_sim::clock::now().timestamp(),
        "jti": world.state().mint.uuid(),
    });
    for (name, value) in claims.as_object().unwrap() {
        payload[name] = value.clone();
    }
    let signed = format!("{}.{}", part(&json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk})), part(&payload));
    let signature: Signature = SigningKey::from(key).sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

async fn refresh(world: &World, refresh_token: &Value, proof: &str) -> Answer {
    let body = json!({
        "clientId": "arn:aws:signin:::devtools/same-device",
        "grantType": "refresh_token",
        "refreshToken": refresh_token,
    });
    let headers = [("content-type", "application/json"), ("DPoP", proof)];
    exchange(&world.services["signin"], "POST", "/v1/token", &headers, body.to_string().as_bytes(), LONG).await.unwrap()
}

fn sign_in(world: &World, request: Value) -> (Value, String) {
    let token = world.login(&serde_json::from_value(request).unwrap())["token"].clone();
    let pem = token["dpopKey"].as_str().unwrap().to_string();
    (token, pem)
}

fn signin_error(answer: &Answer) -> (u16, String, String) {
    let error = answer.json()["error"].as_str().unwrap().to_string();
    (answer.status, answer.header("x-amzn-errortype").unwrap().to_string(), error)
}

#[tokio::test]
async fn aws_login_is_renewed_with_a_proof_of_its_key() {
    let world = world(json!({}));
    let login = world.login(&Default::default());
    assert_eq!(login["session"], "arn:aws:iam::123456789012:user/console");
    // printf arn:aws:iam::123456789012:user/console | sha256sum
    assert_eq!(login["file_name"], "7793a3f7daa9f66b693841f502099b250dca67e9d164a8696ae25af1317f7645.json");
    let (token, pem) = (&login["token"], login["token"]["dpopKey"].as_str().unwrap());
    assert!(pem.starts_with("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE"), "{pem}");
    let answer = refresh(&world, &token["refreshToken"], &proof(&world, pem, json!({}))).await;
    let output = answer.json();
    assert_eq!((answer.status, &output["tokenType"], &output["expiresIn"]), (200, &json!("aws_sigv4"), &json!(900)));
    let key = json!({
        "AccessKeyId": output["accessToken"]["accessKeyId"],
        "SecretAccessKey": output["accessToken"]["secretAccessKey"],
        "Token": output["accessToken"]["sessionToken"],
    });
    assert_eq!(Call::send(&world, &key).go(&world.sqs).await.status, 200);
    let again = refresh(&world, &output["refreshToken"], &proof(&world, pem, json!({}))).await;
    assert_eq!(again.status, 200);
    let known = secrets(&world);
    let line = pem.lines().nth(1).unwrap();
    for secret in [token["refreshToken"].as_str().unwrap(), output["refreshToken"].as_str().unwrap(), line] {
        assert!(known.iter().any(|s| s == secret));
    }
}

#[tokio::test]
async fn a_refresh_token_of_aws_login_is_answered_alike_until_its_credentials_end() {
    let world = world(json!({"signin": {"session_life_s": 1}}));
    let (token, pem) = sign_in(&world, json!({}));
    let ask = || async { refresh(&world, &token["refreshToken"], &proof(&world, &pem, json!({}))).await };
    let first = ask().await.json();
    let deadline = tokio::time::Instant::now() + LONG;
    loop {
        let answer = ask().await;
        if answer.status != 200 {
            assert_eq!(signin_error(&answer), (400, "ValidationException".into(), "invalid_grant".into()));
            return;
        }
        assert_eq!(answer.json(), first);
        assert!(tokio::time::Instant::now() < deadline, "never spent");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_proof_that_does_not_fit_is_refused() {
    let world = world(json!({}));
    let (token, pem) = sign_in(&world, json!({}));
    let (_, other_pem) = sign_in(&world, json!({}));
    let good = proof(&world, &pem, json!({}));
    let mut garbled = good.clone();
    garbled.replace_range(good.len() - 20..good.len() - 10, "AAAAAAAAAA");
    for (header, part) in [
        (proof(&world, &pem, json!({"htu": "https://else.where/v1/token"})), "htu"),
        (proof(&world, &pem, json!({"htm": "GET"})), "htm"),
        (proof(&world, &pem, json!({"iat": 1})), "iat"),
        (proof(&world, &other_pem, json!({})), "its key is not"),
        (garbled, "does not verify"),
        ("nonsense".into(), "no JSON web token"),
    ] {
        let answer = refresh(&world, &token["refreshToken"], &header).await;
        assert_eq!(signin_error(&answer), (400, "ValidationException".into(), "INVALID_REQUEST".into()));
        assert!(answer.text().contains(part), "{part}: {}", answer.text());
    }
    assert_eq!(refresh(&world, &token["refreshToken"], &good).await.status, 200);
    let replayed = refresh(&world, &token["refreshToken"], &good).await;
    assert!(replayed.status == 400 && replayed.text().contains("jti"), "{}", replayed.text());
}

#[tokio::test]
async fn the_end_of_an_aws_login_is_told_with_its_reason() {
    let world = world(json!({}));
    let (old, pem) = sign_in(&world, json!({"refresh_token_life_s": 0}));
    let ended = refresh(&world, &old["refreshToken"], &proof(&world, &pem, json!({}))).await;
    assert_eq!(signin_error(&ended), (401, "AccessDeniedException".into(), "TOKEN_EXPIRED".into()));
    let (token, pem) = sign_in(&world, json!({}));
    for (code, status, exception) in [
        ("USER_CREDENTIALS_CHANGED", 403, "AccessDeniedException"),
        ("INSUFFICIENT_PERMISSIONS", 403, "AccessDeniedException"),
        ("rate_exceeded", 429, "TooManyRequestsError"),
    ] {
        act(&world, json!({"action": "fail", "code": code, "listeners": ["signin"], "times": 1})).await;
        let answer = refresh(&world, &token["refreshToken"], &proof(&world, &pem, json!({}))).await;
        assert_eq!(signin_error(&answer), (status, exception.into(), code.into()));
    }
    act(&world, json!({"action": "sign_out", "service": "signin"})).await;
    let answer = refresh(&world, &token["refreshToken"], &proof(&world, &pem, json!({}))).await;
    assert_eq!(signin_error(&answer).2, "invalid_grant");
}
