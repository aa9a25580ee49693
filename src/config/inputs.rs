//! The environment variables and JVM properties as they were when the Java side looked, and whose words they are in.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::names::{self, Name};
use crate::credentials::Secret;

/// Whose default order and property names count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    V1,
    V2,
}

/// Names and values of variables or properties, as they were when the Java side looked. Values may be secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings(BTreeMap<String, Secret>);

impl Settings {
    /// The value, trimmed as both SDKs trim (Java's `String.trim`). A value of nothing but space counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| java_trim(value.expose())).filter(|value| !value.is_empty())
    }

    /// Whether the name is set at all, be it to nothing.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Settings(pairs.into_iter().map(|(name, value)| (name.into(), Secret::new(value))).collect())
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Settings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with their values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
                let mut settings = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    settings.insert(name, Secret::new(value));
                }
                Ok(Settings(settings))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

fn java_trim(value: &str) -> &str {
    value.trim_matches(|c| c <= ' ')
}

/// Everything that sources read besides files and what they ask. One snapshot; a newer one replaces it as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Inputs {
    pub order: Order,
    pub environment: Settings,
    pub properties: Settings,
}

impl Inputs {
    /// How many `credential_process`es, each started by the one before, led to this process.
    pub fn process_depth(&self) -> u32 {
        self.environment.get(names::PROCESS_DEPTH).and_then(|depth| depth.parse().ok()).unwrap_or(0)
    }

    /// What a setting is set to, property before variable, with the name under which it was found.
    pub fn setting(&self, name: Name) -> Option<(&'static str, &str)> {
        let property = name.property(self.order).and_then(|name| Some((name, self.properties.get(name)?)));
        property.or_else(|| Some((name.variable, self.environment.get(name.variable)?)))
    }
}
