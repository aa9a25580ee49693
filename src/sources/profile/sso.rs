//! Pure: a profile with `sso_session`, or with the older `sso_*` settings alone.

use super::endpoints;
use super::profiles::{Profiles, Settings};
use super::resolve::{Refusal, no_home};
use crate::config::{Inputs, quoted};
use crate::sources::plan::{Plan, SsoPlan};
use crate::sources::sso::token_file;

/// Any of these says that SSO is meant (SDK v2).
const SAYS_SSO: [&str; 5] = ["sso_session", "sso_account_id", "sso_role_name", "sso_region", "sso_start_url"];

pub(super) fn is_meant(it: &Settings<'_>) -> bool {
    SAYS_SSO.iter().any(|key| it.get(key).is_some())
}

/// With a session, its region and start URL count; what the profile says of them must be the same.
pub(super) fn plan(it: &Settings<'_>, profiles: &Profiles, inputs: &Inputs) -> Result<Plan, Refusal> {
    let required = |from: &Settings<'_>, what: &str, key: &str| {
        from.get(key).map(str::to_owned).ok_or_else(|| {
            let message = format!("profile {}: SSO is meant, and {what} has no {key}", quoted(it.name));
            Refusal::wrong(message, format!("add {key} to {what} (`aws configure sso` writes all of it)."))
        })
    };
    let account_id = required(it, "it", "sso_account_id")?;
    let role_name = required(it, "it", "sso_role_name")?;
    let session = it.get("sso_session");
    let (region, start_url) = match session {
        None => (required(it, "it", "sso_region")?, required(it, "it", "sso_start_url")?),
        Some(name) => {
            let Some(section) = profiles.sso_session(name) else {
                let header = quoted(&format!("[sso-session {name}]"));
                let message =
                    format!("{}: there is no section {header} in {}", it.place("sso_session"), profiles.files());
                return Err(Refusal::wrong(message, "add the section, or run `aws configure sso`."));
            };
            let what = format!("the sso-session {}", quoted(name));
            let of_session = |key| {
                let value = required(&section, &what, key)?;
                match it.get(key) {
                    Some(own) if !own.eq_ignore_ascii_case(&value) => {
                        let message = format!("{}: {key} is another than that of {what}", it.place(key));
                        Err(Refusal::wrong(message, format!("remove {key} from the profile.")))
                    }
                    _ => Ok(value),
                }
            };
            (of_session("sso_region")?, of_session("sso_start_url")?)
        }
    };
    let Some(home) = profiles.home() else {
        return Err(no_home(it, "the token of SSO"));
    };
    let endpoint =
        |service| endpoints::regional(service, &region, inputs, it).map_err(|error| Refusal::setting(it, &error));
    Ok(Plan::Sso(SsoPlan {
        session: session.map(str::to_owned),
        portal: endpoint(endpoints::PORTAL)?,
        oidc: endpoint(endpoints::OIDC)?,
        token_file: token_file(home, session.unwrap_or(&start_url)),
        start_url,
        account_id,
        role_name,
        place: it.origin(if session.is_some() { "sso_session" } else { "sso_start_url" }),
    }))
}
