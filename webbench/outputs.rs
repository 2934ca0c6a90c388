//! Where reports go, and of which server they tell: options, and the files
//! opened before a run, so that it is not in vain.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The name that stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// Over these options in the help.
const HEADING: &str = "Reports";

/// The options, as they were typed.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Outputs {
    /// Write all figures to FILE as JSON; - is standard output, which then
    /// carries nothing else
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub(crate) json: Option<PathBuf>,
    /// Write a line of names and one of figures to FILE; - as above
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub(crate) csv: Option<PathBuf>,
    /// Write a page with pictures to FILE; - as above
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub(crate) html: Option<PathBuf>,
    /// Watch the processor time and memory of this process and its children
    #[arg(help_heading = HEADING)]
    #[arg(long, value_name = "PID", allow_hyphen_values = true, value_parser = pid)]
    pub(crate) server_pid: Option<u32>,
}

/// A form that a report has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
    Html,
}

/// The places for reports: open files, which it owns, or standard output.
#[derive(Debug)]
pub(crate) struct Sinks(Vec<Sink>);

#[derive(Debug)]
struct Sink {
    form: Form,
    path: PathBuf,
    /// None: standard output.
    file: Option<File>,
}

impl Outputs {
    /// Opens what is to be written. What a file holds stays until then.
    ///
    /// # Errors
    /// A line that says what to write.
    pub(crate) fn open(&self) -> Result<Sinks, String> {
        let wanted = self.wanted();
        for (place, (form, path)) in wanted.iter().enumerate() {
            if let Some((other, _)) = wanted[..place].iter().find(|(_, one)| one == path) {
                let (other, form) = (other.option(), form.option());
                return Err(format!(
                    "{other} and {form} cannot both write to {}: name two files",
                    path.display()
                ));
            }
        }
        let sinks = wanted
            .into_iter()
            .map(|(form, path)| Sink::open(form, path));
        sinks.collect::<Result<_, String>>().map(Sinks)
    }

    fn wanted(&self) -> Vec<(Form, &Path)> {
        let all = [
            (Form::Json, &self.json),
            (Form::Csv, &self.csv),
            (Form::Html, &self.html),
        ];
        let named = all
            .into_iter()
            .filter_map(|(form, path)| Some((form, path.as_deref()?)));
        named.collect()
    }
}

impl Sinks {
    /// Whether standard output is taken.
    pub(crate) fn take_standard_output(&self) -> bool {
        self.0.iter().any(|sink| sink.file.is_none())
    }

    /// Writes each report, which `text` makes.
    ///
    /// # Errors
    /// A line that says what cannot be written; the others are.
    pub(crate) fn write(self, text: impl Fn(Form) -> String) -> Result<(), String> {
        let mut result = Ok(());
        for sink in self.0 {
            let path = sink.path.display().to_string();
            let written = sink.write(text(sink.form).as_bytes());
            if let Err(error) = written {
                result = Err(format!("cannot write {path}: {error}"));
            }
        }
        result
    }
}

impl Sink {
    fn open(form: Form, path: &Path) -> Result<Sink, String> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = match path.to_str() {
            Some(STANDARD_OUTPUT) => None,
            _ => Some(options.open(path).map_err(|error| {
                let (option, path) = (form.option(), path.display());
                format!("cannot write {path}: {error}; name another file with {option}")
            })?),
        };
        Ok(Sink {
            form,
            path: path.to_owned(),
            file,
        })
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        let Some(mut file) = self.file.as_ref() else {
            let mut out = io::stdout();
            return out.write_all(text).and_then(|()| out.flush());
        };
        if file.metadata()?.is_file() {
            file.set_len(0)?; // a pipe has no length
        }
        file.write_all(text)
    }
}

impl Form {
    fn option(self) -> &'static str {
        match self {
            Form::Json => "--json",
            Form::Csv => "--csv",
            Form::Html => "--html",
        }
    }
}

/// The id of a process.
pub(crate) fn pid(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|pid| *pid > 0);
    number.ok_or_else(|| "write the number of a process".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(json: &str, csv: &str) -> Outputs {
        Outputs {
            json: Some(json.into()),
            csv: Some(csv.into()),
            ..Outputs::default()
        }
    }

    #[test]
    fn two_reports_do_not_go_to_one_place() {
        for place in ["-", "/dev/null"] {
            let line = outputs(place, place).open().expect_err("one place");
            assert!(
                line.starts_with("--json and --csv") && !line.contains('\n'),
                "{line}"
            );
        }
        let both = outputs("-", "/dev/null").open().expect("two places");
        assert!(both.take_standard_output());
        let none = Outputs::default().open().expect("nothing to open");
        assert!(!none.take_standard_output());
    }

    #[test]
    fn a_file_that_cannot_be_is_told_in_a_line() {
        let line = outputs("/nowhere/a", "-").open().expect_err("no folder");
        assert!(
            line.contains("/nowhere/a") && line.contains("--json"),
            "{line}"
        );
        assert!(!line.contains('\n'), "{line}");
    }
}
