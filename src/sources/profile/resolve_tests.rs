//! What texts of the two files mean, row by row of the reference guide's pages on credential settings.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::{Inputs, Order};
use crate::error::FetchErrorKind;
use crate::sources::plan::Authorization;

fn inputs(order: Order, environment: &[(&str, &str)], properties: &[(&str, &str)]) -> Inputs {
    let environment = environment.iter().copied().chain([("HOME", "/h")]).collect();
    let properties = properties.iter().copied().chain([("user.home", "/h")]).collect();
    Inputs { order, environment, properties }
}

fn plan_of(name: Option<&str>, inputs: Inputs) -> ProfilePlan {
    ProfilePlan { name: name.map(str::to_owned), inputs: Arc::new(inputs) }
}

/// A plan in a few words.
fn sketch(plan: &Plan) -> String {
    let mut text = String::new();
    let role = |role: &crate::sources::plan::Role| {
        let duration = role.duration.map(|it| format!(" for {}s", it.as_secs())).unwrap_or_default();
        let name = Some(role.session_name.as_str()).filter(|name| !name.starts_with("evercreds-"));
        format!("{}{}{duration}", role.arn, name.map(|name| format!(" as {name}")).unwrap_or_default())
    };
    match plan {
        Plan::Static(keys) => {
            let set = &keys.credentials;
            write!(text, "{}: {} {}", keys.source, set.access_key_id, set.secret_access_key.expose()).unwrap();
            for more in [set.session_token.as_ref().map(|token| token.expose()), set.account_id.as_deref()] {
                write!(text, " {}", more.unwrap_or("-")).unwrap();
            }
        }
        Plan::InstanceProfile(imds) => {
            let disabled = imds.v1_disabled_by.unwrap_or("-");
            write!(text, "imds {} {:?} x{} {disabled}", imds.endpoint, imds.timeout, imds.attempts).unwrap();
        }
        Plan::Container(container) => {
            let token = if container.authorization == Authorization::None { "" } else { " with a token" };
            write!(text, "container {}{token}", container.url).unwrap();
        }
        Plan::AssumeRole(it) => {
            let external = it.external_id.as_ref().map(|id| format!(" id {id}")).unwrap_or_default();
            let base = sketch(&it.base);
            write!(text, "role {}{external} at {} <- {base}", role(&it.role), it.endpoint.url).unwrap();
        }
        Plan::WebIdentity(it) => {
            write!(text, "web {} {} at {}", role(&it.role), it.token_file.display(), it.endpoint.url).unwrap();
        }
        Plan::Process(it) => {
            write!(text, "process {} {}", it.command, it.account_id.as_deref().unwrap_or("-")).unwrap();
        }
        Plan::Sso(it) => {
            let session = it.session.as_deref().unwrap_or("-");
            write!(text, "sso {session} {} {} {}", it.start_url, it.account_id, it.role_name).unwrap();
            write!(text, " at {} and {}", it.portal.url, it.oidc.url).unwrap();
        }
        Plan::Login(it) => write!(text, "login {} at {}", it.session, it.endpoint.url).unwrap(),
        Plan::Profile(_) => text.push_str("profile"),
    }
    text
}

/// What profile `p` means in these texts.
fn of(inputs: Inputs, credentials: &str, config: &str) -> Result<String, Refusal> {
    meaning(credentials.as_bytes(), config.as_bytes(), &plan_of(Some("p"), inputs)).map(|plan| sketch(&plan))
}

fn v2(config: &str) -> Result<String, Refusal> {
    of(inputs(Order::V2, &[], &[]), "", config)
}

fn v1(credentials: &str) -> Result<String, Refusal> {
    of(inputs(Order::V1, &[], &[]), credentials, "")
}

const STS: &str = "at https://sts.amazonaws.com";
const KEYS: &str = "aws_access_key_id = AKIAP\naws_secret_access_key = sp\n";
const FROM_KEYS: &str = "profile credentials: AKIAP sp - -";
const ROLE: &str = "role_arn = arn:aws:iam::1:role/r\n";
const BASE: &str = "[profile base]\naws_access_key_id = AKIAB\naws_secret_access_key = sb\n";
const FROM_BASE: &str = "profile credentials: AKIAB sb - -";

