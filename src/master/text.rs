//! The text of a configuration on its way from one process to the next, in a
//! file in memory: what was checked is what is served by, whatever becomes of
//! the file on disk meanwhile.

use super::settings::Settings;
use crate::os::inherit;
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::path::PathBuf;

/// The text that settings were read from, and the name of its file; nothing
/// where there was none.
pub(super) struct Text(Option<(File, PathBuf)>);

impl Text {
    /// Ready to be handed down.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn of(settings: &Settings) -> io::Result<Text> {
        let Some((name, text)) = &settings.file else {
            return Ok(Text(None));
        };
        let mut file = File::from(memfd_create("pelton.toml", MemfdFlags::CLOEXEC)?);
        file.write_all(text.as_bytes())?;
        Ok(Text(Some((file, name.clone()))))
    }

    /// As a handoff names it.
    pub(super) fn named(&self) -> Option<(RawFd, PathBuf)> {
        let (file, name) = self.0.as_ref()?;
        Some((inherit::number(file), name.clone()))
    }

    /// Its descriptor.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(|(file, _)| file.as_fd())
    }
}

/// What was handed down: the name and the text.
///
/// # Errors
/// What the system says; it is no text.
pub(super) fn handed((number, name): (RawFd, PathBuf)) -> io::Result<(PathBuf, String)> {
    let mut file = File::from(inherit::take(number)?);
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok((name, text))
}
