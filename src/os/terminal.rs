//! A line from the terminal that is not shown while it is typed.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, Stdin};

/// Puts a terminal back to how it was.
struct Back<'a>(&'a Stdin, Termios);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}

/// Reads one line from standard input, which is a terminal, without its end.
/// What was typed ahead is dropped.
///
/// # Errors
/// What the system says; `ENOTTY` if it is no terminal.
pub fn read_unseen() -> io::Result<String> {
    let stdin = io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut unseen = before.clone();
    unseen.local_modes.remove(LocalModes::ECHO);
    unseen.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(&stdin, OptionalActions::Flush, &unseen)?;
    let _back = Back(&stdin, before);
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
