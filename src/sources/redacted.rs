//! Pure: words of others (the stderr of a process, the message of a service) as an error may show them: nothing in them
//! that looks like a key, a token or a secret, no control character, of bounded length.
//!
//! Whatever is long and looks random goes, and so does what stands after a name like `token=`. Plain words, paths in
//! small letters, numbers and names in camel case stay: they are what a person needs.

/// Shorter words are shown, unless their name says that they are secret.
const RANDOM_LENGTH: usize = 16;

/// What stands after a word that ends so, and after `:` or `=`, is secret.
const SECRET_NAMES: [&str; 6] = ["key", "token", "secret", "password", "passwd", "authorization"];
/// What stands after these is secret without a sign between.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

/// The beginning of `text`, at most `most` characters of it.
pub fn redacted(text: &str, most: usize) -> String {
    let shown = without_secrets(text);
    let cut: String = shown.chars().take(most).collect();
    if cut.len() < shown.len() { format!("{cut}...") } else { cut }
}

/// The end of `text`, at most `most` characters of it. Where `cut` says that `text` is itself the end of something, its
/// first word is not shown: it may be the rest of a secret, too short to be known as one.
pub fn redacted_end(text: &str, cut: bool, most: usize) -> String {
    let whole = if cut { text.find(is_gap).map_or("", |gap| &text[gap..]) } else { text };
    let shown = without_secrets(whole);
    let length = shown.chars().count();
    let end: String = shown.chars().skip(length.saturating_sub(most)).collect();
    if cut || length > most { format!("...{end}") } else { end }
}

fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    // Whether what comes next is named as secret; whether the sign that must stand between has come.
    let mut named = Named::No;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let gap = rest.find(is_word).unwrap_or(rest.len());
        let (between, after) = rest.split_at(gap);
        if named == Named::AfterSign {
            named = match between {
                _ if between.contains('\n') => Named::No,
                _ if between.contains([':', '=']) => Named::Yes,
                _ => Named::No,
            };
        }
        between.chars().for_each(|c| if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) });
        let end = after.find(is_gap).unwrap_or(after.len());
        let (word, next) = after.split_at(end);
        rest = next;
        if word.is_empty() {
            break;
        }
        let small = word.to_ascii_lowercase();
        let scheme = SCHEMES.contains(&small.as_str());
        let hidden = !scheme && (named == Named::Yes || looks_random(word));
        shown.push_str(if hidden { "***" } else { word });
        named = if scheme {
            Named::Yes
        } else if SECRET_NAMES.iter().any(|name| small.trim_end_matches('s').ends_with(name)) {
            Named::AfterSign
        } else {
            Named::No
        };
    }
    shown
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    No,
    AfterSign,
    Yes,
}

/// What keys, tokens and secrets are made of. `=` is left out: as padding it says nothing, and between words it is a sign.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/+_-.~%".contains(c) || !c.is_ascii() && !c.is_whitespace() && !c.is_control()
}

fn is_gap(c: char) -> bool {
    !is_word(c)
}

fn looks_random(word: &str) -> bool {
    if word.len() < RANDOM_LENGTH {
        return false;
    }
    let count = |what: fn(&u8) -> bool| word.bytes().filter(what).count();
    let (large, small, digits) =
        (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
    let camel_case = digits == 0 && large * 4 <= word.len();
    // A long row of small letters and digits without a break is a token in hexadecimal or base 36.
    let longest_row = word.split(|c: char| !c.is_ascii_alphanumeric()).map(str::len).max().unwrap_or(0);
    let row = digits > 0 && small > 0 && longest_row >= RANDOM_LENGTH;
    row || large > 0 && (small > 0 || digits > 0) && !camel_case
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_person_needs_is_shown() {
        for text in [
            "sh: 1: /usr/local/bin/my-helper: not found",
            "Error: the SSO session has expired; run aws sso login --profile build-2",
            "An error occurred (AccessDeniedException) when calling AssumeRoleWithWebIdentity: not authorized",
            "connect to 10.0.0.1:443: connection refused",
            "User: arn:aws:sts::123456789012:role/build is not authorized",
            "the access key is wrong",
        ] {
            assert_eq!(redacted(text, 200), text);
        }
    }

    #[test]
    fn what_looks_like_a_secret_is_not() {
        for (text, expected) in [
            ("AKIAIOSFODNN7EXAMPLE is bad", "*** is bad"),
            ("got wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.", "got ***"),
            ("{\"SecretAccessKey\": \"short\", \"n\": 1}", "{\"SecretAccessKey\": \"***\", \"n\": 1}"),
            ("password=hunter2 user=me", "password=*** user=me"),
            ("Authorization: Bearer abc, more", "Authorization: Bearer ***, more"),
            ("authorization: Basic YTpi", "authorization: Basic ***"),
            ("session_tokens: a", "session_tokens: ***"),
            ("id 0123456789abcdef0123456789abcdef", "id ***"),
            ("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln", "***"),
        ] {
            assert_eq!(redacted(text, 200), expected);
        }
    }

    #[test]
    fn control_characters_are_escaped_and_the_length_is_bounded() {
        assert_eq!(redacted("a\r\nb\u{1b}[31m", 200), "a\\r\\nb\\u{1b}[31m");
        assert_eq!(redacted("a b c d e f", 5), "a b c...");
        assert_eq!(redacted_end("abc def ghi", false, 7), "...def ghi");
        assert_eq!(redacted_end("rest-of-secret def ghi", true, 100), "...def ghi");
        assert_eq!(redacted_end("restofsecret", true, 100), "...");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_it_panic_or_shows_a_control_character(text in "\\PC{0,80}|[\\x00-\\x7f]{0,80}", most in 0..90_usize) {
            for shown in [redacted(&text, most), redacted_end(&text, true, most), redacted_end(&text, false, most)] {
                prop_assert!(!shown.chars().any(char::is_control));
                prop_assert!(shown.chars().count() <= most * 8 + 3 && shown.chars().count() <= most + 3);
            }
        }

        #[test]
        fn a_secret_access_key_is_never_shown(
            key in "[A-Za-z0-9/+]{40}", before in "(|x |=|\"|key: |\n)", after in "(| x|\"|,|\n)",
        ) {
            let shown = redacted(&format!("{before}{key}{after}"), 200);
            prop_assert!(!shown.contains(&key[..8]), "{}", shown);
        }
    }
}
