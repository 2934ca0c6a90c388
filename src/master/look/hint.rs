//! What to write in the place of a file that cannot be used.

use crate::config;
use crate::http::coding::plain_name;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Entries of a folder among which a name is looked for that was meant.
const NEAR_FILES: usize = 1_000;

/// What was likely meant by a path that leads nowhere, or what else to do.
pub(super) fn meant(path: &Path, hint: &str) -> String {
    let text = path.to_string_lossy();
    if text.starts_with('~') || text.contains('$') {
        return "`~` and `$` stand for nothing here, so write the whole path".to_owned();
    }
    if text.contains("://") {
        return "this is a URL, so write a path".to_owned();
    }
    match near(path) {
        Some(near) => format!("did you mean \"{}\"?", near.display()),
        None => hint.to_owned(),
    }
}

/// What lies in the same folder by nearly the same name.
pub(super) fn near(path: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder(path)).ok()?.take(NEAR_FILES).flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let plain = names.filter(|name| plain_name(name.as_bytes()).is_none());
    let mut names: Vec<String> = plain.collect();
    names.sort_unstable();
    let near = config::nearest(
        path.file_name()?.to_str()?,
        names.iter().map(String::as_str),
    )?;
    Some(path.with_file_name(near))
}

/// What is there and cannot be used.
pub(super) fn unusable(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    match error.kind() {
        ErrorKind::PermissionDenied => {
            format!("this user may not use {shown}: change who may, or write another")
        }
        _ => format!("{shown} cannot be used ({error}): write another"),
    }
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    parent.unwrap_or(Path::new("."))
}
