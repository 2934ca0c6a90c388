//! F6: the processes. A master watches over one that serves: start, restart,
//! reload, upgrade; and the serving process itself, with a master or without.
//!
//! ```text
//!             exec                     spawn
//!  `launch` ------> master: `supervisor` ---> serving process: `serving`
//!                    |  ^      sockets, text of the file, control pipe -> |
//!       `pelton reload` |      <- ready, alive                            |
//!         by its pid file                                    engine::Server
//! ```
//!
//! | file | what |
//! |---|---|
//! | `settings.rs`, `look.rs`, `failure.rs` | file and arguments to settings, a look at the files that they name, or lines that say what to do |
//! | `launch.rs` | how a master begins: under its title, in the terminal or without one |
//! | `handoff.rs`, `text.rs` | what one process hands to the next |
//! | `supervisor.rs`, `begin.rs`, `changes.rs`, `ending.rs` | the master: its loop; its beginning; reload and upgrade; its end |
//! | `child.rs`, `stage.rs`, `restart.rs` | a serving process as the master sees it; what is under way; when the next one starts |
//! | `sockets.rs` | the listening sockets, which outlive every serving process |
//! | `serving.rs`, `watch.rs` | the serving process, and what it listens to beside its sockets |
//! | `journal.rs`, `lines.rs`, `pid_file.rs`, `command.rs` | the log; the pid file, and the commands that use it |

mod begin;
mod changes;
mod child;
mod command;
mod ending;
mod failure;
mod handoff;
mod journal;
mod launch;
mod lines;
mod look;
mod pid_file;
mod restart;
mod serving;
mod settings;
mod sockets;
mod stage;
mod supervisor;
mod text;
mod watch;

pub use command::tell;
pub use failure::Failure;
pub use handoff::Handoff;
pub use launch::{Role, launch, role};
pub use serving::{serve, serve_supervised};
pub use settings::{Settings, USUAL_FILE, check};
pub use supervisor::run;
