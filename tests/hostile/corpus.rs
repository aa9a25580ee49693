//! The inputs that are kept in `fuzz/corpus` still do what they must; so a fault that a fuzzer found once never comes
//! back unseen, fuzzer or not.

use std::fs;
use std::path::Path;

use super::targets;

fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is there") {
        let path = entry.expect("an entry").path();
        target(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        count += 1;
    }
    assert!(count >= 5, "{} holds {count} inputs", folder.display());
}

#[test]
fn the_kept_answers_of_the_metadata_service_are_borne() {
    replay("imds", targets::imds::run);
}

#[test]
fn the_kept_dates_are_borne() {
    replay("dates", targets::dates::run);
}

#[test]
fn the_kept_configurations_are_borne() {
    replay("config", targets::config::run);
}

#[test]
fn the_kept_scripts_of_events_are_borne() {
    replay("machine", targets::machine::run);
}
