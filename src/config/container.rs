//! What the variables and the properties say about the credentials endpoint of a container (ECS, EKS Pod Identity,
//! Greengrass, or one that the user runs).
//!
//! The rules are those of `ContainerCredentialsProvider` in the AWS SDK for Java 2.57.8 and 1.12.797: the relative URI
//! goes before the full one, the token before the token file. SDK v1 reads variables only, knows no endpoint but ECS's
//! for the relative URI, and sends no token to it. Departures: EKS's IPv6 address is allowed for v1 too without
//! `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`, and a token may end in white space, which is cut off.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use url::{Host, Url};

use super::names::{self, Name};
use super::{ConfigError, Inputs, Order, quoted};
use crate::credentials::Secret;
use crate::sources::plan::{Authorization, ContainerPlan};

/// The agent of ECS.
pub const ECS_ENDPOINT: &str = "http://169.254.170.2";

/// Agents that are reached without TLS, besides the loopback interface: ECS's and EKS Pod Identity's.
const AGENTS_IPV4: [Ipv4Addr; 2] = [Ipv4Addr::new(169, 254, 170, 2), Ipv4Addr::new(169, 254, 170, 23)];
const AGENT_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23);

/// The endpoint that is configured; `None` where neither URI is set. `Err` where one is set that cannot be meant.
pub fn plan(inputs: &Inputs) -> Result<Option<ContainerPlan>, ConfigError> {
    let v1 = inputs.order == Order::V1;
    let (setting, url, token_is_sent) = if let Some((setting, path)) = inputs.setting(names::CONTAINER_RELATIVE_URI) {
        (setting, relative(inputs, setting, path)?, !v1)
    } else if let Some((setting, uri)) = inputs.setting(names::CONTAINER_FULL_URI) {
        (setting, legal(setting, uri)?, true)
    } else {
        return Ok(None);
    };
    let authorization = if token_is_sent { authorization(inputs)? } else { Authorization::None };
    Ok(Some(ContainerPlan { url, setting, authorization }))
}

fn relative(inputs: &Inputs, setting: &'static str, path: &str) -> Result<String, ConfigError> {
    // Anything else would become part of the host's name, or put another host in its place.
    if !path.starts_with('/') {
        return Err(ConfigError::new(
            setting,
            format!("{} was given; a path that begins with / is allowed", shown(path)),
        ));
    }
    match setting_unless_v1(inputs, names::CONTAINER_SERVICE_ENDPOINT) {
        Some((endpoint_setting, endpoint)) => {
            legal(endpoint_setting, endpoint)?;
            legal(setting, &format!("{}{path}", endpoint.trim_end_matches('/')))
        }
        None => legal(setting, &format!("{ECS_ENDPOINT}{path}")),
    }
}

fn setting_unless_v1(inputs: &Inputs, name: Name) -> Option<(&'static str, &str)> {
    if inputs.order == Order::V1 { None } else { inputs.setting(name) }
}

fn authorization(inputs: &Inputs) -> Result<Authorization, ConfigError> {
    if let Some((setting, token)) = inputs.setting(names::CONTAINER_TOKEN) {
        if !is_header_value(token) {
            let problem = "holds a line end or another character that cannot stand in an HTTP header (not shown)";
            return Err(ConfigError::new(setting, problem));
        }
        return Ok(Authorization::Token { setting, token: Secret::new(token) });
    }
    Ok(match inputs.setting(names::CONTAINER_TOKEN_FILE) {
        Some((setting, file)) => Authorization::File { setting, file: PathBuf::from(file) },
        None => Authorization::None,
    })
}

