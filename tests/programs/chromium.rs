//! Chromium without a window, ended by its id whatever becomes of the test.

use crate::support::tools;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A browser on a busy machine takes its time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Neither a cloud nor a graphics card, and no trace outside the profile.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Whether it is there; if not, says what is skipped for want of it.
pub(crate) fn is_there() -> bool {
    tools::has("chromium")
}

/// A browser that is under way.
pub(crate) struct Chromium {
    child: Child,
    said: Option<JoinHandle<String>>,
}

impl Chromium {
    /// Opens `url` with a profile of its own below `folder`.
    pub(crate) fn open(url: &str, folder: &Path, arguments: &[&str]) -> Chromium {
        let profile = folder.join("profile");
        let mut command = Command::new("chromium");
        command.args(ARGUMENTS).args(arguments);
        command.arg(format!("--user-data-dir={}", profile.display()));
        command.arg(url).env("HOME", folder).current_dir(folder);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("chromium starts");
        let mut out = child.stdout.take().expect("it was piped");
        let read = move || {
            let mut bytes = Vec::new();
            let _ = out.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let said = Some(thread::spawn(read));
        Chromium { child, said }
    }

    /// Waits until it ends by itself; all that it printed.
    pub(crate) fn wait(mut self) -> String {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its status") {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "chromium takes too long");
            thread::sleep(Duration::from_millis(50));
        };
        assert!(status.success(), "chromium fails: {status}");
        let said = self.said.take().expect("collected once");
        said.join().expect("text")
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill(); // by its id; it may be gone already
        let _ = self.child.wait();
    }
}
