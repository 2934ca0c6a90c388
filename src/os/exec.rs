//! Another program in the place of this one: the same process, the same
//! descriptors, the same signals blocked.
#![allow(unsafe_code)]

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

/// Runs `program` in the place of this one, with `title` as its only argument
/// and `environment` as its environment. Returns only if that fails, and then
/// all is as it was; after a failure of the standard library's way, a broken
/// pipe would end the process.
pub fn replace(program: &Path, title: &OsStr, environment: &[(OsString, OsString)]) -> io::Error {
    match text_of(program, title, environment) {
        Ok((program, title, environment)) => {
            let arguments = [title.as_ptr(), ptr::null()];
            let environment: Vec<_> = environment
                .iter()
                .map(|text| text.as_ptr())
                .chain([ptr::null()])
                .collect();
            // SAFETY: both lists end in a null pointer, and what they point to
            // lives until the call returns, which it does only if it fails.
            unsafe {
                libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr());
            }
            io::Error::last_os_error()
        }
        Err(error) => error,
    }
}

type Texts = (CString, CString, Vec<CString>);

fn text_of(
    program: &Path,
    title: &OsStr,
    environment: &[(OsString, OsString)],
) -> io::Result<Texts> {
    let pair = |(name, value): &(OsString, OsString)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat())
    };
    Ok((
        CString::new(program.as_os_str().as_bytes())?,
        CString::new(title.as_bytes())?,
        environment.iter().map(pair).collect::<Result<_, _>>()?,
    ))
}