#[test]
fn each_kind_of_source_is_understood() {
    let p = |settings: &str| format!("[profile p]\n{settings}");
    let role = |more: &str, said: &str, source: &str| {
        (p(&format!("{ROLE}{more}")), format!("role arn:aws:iam::1:role/r{said} {STS} <- {source}"))
    };
    for (config, expected) in [
        // Static credentials.
        (p(KEYS), FROM_KEYS.to_owned()),
        (p(&format!("{KEYS}aws_session_token = t # a comment\n")), "profile credentials: AKIAP sp t -".into()),
        (p(&format!("{KEYS}aws_session_token =\n")), FROM_KEYS.into()),
        (p(&format!("{KEYS}aws_account_id = 123456789012\n")), "profile credentials: AKIAP sp - 123456789012".into()),
        (p(&format!("{KEYS}aws_account_id = evil.example\n")), FROM_KEYS.into()),
        // Assume role.
        // A profile that names itself means its own keys.
        role(&format!("source_profile = p\n{KEYS}"), "", FROM_KEYS),
        {
            let (config, expected) = role("source_profile = base\n", "", FROM_BASE);
            (format!("{config}{BASE}"), expected)
        },
        {
            let more = "source_profile = base\nexternal_id = x-1\nduration_seconds = 900\nrole_session_name = me\n";
            let (config, expected) = role(more, " as me for 900s id x-1", FROM_BASE);
            (format!("{config}{BASE}"), expected)
        },
        (
            p(&format!("{ROLE}source_profile = base\nregion = eu-west-1\n")) + BASE,
            format!("role arn:aws:iam::1:role/r at https://sts.eu-west-1.amazonaws.com <- {FROM_BASE}"),
        ),
        (
            p(&format!("{ROLE}source_profile = base\nservices = s\nendpoint_url = http://all\n"))
                + BASE
                + "[services s]\nsts =\n  endpoint_url = http://own\ns3 =\n  endpoint_url = http://other\n",
            format!("role arn:aws:iam::1:role/r at http://own <- {FROM_BASE}"),
        ),
        (
            p(&format!("{ROLE}source_profile = base\nuse_fips_endpoint = true\nregion = us-east-2\n")) + BASE,
            format!("role arn:aws:iam::1:role/r at https://sts-fips.us-east-2.amazonaws.com <- {FROM_BASE}"),
        ),
        // A role's source may be a role, a process, a session.
        (
            p(&format!("{ROLE}source_profile = q\n"))
                + "[profile q]\nrole_arn = arn:aws:iam::2:role/q\nsource_profile = base\n"
                + BASE,
            format!("role arn:aws:iam::1:role/r {STS} <- role arn:aws:iam::2:role/q {STS} <- {FROM_BASE}"),
        ),
        (
            p(&format!("{ROLE}source_profile = q\n")) + "[profile q]\ncredential_process = /bin/x \"a b\" # c\n",
            format!("role arn:aws:iam::1:role/r {STS} <- process /bin/x \"a b\" -"),
        ),
        // Web identity.
        (
            p(&format!("{ROLE}web_identity_token_file = ~/token\nrole_session_name = me\n")),
            format!("web arn:aws:iam::1:role/r as me /h/token {STS}"),
        ),
        // Process.
        (p("credential_process = cmd --x\naws_account_id = 123456789012\n"), "process cmd --x 123456789012".into()),
        // SSO.
        (
            p("sso_session = s\nsso_account_id = 1\nsso_role_name = r\n")
                + "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://c.example/start\n",
            "sso s https://c.example/start 1 r at https://portal.sso.eu-west-1.amazonaws.com and \
             https://oidc.eu-west-1.amazonaws.com"
                .into(),
        ),
        (
            p(
                "sso_start_url = https://c.example/start\nsso_region = cn-north-1\nsso_account_id = 1\nsso_role_name = r\n",
            ),
            "sso - https://c.example/start 1 r at https://portal.sso.cn-north-1.amazonaws.com.cn and \
             https://oidc.cn-north-1.amazonaws.com.cn"
                .into(),
        ),
        (
            p("sso_session = s\nsso_account_id = 1\nsso_role_name = r\nsso_region = EU-WEST-1\nservices = x\n")
                + "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://c.example/start\n"
                + "[services x]\nsso =\n  endpoint_url = http://portal\nsso_oidc =\n  endpoint_url = http://oidc\n",
            "sso s https://c.example/start 1 r at http://portal and http://oidc".into(),
        ),
        // Login.
        (
            p("login_session = arn:aws:iam::1:user/me\nregion = eu-west-1\n"),
            "login arn:aws:iam::1:user/me at https://eu-west-1.signin.aws.amazon.com".into(),
        ),
    ] {
        assert_eq!(v2(&config).as_deref(), Ok(expected.as_str()), "{config}");
    }
}

