//! `aws-sim`: prints where its control port is, in one line of JSON, and ends when its standard input does.

use std::io::{Read, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let control = {
        let _inside = runtime.enter();
        aws_sim::control::Control::start()?
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::json!({ "control": control.url }))?;
    out.flush()?;
    drop(out);

    // Whoever started us holds the other end: when they go, in whatever way, so do we.
    let mut ignored = [0; 1024];
    while std::io::stdin().lock().read(&mut ignored)? > 0 {}
    drop(control);
    runtime.shutdown_background();
    Ok(())
}
