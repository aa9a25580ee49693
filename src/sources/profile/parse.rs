//! Pure: the text of one of the two files -> its sections.
//!
//! The grammar is the one of `ProfileFileReader` in the AWS SDK for Java 2.57.8 where SDK v2's order is asked for, and
//! the older one of `AbstractProfilesConfigFileScanner` in 1.12.797 where SDK v1's is; [`Dialect`] lists what differs.
//! `aws-runtime` has a public parser for these files (`env_config`). It is not used: it knows one of the two dialects,
//! keeps secrets in strings that are not wiped and writes settings into its trace log, cannot say on which line a value
//! stands, and brings five crates (`aws-smithy-runtime` among them) for what is two hundred lines here.
//!
//! Kinder than both SDKs where they only fail: a byte order mark is skipped, an indented comment is a comment, the
//! names of settings may be written in capitals.

use std::collections::BTreeMap;

use crate::config::{Order, quoted};
use crate::credentials::Secret;

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Config,
    Credentials,
}

/// What a section is about. `services` and `sso-session` are sections of their own that profiles point to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Title {
    Profile,
    SsoSession,
    Services,
}

/// One value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub value: Secret,
    pub kind: Kind,
    pub line: usize,
}

/// The settings of one section by name, in lower case. A nested one stands as `parent.child`.
pub type Section = BTreeMap<String, Setting>;

pub type Sections = BTreeMap<(Title, String), Section>;

/// Why a text is no profile file. Names are shown, values never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub line: usize,
    pub problem: String,
}

/// Where the two SDKs read the same text differently.
struct Dialect {
    /// SDK v1 trims every line, so that an indented setting is a setting. For SDK v2 it continues the one before.
    indented_settings: bool,
    /// SDK v1 lets a section that comes twice replace the first; SDK v2 merges the two.
    replace: bool,
    /// SDK v1 takes `[profile x]` and `[x]` in either file, the second before the first. SDK v2 takes the first in
    /// the config file and the second in the credentials file; `[default]` it takes in both, and in the config file
    /// `[profile default]` before it.
    either_name: bool,
    /// SDK v1 takes any name; SDK v2 ignores sections and settings with others than letters, digits and `_-/.%@:+`.
    any_name: bool,
}

impl Dialect {
    fn of(order: Order) -> Self {
        let v1 = order == Order::V1;
        Dialect { indented_settings: v1, replace: v1, either_name: v1, any_name: v1 }
    }
}

/// Reads the text of one file.
pub fn parse(text: &str, kind: Kind, order: Order) -> Result<Sections, Flaw> {
    let mut reader = Reader {
        kind,
        dialect: Dialect::of(order),
        sections: Sections::new(),
        ranks: BTreeMap::new(),
        place: Place::Nowhere,
        last: Last::None,
        line: 0,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Java ends lines at \n, \r\n and \r.
    for line in text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')) {
        reader.line += 1;
        reader.read(line)?;
    }
    Ok(reader.sections)
}

struct Reader {
    kind: Kind,
    dialect: Dialect,
    sections: Sections,
    /// With which name a profile was declared: the higher one counts, if both are there.
    ranks: BTreeMap<String, u8>,
    place: Place,
    last: Last,
    line: usize,
}

/// Where the reader stands.
enum Place {
    /// Before the first section.
    Nowhere,
    In((Title, String)),
    /// In a section that means nothing here.
    Ignored,
}

/// The setting that an indented line belongs to.
enum Last {
    /// None yet in this section.
    None,
    Valued(String),
    /// A setting without a value: what is indented below it are settings of its own.
    Parent(String),
    /// One whose name means nothing.
    Ignored,
}

