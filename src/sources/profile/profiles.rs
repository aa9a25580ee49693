//! Pure: both files together. What a profile says, and where it says it.

use std::path::PathBuf;

use super::files::{Places, Texts, flawed, shown};
use super::parse::{Kind, Section, Sections, Setting, Title, parse};
use crate::config::{Inputs, Order, quoted};
use crate::error::FetchError;

/// The settings that say whose credentials a profile means, and how they are obtained. SDK v1 takes all of them from
/// one file: a profile of the credentials file hides those of the same profile in the config file.
const OF_CREDENTIALS: [&str; 20] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_account_id",
    "credential_process",
    "credential_source",
    "duration_seconds",
    "external_id",
    "login_session",
    "mfa_serial",
    "role_arn",
    "role_session_name",
    "source_profile",
    "sso_account_id",
    "sso_region",
    "sso_registration_scopes",
    "sso_role_name",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];

/// Everything that both files say.
#[derive(Debug)]
pub struct Profiles {
    sections: Sections,
    places: Places,
    absent: Vec<Kind>,
}

/// Settings of one section.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    pub name: &'a str,
    section: &'a Section,
    all: &'a Profiles,
}

impl Profiles {
    /// Reads the texts of both files. A setting of the credentials file goes before the same one of the config file.
    pub fn read(texts: &Texts, places: &Places, inputs: &Inputs) -> Result<Self, FetchError> {
        let mut sections = Sections::new();
        let mut absent = Vec::new();
        for (kind, text) in [(Kind::Config, &texts.config), (Kind::Credentials, &texts.credentials)] {
            let Some(text) = text else {
                absent.push(kind);
                continue;
            };
            let read = parse(&text.decoded(), kind, inputs.order).map_err(|flaw| flawed(places, kind, &flaw))?;
            for (key, section) in read {
                let merged = sections.entry(key).or_default();
                if inputs.order == Order::V1 {
                    merged.retain(|name, _| !OF_CREDENTIALS.contains(&name.as_str()));
                }
                merged.extend(section);
            }
        }
        Ok(Profiles { sections, places: places.clone(), absent })
    }

    pub fn profile<'a>(&'a self, name: &'a str) -> Option<Settings<'a>> {
        self.settings(Title::Profile, name)
    }

    pub fn sso_session<'a>(&'a self, name: &'a str) -> Option<Settings<'a>> {
        self.settings(Title::SsoSession, name)
    }

    fn settings<'a>(&'a self, title: Title, name: &'a str) -> Option<Settings<'a>> {
        let section = self.sections.get(&(title, name.to_owned()))?;
        Some(Settings { name, section, all: self })
    }

    pub fn home(&self) -> Option<&PathBuf> {
        self.places.home.as_ref()
    }

    /// The files that were looked at, for errors: `/h/.aws/credentials and /h/.aws/config (which does not exist)`.
    pub fn files(&self) -> String {
        let each = |kind| {
            let path = self.places.path(kind).map(shown)?;
            let absent = if self.absent.contains(&kind) { " (there is no such file)" } else { "" };
            Some(format!("{path}{absent}"))
        };
        let files: Vec<_> = [Kind::Credentials, Kind::Config].into_iter().filter_map(each).collect();
        if files.is_empty() { "no file (the user's home is not known)".to_owned() } else { files.join(" and ") }
    }

    /// The names of the profiles there are, a few of them.
    pub fn names(&self) -> String {
        let all = self.sections.keys().filter(|(title, _)| *title == Title::Profile).map(|(_, name)| name.as_str());
        let mut names: Vec<_> = all.clone().take(10).map(quoted).collect();
        if all.count() > names.len() {
            names.push("...".to_owned());
        }
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}

impl<'a> Settings<'a> {
    /// The value, if there is one that is not blank.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.section.get(key).map(|setting| setting.value.expose()).filter(|value| !value.is_empty())
    }

    /// Whether the setting stands there without a value.
    pub fn is_blank(&self, key: &str) -> bool {
        self.section.get(key).is_some_and(|setting| setting.value.is_empty())
    }

    /// `profile "app", line 3 of /home/me/.aws/config`.
    pub fn place(&self, key: &str) -> String {
        match self.section.get(key) {
            Some(setting) => format!("profile {}, line {} of {}", quoted(self.name), setting.line, self.path(setting)),
            None => format!("profile {}", quoted(self.name)),
        }
    }

    /// `profile "app" in /home/me/.aws/config`: stays the same when lines move.
    pub fn origin(&self, key: &str) -> String {
        match self.section.get(key) {
            Some(setting) => format!("profile {} in {}", quoted(self.name), self.path(setting)),
            None => format!("profile {}", quoted(self.name)),
        }
    }

    fn path(&self, setting: &Setting) -> String {
        self.all.places.path(setting.kind).map(shown).unwrap_or_default()
    }

    /// As the settings of endpoints look a key up: what stands in the section that `services` names is asked for as
    /// `services.sts.endpoint_url`.
    pub fn lookup(&self, key: &str) -> Option<&'a str> {
        match key.strip_prefix("services.") {
            Some(nested) => self.all.settings(Title::Services, self.get("services")?)?.get(nested),
            None => self.get(key),
        }
    }
}
