//! Tools of others, which may be missing.

use std::process::{Command, Stdio};

/// Whether a tool is there; if not, says what is skipped for want of it. Where
/// `PELTON_REQUIRE_TOOLS` is 1 it has to be.
pub fn has(tool: &str) -> bool {
    let found = Command::new(tool)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success());
    let required = std::env::var("PELTON_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(
        found || !required,
        "{tool} is required (PELTON_REQUIRE_TOOLS=1) and not installed"
    );
    if !found {
        println!("skipped: {tool} is not installed");
    }
    found
}