impl Reader {
    fn read(&mut self, line: &str) -> Result<(), Flaw> {
        let trimmed = trim(line);
        let indented = line.starts_with([' ', '\t']);
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            return Ok(());
        }
        if trimmed.starts_with('[') && (!indented || self.dialect.indented_settings) {
            return self.section(trimmed);
        }
        match (&self.place, indented) {
            (Place::Ignored, _) => Ok(()),
            (Place::Nowhere, _) => Err(self.flaw("a setting stands before the first section ([default], say)")),
            (Place::In(_), true) => self.indented(trimmed),
            (Place::In(_), false) => self.setting(trimmed),
        }
    }

    fn section(&mut self, line: &str) -> Result<(), Flaw> {
        let whole = self.dialect.any_name && line.ends_with(']');
        let end = line.find(['#', ';']).filter(|_| !whole).unwrap_or(line.len());
        let inner = trim(&line[..end]).strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let Some(inner) = inner.map(trim) else {
            return Err(self.flaw("the name of a section does not end with ']'"));
        };
        self.last = Last::None;
        self.place = match self.declared(inner) {
            Some(key) => Place::In(key),
            None => Place::Ignored,
        };
        Ok(())
    }

    /// What `[inner]` declares, made ready to take settings; `None`: nothing that means something here.
    fn declared(&mut self, inner: &str) -> Option<(Title, String)> {
        let has_sections = self.kind == Kind::Config || self.dialect.either_name;
        let titled = |title: &str| {
            let rest = inner.strip_prefix(title)?;
            rest.starts_with([' ', '\t']).then(|| trim(rest))
        };
        let titled_section = [("sso-session", Title::SsoSession), ("services", Title::Services)]
            .into_iter()
            .filter(|_| has_sections)
            .find_map(|(word, title)| Some((title, titled(word)?)));
        let (title, name, rank) = match (titled_section, titled("profile")) {
            (Some((title, name)), _) => (title, name, 0),
            (None, Some(name)) if self.dialect.either_name => (Title::Profile, name, 0),
            (None, None) if self.dialect.either_name => (Title::Profile, inner, 1),
            (None, Some(name)) if self.kind == Kind::Config => (Title::Profile, name, 1),
            (None, None) if self.kind == Kind::Credentials || inner == "default" => (Title::Profile, inner, 0),
            _ => return None,
        };
        if !self.dialect.any_name && !is_identifier(name) {
            return None;
        }
        let key = (title, name.to_owned());
        let section = self.sections.entry(key.clone()).or_default();
        if title == Title::Profile {
            let before = *self.ranks.entry(name.to_owned()).or_insert(rank);
            if before > rank {
                return None;
            }
            if before < rank {
                section.clear();
                self.ranks.insert(name.to_owned(), rank);
            }
        }
        if self.dialect.replace {
            section.clear();
        }
        Some(key)
    }

    fn setting(&mut self, line: &str) -> Result<(), Flaw> {
        let (name, value) = self.parts(without_comment(line))?;
        if !self.dialect.any_name && !is_identifier(name) {
            self.last = Last::Ignored;
            return Ok(());
        }
        let written = name;
        let name = name.to_ascii_lowercase();
        if written != name && self.has(&name) {
            // Both SDKs know the one in small letters alone.
            self.last = Last::Ignored;
            return Ok(());
        }
        self.last = if value.is_empty() { Last::Parent(name.clone()) } else { Last::Valued(name.clone()) };
        self.put(name, Secret::new(value));
        Ok(())
    }

    fn indented(&mut self, line: &str) -> Result<(), Flaw> {
        match &self.last {
            Last::Parent(parent) => {
                let (name, value) = self.parts(without_comment(line))?;
                let name = format!("{parent}.{}", name.to_ascii_lowercase());
                self.put(name, Secret::new(value));
                Ok(())
            }
            _ if self.dialect.indented_settings && line.contains('=') => self.setting(line),
            Last::Valued(name) => {
                let name = name.clone();
                let longer = match &self.place {
                    Place::In(key) => self.sections.get(key).and_then(|section| section.get(&name)).map(|setting| {
                        // In one piece: growing a string leaves its old bytes behind.
                        let mut text = String::with_capacity(setting.value.expose().len() + 1 + line.len());
                        text.push_str(setting.value.expose());
                        text.push('\n');
                        text.push_str(line);
                        Secret::new(text)
                    }),
                    _ => None,
                };
                if let Some(longer) = longer {
                    self.put(name, longer);
                }
                Ok(())
            }
            Last::Ignored => Ok(()),
            Last::None => Err(self.flaw("an indented line belongs to no setting (remove the space before it)")),
        }
    }

    fn parts<'a>(&self, line: &'a str) -> Result<(&'a str, &'a str), Flaw> {
        let Some((name, value)) = line.split_once('=') else {
            return Err(self.flaw("there is no '=' in a line that should say name = value"));
        };
        let name = trim(name);
        if name.is_empty() && !self.dialect.any_name {
            return Err(self.flaw("there is no name before '='"));
        }
        Ok((name, trim(value)))
    }

    fn has(&self, name: &str) -> bool {
        matches!(&self.place, Place::In(key) if self.sections.get(key).is_some_and(|section| section.contains_key(name)))
    }

    fn put(&mut self, name: String, value: Secret) {
        if let Place::In(key) = &self.place
            && let Some(section) = self.sections.get_mut(key)
        {
            section.insert(name, Setting { value, kind: self.kind, line: self.line });
        }
    }

    fn flaw(&self, problem: &str) -> Flaw {
        let section = match &self.place {
            Place::In((_, name)) => format!(" (in the section of {})", quoted(name)),
            Place::Nowhere | Place::Ignored => String::new(),
        };
        Flaw { line: self.line, problem: format!("{problem}{section}") }
    }
}

