//! Which proxy leads to AWS: the JVM's properties as Java's own clients read them, then the variables that everything else
//! reads. Link-local services are never asked through one; their transport does not know this file.

use reqwest::{NoProxy, Proxy, Url};

use super::TransportError;
use crate::config::Inputs;
use crate::config::names;
use crate::credentials::Secret;

/// `http.nonProxyHosts` where it is not set (java.net: "Networking Properties").
const JAVA_DEFAULT: &str = "localhost|127.*|[::1]";

/// The proxies of one configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<One>,
    https: Option<One>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct One {
    /// `http://host:port`; holds no user.
    url: String,
    user: Option<(Secret, Secret)>,
    except: Except,
}

/// For which hosts the proxy is not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Except {
    /// `http.nonProxyHosts`.
    Java(String),
    /// `NO_PROXY`.
    Environment(String),
}

impl Proxies {
    pub fn new(inputs: &Inputs) -> Proxies {
        Proxies {
            http: by_property(inputs, "http", "80").or_else(|| by_variable(inputs, &names::HTTP_PROXY)),
            https: by_property(inputs, "https", "443").or_else(|| by_variable(inputs, &names::HTTPS_PROXY)),
        }
    }

    /// The one on the way to `url`, if there is one.
    pub(super) fn towards(&self, url: &str) -> Result<Option<Proxy>, TransportError> {
        let Some((one, host)) = Url::parse(url).ok().and_then(|url| {
            let one = if url.scheme() == "https" { &self.https } else { &self.http };
            Some((one.as_ref()?, url.host_str()?.to_owned()))
        }) else {
            return Ok(None);
        };
        let broken = |_| TransportError::Malformed("the proxy that is set is not http://host:port".into());
        let mut proxy = Proxy::all(&one.url).map_err(broken)?;
        match &one.except {
            Except::Java(patterns) if java_excepts(patterns, &host) => return Ok(None),
            Except::Java(_) => {}
            Except::Environment(list) => proxy = proxy.no_proxy(NoProxy::from_string(list)),
        }
        if let Some((user, password)) = &one.user {
            proxy = proxy.basic_auth(user.expose(), password.expose());
        }
        Ok(Some(proxy))
    }
}

fn by_property(inputs: &Inputs, scheme: &str, port: &str) -> Option<One> {
    let get = |name: &str| inputs.properties.get(&format!("{scheme}.{name}"));
    let host = get("proxyHost")?;
    let user = get("proxyUser").map(|user| (Secret::new(user), Secret::new(get("proxyPassword").unwrap_or_default())));
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    Some(One {
        url: format!("http://{host}:{}", get("proxyPort").unwrap_or(port)),
        user,
        except: Except::Java(inputs.properties.get("http.nonProxyHosts").unwrap_or(JAVA_DEFAULT).to_owned()),
    })
}

fn by_variable(inputs: &Inputs, variables: &[&str; 2]) -> Option<One> {
    let either = |names: &[&str; 2]| names.iter().find_map(|name| inputs.environment.get(name));
    let set = either(variables)?;
    let with_scheme = if set.contains("://") { set.to_owned() } else { format!("http://{set}") };
    let (mut url, mut user) = (with_scheme.clone(), None);
    if let Ok(mut parsed) = Url::parse(&with_scheme)
        && !parsed.username().is_empty()
    {
        let plain = |text: &str| Secret::new(percent_decoded(text));
        user = Some((plain(parsed.username()), plain(parsed.password().unwrap_or_default())));
        if parsed.set_username("").is_ok() && parsed.set_password(None).is_ok() {
            url = parsed.into();
        }
    }
    let except = Except::Environment(either(&names::NO_PROXY).unwrap_or_default().to_owned());
    Some(One { url, user, except })
}

fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.replace('+', "%2B").as_bytes()).map(|(text, _)| text.into_owned()).collect()
}

/// Names separated by `|`; a `*` stands at the beginning or the end of one.
fn java_excepts(patterns: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    patterns.split('|').map(|pattern| pattern.trim().to_ascii_lowercase()).any(|pattern| {
        match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(""), _) => true,
            (Some(rest), _) if rest.ends_with('*') => host.contains(rest.trim_end_matches('*')),
            (Some(end), _) => host.ends_with(end),
            (None, Some(start)) => host.starts_with(start),
            (None, None) => host == pattern,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Order;

    fn proxies(environment: &[(&str, &str)], properties: &[(&str, &str)]) -> Proxies {
        let [environment, properties] = [environment, properties].map(|set| set.iter().copied().collect());
        Proxies::new(&Inputs { order: Order::V2, environment, properties })
    }

    fn led(proxies: &Proxies, url: &str) -> bool {
        proxies.towards(url).unwrap().is_some()
    }

    #[test]
    fn the_jvms_properties_go_before_the_variables() {
        let both = proxies(&[("HTTPS_PROXY", "http://e:1")], &[("https.proxyHost", "j"), ("https.proxyPort", "2")]);
        assert_eq!(both.https.unwrap().url, "http://j:2");
        let environment = proxies(&[("https_proxy", "e:1")], &[("http.proxyHost", "j")]);
        assert_eq!(environment.https.unwrap().url, "http://e:1");
        assert_eq!(environment.http.unwrap().url, "http://j:80");
        assert_eq!(proxies(&[], &[]), Proxies::default());
    }

    #[test]
    fn hosts_are_excepted_as_java_excepts_them() {
        let set = [("https.proxyHost", "j"), ("http.nonProxyHosts", "*.internal|10.*|exact|*mid*")];
        let proxies = proxies(&[], &set);
        for direct in ["https://a.internal/", "https://10.1.2.3/", "https://exact/", "https://amidst/"] {
            assert!(!led(&proxies, direct), "{direct}");
        }
        for through in ["https://sts.amazonaws.com/", "https://exactly/", "https://a.internal.org/"] {
            assert!(led(&proxies, through), "{through}");
        }
        assert!(!led(&proxies, "http://sts.amazonaws.com/"), "the other scheme has a property of its own");
    }

    #[test]
    fn loopback_is_asked_directly_unless_the_property_says_otherwise() {
        let usual = proxies(&[], &[("http.proxyHost", "j")]);
        assert!(
            !led(&usual, "http://127.0.0.1:80/") && !led(&usual, "http://localhost/") && !led(&usual, "http://[::1]/")
        );
    }

    #[test]
    fn a_proxys_password_is_taken_out_of_its_address_and_never_shown() {
        let proxies = proxies(&[("HTTPS_PROXY", "http://me:p%40ss@e:1")], &[]);
        assert!(!format!("{proxies:?}").contains("ss@") && !format!("{proxies:?}").contains("p%40"), "{proxies:?}");
        let one = proxies.https.unwrap();
        let (user, password) = one.user.unwrap();
        assert_eq!((one.url.as_str(), user.expose(), password.expose()), ("http://e:1/", "me", "p@ss"));
    }
}