#[test]
fn of_several_kinds_in_one_profile_each_sdk_takes_its_first() {
    let p = |settings: &str| format!("[profile p]\n{settings}{KEYS}");
    let process = "credential_process = cmd\n";
    let login = "login_session = arn:aws:iam::1:user/me\nregion = eu-west-1\n";
    let sso = "sso_region = eu-west-1\nsso_start_url = https://c\nsso_account_id = 1\nsso_role_name = r\n";
    let role = format!("{ROLE}source_profile = base\n");
    let web = format!("{role}web_identity_token_file = /t\n");
    for (config, second, first) in [
        (p(process), "process", "process"),
        (p(&format!("{process}{login}")), "login", "process"),
        (p(&format!("{login}")), "login", "profile credentials"),
        (p(&format!("{role}{process}{login}")), "role", "role"),
        (p(&format!("{sso}{process}")), "sso", "process"),
        (p(&format!("{sso}{role}")), "sso", "role"),
        (p(&format!("{sso}{web}")), "web", "web"),
        (p(ROLE), "profile credentials", "no: role_arn stands there without"),
        (p(&format!("{ROLE}{process}")), "process", "no: role_arn stands there without"),
        (p(sso), "sso", "profile credentials"),
    ] {
        let config = format!("{config}{BASE}");
        for (order, expected) in [(Order::V2, second), (Order::V1, first)] {
            let found = of(inputs(order, &[], &[]), "", &config);
            let found = found.unwrap_or_else(|refusal| format!("no: {}", refusal.error.message));
            match expected.strip_prefix("no: ") {
                Some(part) => assert!(found.contains(part), "{order:?} {found}"),
                None => assert!(found.starts_with(expected), "{order:?} {config} {found}"),
            }
        }
    }
}

#[test]
fn v1_takes_the_keys_of_a_roles_source_and_serves_what_it_does_not_know() {
    let chain = "[p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = q\n[q]\nrole_arn = arn:aws:iam::2:role/q\n";
    let with_keys = format!("{chain}{KEYS}");
    assert_eq!(v1(&with_keys).unwrap(), format!("role arn:aws:iam::1:role/r {STS} <- {FROM_KEYS}"));
    let on = format!("{chain}source_profile = base\n{BASE}");
    let expected = format!("role arn:aws:iam::1:role/r {STS} <- role arn:aws:iam::2:role/q {STS} <- {FROM_BASE}");
    assert_eq!(v1(&on).unwrap(), expected);
}

#[test]
fn v2_merges_the_two_files_by_setting_and_v1_by_profile() {
    let config = format!("[profile p]\n{ROLE}source_profile = base\nregion = eu-west-1\n{BASE}");
    let credentials = format!("[p]\n{KEYS}[base]\naws_secret_access_key = other\n");
    let second = of(inputs(Order::V2, &[], &[]), &credentials, &config).unwrap();
    let at = "at https://sts.eu-west-1.amazonaws.com";
    assert_eq!(second, format!("role arn:aws:iam::1:role/r {at} <- profile credentials: AKIAB other - -"));
    assert_eq!(of(inputs(Order::V1, &[], &[]), &credentials, &config).unwrap(), FROM_KEYS);
    // A profile that only the config file has is served for SDK v1, too.
    assert_eq!(of(inputs(Order::V1, &[], &[]), "[x]\n", &format!("[profile p]\n{KEYS}")).unwrap(), FROM_KEYS);
}

