//! Pages that a site names: whether it would find them.

use super::hint::{near, unusable};
use crate::config::Shelf;
use crate::http::coding::BESIDE;
use crate::os::file::{self, Opened};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// A page below a root. A root that cannot be used is told of elsewhere.
pub(super) fn page(root: &Path, shelf: &Shelf, path: &Path) -> Result<(), String> {
    let Ok(folder) = file::open_root(root) else {
        return Ok(());
    };
    let inner = path.strip_prefix("/").unwrap_or(path);
    let this = Path::new(".");
    let inner = if inner == Path::new("") { this } else { inner };
    let found = opened(&folder, inner);
    let has_slash = path.to_string_lossy().ends_with('/');
    let is_folder = shelf.folders && matches!(found, Ok(Opened::Directory));
    let is_there = match has_slash || is_folder {
        true => {
            let mut index = shelf.index.iter().map(|name| inner.join(name));
            index.any(|name| is_page(&folder, shelf, &name))
        }
        false => is_page(&folder, shelf, inner),
    };
    match is_there {
        true => Ok(()),
        false => Err(missing(root, shelf, path, inner, found)),
    }
}

/// Whether there is such a file, plain or in another coding beside it.
fn is_page(folder: &OwnedFd, shelf: &Shelf, inner: &Path) -> bool {
    let ends = BESIDE.iter().filter(|_| shelf.precompressed);
    let ends = ends.map(|(_, end)| String::from_utf8_lossy(end));
    let mut names = ends.map(|end| format!("{}{end}", inner.display()));
    let is_file = |inner: &Path| matches!(opened(folder, inner), Ok(Opened::File(..)));
    is_file(inner) || names.any(|name| is_file(Path::new(&name)))
}

fn opened(folder: &OwnedFd, inner: &Path) -> io::Result<Opened> {
    file::open_beneath(folder.as_fd(), inner.as_os_str().as_encoded_bytes())
}

/// Why a page is not found, and what to do.
fn missing(
    root: &Path,
    shelf: &Shelf,
    path: &Path,
    inner: &Path,
    found: io::Result<Opened>,
) -> String {
    let real = root.join(inner);
    let (shown, folder) = (real.display(), root.display());
    match found {
        Ok(Opened::Directory) => {
            let index = shelf.index.first().map_or("index.html", |name| name);
            let index = path.join(index);
            let index = index.display();
            format!("{shown} is a folder: write a file in it, such as \"{index}\"")
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => unusable(&real, &error),
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            format!("{shown} is a link out of {folder}, and not served: put the file there")
        }
        _ => {
            let near = near(&real);
            let near = near.as_ref().and_then(|near| near.strip_prefix(root).ok());
            let hint = near.map_or_else(
                || "make it, or write the path of one that is".to_owned(),
                |near| format!("did you mean \"/{}\"?", near.display()),
            );
            format!("the file {shown} is not there: {hint}")
        }
    }
}
