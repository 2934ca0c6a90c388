//! What is made of the command line's shapes: completions and a manual page.

use super::raw::Cli;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io;

/// What the manual page has beside the command line's own words, in roff.
const SECTIONS: &str = r#".SH "EXIT STATUS"
.TP
\fB0\fR
all went well
.TP
\fB1\fR
something failed while running: an address is taken, no answer came
.TP
\fB2\fR
arguments or configuration are wrong
.PP
Whatever is refused is refused in lines on standard error that say what to do.
.SH SIGNALS
.TP
\fBINT\fR, \fBTERM\fR
stop at once
.TP
\fBQUIT\fR
accept nothing more, finish what is under way within master.drain_s, then stop
.TP
\fBHUP\fR
with a master: read the configuration again, and serve by it
.TP
\fBUSR1\fR
open the log anew
.TP
\fBUSR2\fR
with a master: run the program that is in its file now
.SH FILES
.TP
\fIconf/pelton.toml\fR
the configuration, if it is there and no other is named
.TP
\fImaster.pid_file\fR
the number of the master process, by which the commands find it
"#;

/// A script by which `shell` completes the words of `pelton`.
#[must_use]
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pelton", &mut script);
    script
}

/// The manual page of section 1, in roff: the program, then each command.
///
/// # Errors
/// None that memory is enough for.
pub fn manual() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let mut all = Cli::command();
    all.build();
    clap_mangen::Man::new(all.clone()).render(&mut page)?;
    for command in all.get_subcommands().filter(|one| one.get_name() != "help") {
        let title = format!(".SH \"PELTON {}\"\n", command.get_name().to_uppercase());
        page.extend_from_slice(title.as_bytes());
        let man = clap_mangen::Man::new(command.clone());
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        man.render_extra_section(&mut page)?;
    }
    page.extend_from_slice(SECTIONS.as_bytes());
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_option_is_in_all_of_them() {
        let words = ["reload", "completions", "workers", "pid-file", "framing"];
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = String::from_utf8(completions(shell)).expect("text");
            for word in words {
                assert!(script.contains(word), "{word} in {shell}");
            }
        }
        let page = String::from_utf8(manual().expect("a page")).expect("text");
        for word in words {
            let escaped = word.replace('-', "\\-");
            assert!(page.contains(word) || page.contains(&escaped), "{word}");
        }
        for section in ["EXIT STATUS", "SIGNALS", "FILES"] {
            assert!(page.contains(section), "{section}");
        }
    }
}