/// As Java's `String.trim`.
fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// A comment within a line needs space before it, else it is part of the value.
fn without_comment(line: &str) -> &str {
    let bytes = line.as_bytes();
    let start = bytes.windows(2).position(|pair| matches!(pair, [b' ' | b'\t', b'#' | b';']));
    trim(&line[..start.unwrap_or(line.len())])
}

fn is_identifier(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(kind: Kind, order: Order, text: &str) -> Sections {
        parse(text, kind, order).unwrap()
    }

    /// `name=value` of each setting of a section, in order of names.
    fn shown(sections: &Sections, title: Title, name: &str) -> Option<String> {
        let section = sections.get(&(title, name.to_owned()))?;
        let all: Vec<_> = section.iter().map(|(name, it)| format!("{name}={}", it.value.expose())).collect();
        Some(all.join(" "))
    }

    fn profile(kind: Kind, order: Order, text: &str, name: &str) -> Option<String> {
        shown(&read(kind, order, text), Title::Profile, name)
    }

    const V1: Order = Order::V1;
    const V2: Order = Order::V2;

    #[test]
    fn each_file_has_its_own_way_to_name_a_profile() {
        let text = "[default]\na=1\n[x]\na=2\n[profile y]\na=3\n[ profile\tz ]\na=4\n[profile odd name]\na=5\n";
        let names = |kind, order| {
            let sections = read(kind, order, text);
            sections.into_keys().map(|(_, name)| name).collect::<Vec<_>>().join(",")
        };
        assert_eq!(names(Kind::Config, V2), "default,y,z");
        assert_eq!(names(Kind::Credentials, V2), "default,x");
        assert_eq!(names(Kind::Config, V1), "default,odd name,x,y,z");
        assert_eq!(names(Kind::Credentials, V1), "default,odd name,x,y,z");
    }

    #[test]
    fn of_two_names_for_one_profile_each_sdk_has_its_favourite() {
        for text in ["[default]\na=1\n[profile default]\nb=2\n", "[profile default]\nb=2\n[default]\na=1\n"] {
            assert_eq!(profile(Kind::Config, V2, text, "default").unwrap(), "b=2");
            assert_eq!(profile(Kind::Config, V1, text, "default").unwrap(), "a=1");
        }
    }

    #[test]
    fn a_section_that_comes_twice_is_merged_by_v2_and_replaced_by_v1() {
        let text = "[default]\na=1\nb=1\n[x]\n[default]\nb=2\nc=3\n";
        assert_eq!(profile(Kind::Credentials, V2, text, "default").unwrap(), "a=1 b=2 c=3");
        assert_eq!(profile(Kind::Credentials, V1, text, "default").unwrap(), "b=2 c=3");
    }

    #[test]
    fn comments_start_a_line_or_follow_space() {
        let text = "# one\n; two\n[default] # three\na = 1 # four\nb = 2;five\nc = 3\t;six\nd = # seven\n  # eight\n";
        let text = format!("{text}e=x#y=z\n");
        assert_eq!(profile(Kind::Config, V2, &text, "default").unwrap(), "a=1 b=2;five c=3 d= e=x#y=z");
    }

    #[test]
    fn crlf_cr_a_byte_order_mark_and_capitals_change_nothing() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["\u{feff}[default]", "AWS_Access_Key_Id = AKIA", "", "x=1", ""].join(end);
            assert_eq!(profile(Kind::Config, V2, &text, "default").unwrap(), "aws_access_key_id=AKIA x=1");
            let sections = read(Kind::Config, V2, &text);
            assert_eq!(sections[&(Title::Profile, "default".into())]["x"].line, 4);
        }
    }

    #[test]
    fn a_name_in_small_letters_goes_before_the_same_in_capitals() {
        for text in ["[default]\nname = 1\nNAME = 2\n  3\n", "[default]\nNAME = 2\nname = 1\n"] {
            assert_eq!(profile(Kind::Config, V2, text, "default").unwrap(), "name=1");
        }
    }

    #[test]
    fn v1_is_not_particular_about_names() {
        let text = "[a#b;c]\n= 1\nodd name = 2\n";
        assert_eq!(profile(Kind::Credentials, V1, text, "a#b;c").unwrap(), "=1 odd name=2");
        assert!(parse(text, Kind::Credentials, V2).is_err());
    }

    #[test]
    fn indented_lines_continue_a_value_or_are_nested_below_an_empty_one() {
        let text = "[services s]\nsts =\n  endpoint_url = http://h:1 # not here\ns3 =\n\tendpoint_url=http://h:2\n\
                    [profile p]\na = 1\n  2\n    3 # four\nb = 5\n";
        let sections = read(Kind::Config, V2, text);
        assert_eq!(
            shown(&sections, Title::Services, "s").unwrap(),
            "s3= s3.endpoint_url=http://h:2 sts= sts.endpoint_url=http://h:1"
        );
        assert_eq!(shown(&sections, Title::Profile, "p").unwrap(), "a=1\n2\n3 # four b=5");
    }

    #[test]
    fn v1_takes_an_indented_setting_for_a_setting() {
        let text = " [default]\n   aws_access_key_id = AKIA\n   aws_secret_access_key = s\n";
        let v1 = profile(Kind::Credentials, V1, text, "default").unwrap();
        assert_eq!(v1, "aws_access_key_id=AKIA aws_secret_access_key=s");
        let v2 = parse("[default]\n  aws_access_key_id = AKIA\n", Kind::Credentials, V2).unwrap_err();
        assert!(v2.line == 2 && v2.problem.contains("indented"), "{v2:?}");
    }

    #[test]
    fn sso_sessions_and_services_stand_in_the_config_file() {
        let text = "[sso-session corp]\nsso_region = eu-west-1\n[services x]\n";
        assert_eq!(shown(&read(Kind::Config, V2, text), Title::SsoSession, "corp").unwrap(), "sso_region=eu-west-1");
        assert!(read(Kind::Credentials, V2, text).is_empty());
    }

    #[test]
    fn settings_of_ignored_sections_and_ignored_settings_take_their_continuations_along() {
        let text = "[what is this]\nno equals sign here\n  nor here\n[default]\nodd name = 1\n  2\na = 3\n";
        assert_eq!(profile(Kind::Config, V2, text, "default").unwrap(), "a=3");
    }

    #[test]
    fn what_is_not_the_grammar_is_refused_with_its_line_and_never_with_its_value() {
        for (text, line, part) in [
            ("a = wJalr\n", 1, "before the first section"),
            ("[default]\n\nwJalr", 3, "no '='"),
            ("[default]\na=1\n[wJalr", 3, "does not end with ']'"),
            ("[default]\n= wJalr", 2, "no name before '='"),
            ("[default]\n  wJalr", 2, "indented line belongs to no setting"),
            ("[default]\ns3 =\n  wJalr", 3, "no '='"),
        ] {
            for kind in [Kind::Config, Kind::Credentials] {
                let flaw = parse(text, kind, V2).unwrap_err();
                assert_eq!(flaw.line, line, "{text:?}");
                assert!(flaw.problem.contains(part) && !flaw.problem.contains("wJalr"), "{flaw:?}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 10 } else { 10_000 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn no_text_makes_it_panic_and_a_flaw_is_short(
            text in proptest::collection::vec(
                prop_oneof![
                    Just("[default]".to_owned()), Just("[profile p".to_owned()), Just("[services s]\r".to_owned()),
                    Just("a =".to_owned()), Just("  b = 1 #".to_owned()), Just("\u{feff}".to_owned()), any::<String>(),
                ],
                0..12,
            ),
        ) {
            let text = text.join("\n");
            for (kind, order) in [(Kind::Config, V1), (Kind::Config, V2), (Kind::Credentials, V1), (Kind::Credentials, V2)] {
                if let Err(flaw) = parse(&text, kind, order) {
                    prop_assert!(flaw.problem.len() < 1500 && flaw.line >= 1);
                }
            }
        }
    }
}
