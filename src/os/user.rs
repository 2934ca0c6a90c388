//! Whose rights a process has, and giving up those of root.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Room for what the system's files say of one user or group.
const ENTRY_BYTES: usize = 64 * 1024;

/// A user and a group that a process may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user's number.
    pub user: u32,
    /// The group's number.
    pub group: u32,
    /// The user's name, for the other groups that it is in.
    name: CString,
}

/// Whether this process may become somebody else.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user `user`, in `group` if that is given, else in its own.
///
/// # Errors
/// There is none of that name, in words.
pub fn find(user: &str, group: Option<&str>) -> Result<Identity, String> {
    let unknown = || format!("there is no user `{user}`");
    let name = CString::new(user).map_err(|_| unknown())?;
    let mut entry = MaybeUninit::<libc::passwd>::uninit();
    let mut text = vec![0; ENTRY_BYTES];
    let mut found = ptr::null_mut();
    // SAFETY: the name ends in a zero; the call writes the entry, where there
    // is room for one, texts within `text`, and whether it found any.
    let error = unsafe {
        libc::getpwnam_r(
            name.as_ptr(),
            entry.as_mut_ptr(),
            text.as_mut_ptr(),
            text.len(),
            &raw mut found,
        )
    };
    if error != 0 || found.is_null() {
        return Err(unknown());
    }
    // SAFETY: the call has found it, and filled it in.
    let (uid, gid) = unsafe { ((*found).pw_uid, (*found).pw_gid) };
    Ok(Identity {
        user: uid,
        group: group.map_or(Ok(gid), find_group)?,
        name,
    })
}

/// The number of this group.
///
/// # Errors
/// There is none of that name, in words.
pub fn find_group(group: &str) -> Result<u32, String> {
    let unknown = || format!("there is no group `{group}`");
    let name = CString::new(group).map_err(|_| unknown())?;
    let mut entry = MaybeUninit::<libc::group>::uninit();
    let mut text = vec![0; ENTRY_BYTES];
    let mut found = ptr::null_mut();
    // SAFETY: as with users, above.
    let error = unsafe {
        libc::getgrnam_r(
            name.as_ptr(),
            entry.as_mut_ptr(),
            text.as_mut_ptr(),
            text.len(),
            &raw mut found,
        )
    };
    if error != 0 || found.is_null() {
        return Err(unknown());
    }
    // SAFETY: the call has found it, and filled it in.
    Ok(unsafe { (*found).gr_gid })
}

impl Identity {
    /// Makes this process be that user, for good.
    ///
    /// # Errors
    /// What the system says, and what to do: it is not permitted, mostly.
    pub fn assume(&self) -> io::Result<()> {
        let done = |result| match result {
            -1 => Err(self.not_assumed(&io::Error::last_os_error())),
            _ => Ok(()),
        };
        // The order matters: who is no longer root cannot change groups.
        // SAFETY: the name ends in a zero; the call touches no other memory.
        done(unsafe { libc::initgroups(self.name.as_ptr(), self.group) })?;
        // SAFETY: the call takes a number.
        done(unsafe { libc::setgid(self.group) })?;
        // SAFETY: the call takes a number.
        done(unsafe { libc::setuid(self.user) })
    }

    fn not_assumed(&self, why: &io::Error) -> io::Error {
        io::Error::other(format!(
            "this process cannot become the user {}: {why}; it takes root's rights \
             (CAP_SETUID and CAP_SETGID), or no master.user",
            self.name.to_string_lossy()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up() {
        let root = find("root", None).expect("root is everywhere");
        assert_eq!((root.user, root.group), (0, 0));
        assert_eq!(find("root", Some("root")), Ok(root));
        for (user, group, part) in [
            ("no such user", None, "no user `no such user`"),
            ("root", Some("no such group"), "no group `no such group`"),
            ("a\0b", None, "no user"),
        ] {
            let error = find(user, group).expect_err("nobody is called that");
            assert!(error.contains(part), "{error}");
        }
    }
}
