//! The rules of the house that no compiler checks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Licences that ask for no more than to be named.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // Of data: the certificates that Mozilla trusts.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[test]
fn every_dependency_has_a_permissive_licence() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(ROOT)
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    assert!(packages.len() > 50, "only {} packages: is this the whole tree?", packages.len());
    let strangers: Vec<String> = packages
        .iter()
        .filter(|package| !permissive(package["license"].as_str().unwrap_or("none")))
        .map(|package| format!("{}: {}", package["name"], package["license"]))
        .collect();
    assert!(strangers.is_empty(), "{strangers:#?}");
}

/// Whether an SPDX expression leaves a permissive choice: one of the alternatives is wholly permissive.
fn permissive(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain.split(" OR ").any(|choice| choice.split(" AND ").all(|name| LICENCES.contains(&name.trim())))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs" || extension == "java") {
            found.push(entry);
        }
    }
}

fn rust_files_that_mention(word: &str) -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&Path::new(ROOT).join("src"), &mut files);
    assert!(files.len() > 15);
    files
        .into_iter()
        .filter(|file| {
            let text = std::fs::read_to_string(file).expect("a text");
            text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word))
        })
        .map(|file| file.strip_prefix(ROOT).expect("below the root").to_string_lossy().into_owned())
        .collect()
}

#[test]
fn one_room_names_reqwest_and_rustls() {
    for word in ["reqwest::", "rustls::"] {
        let found = rust_files_that_mention(word);
        assert!(!found.is_empty() && found.iter().all(|file| file.starts_with("src/http/")), "{found:?}");
    }
}

#[test]
fn only_the_boundary_names_the_jni_crate() {
    let outside: Vec<String> =
        rust_files_that_mention("jni::").into_iter().filter(|file| !file.starts_with("src/jni/")).collect();
    assert!(outside.is_empty(), "{outside:?}");
}

#[test]
fn the_pure_rooms_do_no_io() {
    for word in ["tokio", "std::net", "std::fs", "std::env", "SystemTime", "Instant"] {
        let pure = ["event", "judge", "life", "machine", "pace", "schedule", "state", "rejection", "machine/view"];
        let touched: Vec<String> = rust_files_that_mention(word)
            .into_iter()
            .filter(|file| pure.iter().any(|name| *file == format!("src/refresh/{name}.rs")))
            .collect();
        assert!(touched.is_empty(), "{word}: {touched:?}");
    }
}

#[test]
fn the_java_core_sees_no_sdk() {
    for (root, strangers) in [
        ("java/src/main", &["com.amazonaws", "software.amazon"][..]),
        ("java/src/v1", &["software.amazon"][..]),
        ("java/src/v2", &["com.amazonaws"][..]),
    ] {
        let mut files = Vec::new();
        sources(&Path::new(ROOT).join(root), &mut files);
        assert!(!files.is_empty(), "{root} has no sources");
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a text");
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                assert!(!strangers.iter().any(|stranger| line.contains(stranger)), "{}: {line}", file.display());
            }
        }
    }
}

/// The text of all sources below a folder, as if no literal were broken over lines.
fn joined(root: &str) -> String {
    let mut files = Vec::new();
    sources(&Path::new(ROOT).join(root), &mut files);
    let text: String = files.iter().map(|file| std::fs::read_to_string(file).expect("a text")).collect();
    let words = text.split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>().join(" ");
    words.replace("\" + \"", "").replace("\\\"", "\"")
}

/// What stands between backticks in the first column of the tables.
fn first_column(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(document)).expect("a text");
    let rows = text.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn every_error_that_is_documented_is_one_that_is_made() {
    let code = joined("src") + &joined("java/src/main");
    let texts = first_column("docs/errors.md");
    assert!(texts.len() > 15, "{texts:?}");
    for text in texts {
        // Figures, and the X and Y that stand for names, differ from case to case.
        let varies = |word: &str| word == "..." || word.len() == 1 || word.contains(|c: char| c.is_ascii_digit());
        let words: Vec<&str> = text.split(' ').collect();
        for fixed in words.split(|word| varies(word.trim_end_matches([',', ':']))) {
            let fixed = fixed.join(" ");
            assert!(code.contains(&fixed), "docs/errors.md: `{text}`: nothing says \"{fixed}\"");
        }
    }
}

#[test]
fn every_setting_that_is_documented_is_one_that_is_read() {
    let code = joined("src") + &joined("java/src/main");
    let text = std::fs::read_to_string(Path::new(ROOT).join("docs/configuration.md")).expect("a text");
    let names: BTreeSet<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| ["AWS_", "aws.", "com.amazonaws.", "evercreds."].iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        assert!(code.contains(&format!("\"{name}\"")), "docs/configuration.md: nothing reads {name}");
    }
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let documents =
        ["README.md", "docs/architecture.md", "docs/configuration.md", "docs/errors.md", "docs/platforms.md"];
    let mut links = 0;
    for document in documents.map(|document| Path::new(ROOT).join(document)) {
        let text = std::fs::read_to_string(&document).expect("a text");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            links += 1;
            let file = document.parent().expect("a folder").join(target);
            assert!(file.exists(), "{}: {target}", document.display());
        }
    }
    assert!(links > 5, "{links}");
}