#[test]
fn a_credential_source_is_the_environment_imds_or_the_container() {
    let config = |source: &str, more: &str| format!("[profile p]\n{ROLE}credential_source = {source}\n{more}");
    let with = |order, environment: &[_], properties: &[_], config: &str| {
        let plan = of(inputs(order, environment, properties), "", config);
        plan.map(|plan| plan.split_once(" <- ").unwrap().1.to_owned())
    };
    let environment = [("AWS_ACCESS_KEY_ID", "AKIAE"), ("AWS_SECRET_ACCESS_KEY", "se"), ("AWS_SESSION_TOKEN", "te")];
    let properties = [("aws.accessKeyId", "AKIAJ"), ("aws.secretAccessKey", "sj"), ("aws.secretKey", "sj")];
    let from_environment = config("environment", "");
    let from = |order, properties: &[_]| with(order, &environment, properties, &from_environment).unwrap();
    assert_eq!(from(Order::V2, &[]), "environment variables: AKIAE se te -");
    assert_eq!(from(Order::V2, &properties), "system properties: AKIAJ sj - -");
    assert_eq!(from(Order::V1, &properties), "environment variables: AKIAE se te -");

    let imds = config("Ec2InstanceMetadata", "");
    assert_eq!(with(Order::V2, &[], &[], &imds).unwrap(), "imds http://169.254.169.254 1s x1 -");
    let said = config(
        "Ec2InstanceMetadata",
        "ec2_metadata_service_endpoint_mode = IPv6\nec2_metadata_v1_disabled = True\nmetadata_service_timeout = 2.5\n\
         metadata_service_num_attempts = 3\n",
    );
    let expected = "imds http://[fd00:ec2::254] 2.5s x3 ec2_metadata_v1_disabled";
    assert_eq!(with(Order::V2, &[], &[], &said).unwrap(), expected);
    let endpoint = format!("{said}ec2_metadata_service_endpoint = http://127.0.0.1:1/\n");
    assert!(with(Order::V2, &[], &[], &endpoint).unwrap().starts_with("imds http://127.0.0.1:1 2.5s"));
    let set = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:2"),
        ("AWS_EC2_METADATA_V1_DISABLED", "false"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "9"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "8"),
    ];
    assert_eq!(with(Order::V2, &set, &[], &endpoint).unwrap(), "imds http://127.0.0.1:2 9s x8 -");
    // The profile's endpoint goes before the mode of a variable.
    let mode = [("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")];
    assert!(with(Order::V2, &mode, &[], &endpoint).unwrap().starts_with("imds http://127.0.0.1:1"));

    let container = config("EcsContainer", "");
    let set = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:3/c")];
    assert_eq!(with(Order::V2, &set, &[], &container).unwrap(), "container http://127.0.0.1:3/c");
}

