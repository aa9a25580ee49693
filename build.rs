//! Link options of the cdylib that Cargo has no words for.

#[allow(clippy::disallowed_methods)] // A build script gets its target by environment variable.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if matches!(os.as_str(), "linux" | "android") {
        // A class loader that is collected would unmap the library while its blocking threads may still run in it.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