/// Visible ASCII and spaces (`Basic …` has one): nothing that could end the header.
pub fn is_header_value(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// Whether credentials may come from this host without TLS; `None` where its name has to be looked up first, and all of
/// its addresses have to be loopback addresses.
pub fn is_local(host: &Host<&str>) -> Option<bool> {
    match host {
        Host::Ipv4(address) => Some(address.is_loopback() || AGENTS_IPV4.contains(address)),
        Host::Ipv6(address) => Some(address.to_canonical().is_loopback() || *address == AGENT_IPV6),
        // By definition (RFC 6761) the loopback interface.
        Host::Domain(name) if name.eq_ignore_ascii_case("localhost") => Some(true),
        Host::Domain(_) => None,
    }
}

fn legal(setting: &str, text: &str) -> Result<String, ConfigError> {
    let refused = |problem: String| Err(ConfigError::new(setting, problem));
    let Ok(url) = Url::parse(text) else {
        return refused(format!("{} was given, which is no URI; http://host/path is allowed", shown(text)));
    };
    if !url.username().is_empty() || url.password().is_some() {
        // What stands there may be a password.
        return refused("a user name or password was given; http://host/path is allowed".into());
    }
    let Some(host) = url.host().filter(|_| ["http", "https"].contains(&url.scheme())) else {
        return refused(format!("{} was given; http://host/path or https://host/path is allowed", shown(text)));
    };
    if url.scheme() == "http" && is_local(&host) == Some(false) {
        return refused(format!(
            "{host} was given as the host; without TLS (https) it has to be a loopback address or one of \
             169.254.170.2, 169.254.170.23 and [fd00:ec2::23]",
        ));
    }
    Ok(url.into())
}

/// Without the query, which may hold a secret.
fn shown(uri: &str) -> String {
    match uri.split_once('?') {
        Some((before, _)) => quoted(&format!("{before}?...")),
        None => quoted(uri),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(
        order: Order,
        environment: &[(&str, &str)],
        properties: &[(&str, &str)],
    ) -> Result<Option<ContainerPlan>, ConfigError> {
        let [environment, properties] = [environment, properties].map(|set| set.iter().copied().collect());
        plan(&Inputs { order, environment, properties })
    }

    fn url(order: Order, environment: &[(&str, &str)], properties: &[(&str, &str)]) -> String {
        look(order, environment, properties).unwrap().unwrap().url
    }

    const RELATIVE: (&str, &str) = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/id?x=1");
    const FULL: (&str, &str) = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
    const TOKEN: (&str, &str) = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", " Basic wJalrToken\n");
    const TOKEN_FILE: (&str, &str) = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token");

    #[test]
    fn neither_uri_means_that_there_is_no_container() {
        for order in [Order::V1, Order::V2] {
            assert_eq!(look(order, &[TOKEN, TOKEN_FILE, ("AWS_CONTAINER_CREDENTIALS_FULL_URI", " ")], &[]), Ok(None));
        }
        let property = [("aws.containerCredentialsFullUri", "http://127.0.0.1/")];
        assert_eq!(look(Order::V1, &[], &property), Ok(None));
    }

    #[test]
    fn the_relative_uri_goes_before_the_full_one_and_is_ecss() {
        for order in [Order::V1, Order::V2] {
            assert_eq!(url(order, &[FULL, RELATIVE], &[]), "http://169.254.170.2/v2/credentials/id?x=1");
            assert_eq!(url(order, &[FULL], &[]), FULL.1);
        }
        let plan = look(Order::V2, &[RELATIVE], &[("aws.containerCredentialsPath", "/p")]).unwrap().unwrap();
        assert_eq!((&*plan.url, plan.setting), ("http://169.254.170.2/p", "aws.containerCredentialsPath"));
        // A property for the full URI does not go before a variable for the relative one.
        let full = [("aws.containerCredentialsFullUri", "http://127.0.0.1/full")];
        assert!(url(Order::V2, &[RELATIVE], &full).contains("/v2/"));
        assert_eq!(url(Order::V2, &[FULL], &full), "http://127.0.0.1/full");
    }

    #[test]
    fn only_v2_lets_the_endpoint_of_the_relative_uri_be_set() {
        let environment = [RELATIVE, ("AWS_CONTAINER_SERVICE_ENDPOINT", "http://127.0.0.1:51679/")];
        assert_eq!(url(Order::V2, &environment, &[]), "http://127.0.0.1:51679/v2/credentials/id?x=1");
        assert_eq!(url(Order::V1, &environment, &[]), "http://169.254.170.2/v2/credentials/id?x=1");
        let property = [("aws.containerServiceEndpoint", "https://agent.example")];
        assert_eq!(url(Order::V2, &environment, &property), "https://agent.example/v2/credentials/id?x=1");
        let error =
            look(Order::V2, &[RELATIVE, ("AWS_CONTAINER_SERVICE_ENDPOINT", "http://10.0.0.1")], &[]).unwrap_err();
        assert_eq!(error.setting, "AWS_CONTAINER_SERVICE_ENDPOINT");
    }

    #[test]
    fn the_token_goes_before_its_file_and_properties_before_variables() {
        let authorization = |order, environment: &[_], properties: &[_]| {
            look(order, environment, properties).unwrap().unwrap().authorization
        };
        let token = |setting, token: &str| Authorization::Token { setting, token: Secret::new(token) };
        let file = |setting, file: &str| Authorization::File { setting, file: file.into() };
        for order in [Order::V1, Order::V2] {
            assert_eq!(authorization(order, &[FULL, TOKEN, TOKEN_FILE], &[]), token(TOKEN.0, "Basic wJalrToken"));
            assert_eq!(authorization(order, &[FULL, TOKEN_FILE], &[]), file(TOKEN_FILE.0, "/var/run/token"));
            assert_eq!(authorization(order, &[FULL], &[]), Authorization::None);
        }
        assert_eq!(authorization(Order::V2, &[RELATIVE, TOKEN], &[]), token(TOKEN.0, "Basic wJalrToken"));
        assert_eq!(authorization(Order::V1, &[RELATIVE, TOKEN], &[]), Authorization::None);
        let properties = [("aws.containerAuthorizationTokenFile", "/f"), ("aws.containerAuthorizationToken", "t")];
        assert_eq!(
            authorization(Order::V2, &[FULL, TOKEN], &properties),
            token("aws.containerAuthorizationToken", "t")
        );
        assert_eq!(
            authorization(Order::V2, &[FULL, TOKEN_FILE], &properties[..1]),
            file("aws.containerAuthorizationTokenFile", "/f")
        );
        assert_eq!(authorization(Order::V1, &[FULL, TOKEN_FILE], &properties), file(TOKEN_FILE.0, "/var/run/token"));
    }

    #[test]
    fn without_tls_only_the_host_itself_and_the_agents_are_asked() {
        let full = |uri: &str| look(Order::V2, &[(FULL.0, uri)], &[]).map(|plan| plan.unwrap().url);
        for good in [
            "https://anything.example/x",
            "https://10.0.0.1/",
            "http://127.0.0.1/",
            "http://127.8.9.10:81/a?b=c",
            "http://localhost:8080/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://169.254.170.2/",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            // Has to be looked up.
            "http://agent.example/",
        ] {
            assert_eq!(full(good).unwrap(), good);
        }
        for bad in [
            "http://10.0.0.1/",
            "http://169.254.169.254/",
            "http://169.254.170.3/",
            "http://0.0.0.0/",
            "http://[fd00:ec2::24]/",
            "http://[::ffff:10.0.0.1]/",
            "ftp://127.0.0.1/",
            "http:///",
            "127.0.0.1:80/",
            "/v2/credentials",
        ] {
            let error = full(bad).unwrap_err();
            assert_eq!(error.setting, FULL.0, "{bad}");
        }
    }

    #[test]
    fn no_relative_uri_changes_the_host() {
        for path in ["@evil.example/", ".evil.example/", "v2/credentials", ":81/", "http://evil.example/"] {
            let error = look(Order::V2, &[(RELATIVE.0, path)], &[]).unwrap_err().to_string();
            assert!(error.contains("begins with /"), "{error}");
        }
        for path in ["//evil.example/", "/\\evil.example", "/@evil.example"] {
            assert!(url(Order::V2, &[(RELATIVE.0, path)], &[]).starts_with("http://169.254.170.2/"));
        }
    }

    #[test]
    fn no_error_shows_what_may_be_secret() {
        for (name, value) in [
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "wJalr\r\nX-Evil: 1"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "wJalr\u{e9}"),
            (FULL.0, "http://me:wJalr@127.0.0.1/"),
            (FULL.0, "ftp://127.0.0.1/?token=wJalr"),
        ] {
            let error = look(Order::V2, &[(FULL.0, "http://127.0.0.1/"), (name, value)], &[]).unwrap_err();
            assert_eq!(error.setting, name);
            assert!(!format!("{error} {error:?}").contains("wJalr"), "{error}");
        }
        let plan = look(Order::V2, &[FULL, TOKEN], &[]).unwrap().unwrap();
        assert!(!format!("{plan:?}").contains("wJalr"));
    }
}