/// What is refused, why, and with which words.
#[test]
fn what_cannot_be_meant_is_refused_with_place_and_fix_and_without_secrets() {
    let p = |settings: &str| format!("[profile p]\n{settings}");
    let role = |more: &str| p(&format!("{ROLE}{more}"));
    use Lack::*;
    for (config, lack, part) in [
        ("[profile q]\n".to_owned(), NoProfile, "profile \"p\": is not in /h/.aws/credentials and /h/.aws/config"),
        (p("region = eu-west-1\n"), NoCredentials, "says nothing about credentials"),
        (p("aws_access_key_id = AKIAP\n"), Incomplete, "line 2 of /h/.aws/config: there is no aws_secret_access_key"),
        (p("aws_secret_access_key = wJalr\n"), Incomplete, "there is no aws_access_key_id besides"),
        (p("aws_session_token = wJalr\n"), Incomplete, "there is no aws_access_key_id besides aws_session_token"),
        (p("aws_access_key_id = AKIAP\naws_secret_access_key =\n"), Incomplete, "line 3 of /h/.aws/config: aws_secret"),
        (p("aws_access_key_id = ASIAP\naws_secret_access_key = wJalr\n"), Incomplete, "without aws_session_token"),
        (p("aws_access_key_id = AK IA\naws_secret_access_key = wJalr\n"), Wrong, "line 2 of /h/.aws/config: aws_acc"),
        (
            p("aws_access_key_id = AKIAP\naws_secret_access_key = wJalr\n  wJalr\n"),
            Wrong,
            "aws_secret_access_key holds",
        ),
        (p("aws_access_key_id = AKIAP\naws_secret_access_key = \u{fffd}\n"), Wrong, "visible ASCII"),
        (role(""), Wrong, "line 2 of /h/.aws/config: role_arn stands there without"),
        (role("source_profile = p\n"), Wrong, "line 3 of /h/.aws/config: names the profile itself"),
        (role("source_profile = q\n"), Wrong, "profile \"q\" is not in"),
        (role("source_profile = q\n[profile q]\n"), Wrong, "profile \"q\" says nothing about credentials"),
        (role("source_profile = q\n[profile q]\naws_access_key_id = AKIAQ\n"), Incomplete, "profile \"q\", line 5"),
        (
            role("source_profile = q\n[profile q]\nrole_arn = arn:aws:iam::1:role/q\nsource_profile = p\n"),
            Wrong,
            "circle: \"p\" -> \"q\" -> \"p\"",
        ),
        (role("source_profile = q\ncredential_source = Environment\n"), Wrong, "both source_profile and credential"),
        (role("credential_source = Ec2\n"), Wrong, "\"Ec2\" is no source"),
        (role("credential_source = Environment\n"), Wrong, "AWS_ACCESS_KEY_ID is not set"),
        (role("credential_source = EcsContainer\n"), Wrong, "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor"),
        (
            role("credential_source = Ec2InstanceMetadata\nmetadata_service_timeout = soon\n"),
            Wrong,
            "line 4 of /h/.aws/config: \"soon\" was given",
        ),
        (
            role("credential_source = Ec2InstanceMetadata\nec2_metadata_service_endpoint = ftp://h\n"),
            Wrong,
            "line 4 of /h/.aws/config: \"ftp://h\" was given",
        ),
        (role("credential_source = Environment\nmfa_serial = arn:aws:iam::1:mfa/me\n"), Wrong, "code of a device"),
        (
            role(&format!("source_profile = base\nduration_seconds = 1h\n{BASE}")),
            Wrong,
            "line 4 of /h/.aws/config: \"1h\" is no number of seconds",
        ),
        (
            role(&format!("source_profile = base\nrole_session_name = a b\n{BASE}")),
            Wrong,
            "role_session_name: \"a b\" was given",
        ),
        (
            p(&format!("role_arn = app\nsource_profile = base\n{BASE}")),
            Wrong,
            "line 2 of /h/.aws/config: \"app\" is no ARN",
        ),
        (p("sso_session = s\nsso_account_id = 1\n"), Wrong, "it has no sso_role_name"),
        (p("sso_account_id = 1\nsso_role_name = r\nsso_region = eu-west-1\n"), Wrong, "it has no sso_start_url"),
        (p("sso_session = s\nsso_account_id = 1\nsso_role_name = r\n"), Wrong, "no section \"[sso-session s]\""),
        (
            p("sso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_region = eu-west-1\n"),
            Wrong,
            "the sso-session \"s\" has no sso_start_url",
        ),
        (
            p("sso_session = s\nsso_account_id = 1\nsso_role_name = r\nsso_region = eu-west-2\n[sso-session s]\n\
               sso_region = eu-west-1\nsso_start_url = https://c\n"),
            Wrong,
            "line 5 of /h/.aws/config: sso_region is another than that of the sso-session \"s\"",
        ),
        (p("login_session = arn:aws:iam::1:user/me\n"), Wrong, "login_session needs a region"),
    ] {
        let refusal = v2(&config).unwrap_err();
        assert_eq!(refusal.lack, lack, "{refusal:?}");
        let error = &refusal.error;
        assert!(error.message.contains(part), "{part}: {error}");
        let kind = if lack == Incomplete { FetchErrorKind::Transient } else { FetchErrorKind::NonRecoverable };
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.fix.is_some() && !error.to_string().contains("wJalr"), "{error}");
    }
}

#[test]
fn a_chain_of_profiles_has_an_end() {
    let chain = |length: usize| {
        let link = |i| format!("[profile p{i}]\nrole_arn = arn:aws:iam::1:role/r{i}\nsource_profile = p{}\n", i + 1);
        let start = format!("[profile p]\n{ROLE}source_profile = p1\n");
        (1..length).map(link).fold(start, |all, one| all + &one) + &format!("[profile p{length}]\n{KEYS}")
    };
    let plan = v2(&chain(15)).unwrap();
    assert!(plan.ends_with(FROM_KEYS) && plan.matches("role ").count() == 15, "{plan}");
    for length in [16, 20_000] {
        let refusal = v2(&chain(length)).unwrap_err();
        assert!(refusal.error.message.contains("more than 16 profiles"), "{}", refusal.error);
    }
}

#[test]
fn the_name_of_the_profile_is_given_or_set_in_each_sdks_order() {
    let both = |order| inputs(order, &[("AWS_PROFILE", "variable")], &[("aws.profile", "property")]);
    assert_eq!(name(Some("given"), &both(Order::V2)), "given");
    assert_eq!(name(None, &both(Order::V2)), "property");
    assert_eq!(name(None, &both(Order::V1)), "variable");
    assert_eq!(name(None, &inputs(Order::V1, &[], &[("aws.profile", "property")])), "property");
    assert_eq!(name(None, &inputs(Order::V2, &[], &[])), "default");
}

#[test]
fn the_files_are_where_each_sdk_looks_for_them() {
    let places = |order, environment: &[(&str, &str)], properties: &[(&str, &str)]| {
        let all = |set: &[(&str, &str)]| set.iter().copied().collect();
        let inputs = Inputs { order, environment: all(environment), properties: all(properties) };
        let places = Places::of(&inputs);
        let shown =
            |path: Option<PathBuf>| path.map_or("-".to_owned(), |path| path.to_string_lossy().replace('\\', "/"));
        format!("{} {}", shown(places.credentials), shown(places.config))
    };
    let home = [("HOME", "/env")];
    let user_home = [("user.home", "/jvm")];
    assert_eq!(places(Order::V2, &home, &user_home), "/env/.aws/credentials /env/.aws/config");
    assert_eq!(places(Order::V1, &home, &user_home), "/jvm/.aws/credentials /jvm/.aws/config");
    assert_eq!(places(Order::V2, &[], &user_home), "/jvm/.aws/credentials /jvm/.aws/config");
    assert_eq!(places(Order::V2, &[], &[]), "- -");
    let named = [home[0], ("AWS_SHARED_CREDENTIALS_FILE", "~/c"), ("AWS_CONFIG_FILE", "/x"), ("USERPROFILE", "/no")];
    assert_eq!(places(Order::V2, &named, &[]), "/env/c /x");
    let properties = [("aws.sharedCredentialsFile", "/pc"), ("aws.configFile", "/px"), user_home[0]];
    assert_eq!(places(Order::V2, &named, &properties), "/pc /px");
    assert_eq!(places(Order::V1, &named, &properties), "/jvm/c /x");
    let own = [named[1], ("AWS_CREDENTIAL_PROFILES_FILE", "/v1")];
    assert_eq!(places(Order::V1, &own, &user_home), "/v1 /jvm/.aws/config");
    assert_eq!(places(Order::V2, &own, &user_home), "/jvm/c /jvm/.aws/config");
}

#[test]
fn endpoints_of_sso_and_login_follow_partition_fips_and_dual_stack() {
    let sso = |region: &str, environment: &[_]| {
        let config = format!(
            "[profile p]\nsso_region = {region}\nsso_start_url = https://c\nsso_account_id = 1\nsso_role_name = r\n"
        );
        let plan = of(inputs(Order::V2, environment, &[]), "", &config).unwrap();
        plan.split_once(" at ").unwrap().1.replace("https://", "")
    };
    let login = |region: &str, environment: &[_]| {
        let config = format!("[profile p]\nlogin_session = me\nregion = {region}\n");
        let plan = of(inputs(Order::V2, environment, &[]), "", &config).unwrap();
        plan.split_once(" at ").unwrap().1.replace("https://", "")
    };
    let fips = ("AWS_USE_FIPS_ENDPOINT", "true");
    let dual = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    let r = "us-east-1";
    assert_eq!(sso(r, &[fips]), "portal.sso-fips.us-east-1.amazonaws.com and oidc-fips.us-east-1.amazonaws.com");
    assert_eq!(sso(r, &[dual]), "portal.sso.us-east-1.api.aws and oidc.us-east-1.api.aws");
    assert_eq!(sso(r, &[fips, dual]), "portal.sso-fips.us-east-1.api.aws and oidc-fips.us-east-1.api.aws");
    let gov = "us-gov-west-1";
    assert_eq!(sso(gov, &[fips]), "portal.sso.us-gov-west-1.amazonaws.com and oidc.us-gov-west-1.amazonaws.com");
    assert_eq!(login(r, &[]), "us-east-1.signin.aws.amazon.com");
    assert_eq!(login(r, &[dual]), "signin.us-east-1.api.aws");
    assert_eq!(login(r, &[fips]), "signin-fips.us-east-1.amazonaws.com");
    assert_eq!(login("cn-north-1", &[]), "cn-north-1.signin.amazonaws.cn");
    assert_eq!(login("eusc-de-east-1", &[]), "eusc-de-east-1.signin.amazonaws-eusc.eu");
    assert_eq!(login(gov, &[]), "us-gov-west-1.signin.amazonaws-us-gov.com");
    assert_eq!(login(gov, &[fips]), "signin-fips.amazonaws-us-gov.com");
    assert_eq!(login("us-gov-east-1", &[fips]), "us-gov-east-1.signin-fips.amazonaws-us-gov.com");
    let set = [("AWS_ENDPOINT_URL_SSO", "http://p:1"), ("AWS_ENDPOINT_URL", "http://a:2/")];
    assert_eq!(sso(r, &set), "http://p:1 and http://a:2");
    assert_eq!(login(r, &[("AWS_ENDPOINT_URL_SIGNIN", "http://s:3")]), "http://s:3");
}

#[test]
fn neither_debug_nor_any_error_shows_a_secret() {
    let config = "[profile p]\naws_access_key_id = AKIAP\naws_secret_access_key = wJalr\naws_session_token = wJalr\n";
    let plan = meaning(b"", config.as_bytes(), &plan_of(Some("p"), inputs(Order::V2, &[], &[]))).unwrap();
    assert!(!format!("{plan:?}").contains("wJalr"), "{plan:?}");
    let texts = files::Texts { credentials: None, config: Some(config.as_bytes().into()) };
    let places = Places::of(&inputs(Order::V2, &[], &[]));
    let profiles = Profiles::read(&texts, &places, &inputs(Order::V2, &[], &[])).unwrap();
    assert!(!format!("{texts:?} {profiles:?}").contains("wJalr"));
}

fn line() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("aws_access_key_id"),
        Just("aws_secret_access_key"),
        Just("aws_session_token"),
        Just("role_arn"),
        Just("source_profile"),
        Just("credential_source"),
        Just("credential_process"),
        Just("web_identity_token_file"),
        Just("sso_session"),
        Just("sso_region"),
        Just("sso_account_id"),
        Just("sso_role_name"),
        Just("sso_start_url"),
        Just("login_session"),
        Just("region"),
        Just("services"),
        Just("duration_seconds"),
        Just("mfa_serial"),
        Just("endpoint_url"),
        Just("ec2_metadata_service_endpoint"),
    ];
    let value = prop_oneof![
        Just("p".to_owned()),
        Just("q".to_owned()),
        Just("default".to_owned()),
        Just("arn:aws:iam::1:role/r".to_owned()),
        Just("Ec2InstanceMetadata".to_owned()),
        Just("eu-west-1".to_owned()),
        Just("http://h".to_owned()),
        Just("900".to_owned()),
        ".{0,40}",
    ];
    prop_oneof![
        1 => prop_oneof![
            Just("[profile p]".to_owned()), Just("[p]".to_owned()), Just("[q]".to_owned()),
            Just("[profile q]".to_owned()), Just("[default]".to_owned()), Just("[sso-session p]".to_owned()),
            Just("[services p]".to_owned()),
        ],
        6 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_every_error_is_bounded_and_on_one_line(
        lines in proptest::collection::vec(line(), 0..24),
        cut in 0_usize..2000,
        garbage in proptest::collection::vec(any::<u8>(), 0..8),
        v1 in any::<bool>(),
    ) {
        let mut bytes = lines.join("\n").into_bytes();
        bytes.truncate(cut);
        bytes.extend(garbage);
        let order = if v1 { Order::V1 } else { Order::V2 };
        for (credentials, config) in [(&bytes[..], &b""[..]), (&b""[..], &bytes[..]), (&bytes[..], &bytes[..])] {
            let plan = plan_of(Some("p"), inputs(order, &[], &[]));
            if let Err(refusal) = meaning(credentials, config, &plan) {
                let text = refusal.error.to_string();
                prop_assert!(text.len() < 6000, "{}", text.len());
                prop_assert!(!text.chars().any(char::is_control), "{text:?}");
            }
        }
    }
}

#[test]
fn durations_carry_their_unit() {
    let config = format!("[profile p]\n{ROLE}source_profile = base\nduration_seconds = 43200\n{BASE}");
    let plan = meaning(b"", config.as_bytes(), &plan_of(Some("p"), inputs(Order::V2, &[], &[]))).unwrap();
    let Plan::AssumeRole(role) = plan else { panic!() };
    assert_eq!(role.role.duration, Some(Duration::from_secs(12 * 3600)));
}
