//! nginx and lighttpd, each on a free port over the same folder, ended by their
//! ids whatever becomes of the test.

use crate::support::{Folder, PATIENCE};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A port that was free may be taken when its server comes to it.
const ROUNDS: usize = 5;

/// Another server.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) addr: SocketAddr,
    child: Child,
    _folder: Folder,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// nginx over `root`, if it is installed.
pub(crate) fn nginx(root: &Path) -> Option<Peer> {
    start("nginx", "nginx-light", |addr, own| {
        let (own, root) = (own.display(), root.display());
        let text = format!(
            "daemon off; master_process off; pid {own}/pid; error_log {own}/errors;\n\
             events {{ worker_connections 64; }}\n\
             http {{\n\
               types {{ text/html html; text/plain txt; }}\n\
               default_type application/octet-stream;\n\
               access_log off; etag on;\n\
               client_body_temp_path {own}/a; proxy_temp_path {own}/b;\n\
               fastcgi_temp_path {own}/c; uwsgi_temp_path {own}/d; scgi_temp_path {own}/e;\n\
               server {{ listen {addr}; root {root}; index index.html; absolute_redirect off; }}\n\
             }}\n"
        );
        let arguments = ["-e", &format!("{own}/errors"), "-p", &own.to_string(), "-c"];
        (text, arguments.map(str::to_owned).to_vec())
    })
}

/// lighttpd over `root`, if it is installed.
pub(crate) fn lighttpd(root: &Path) -> Option<Peer> {
    start("lighttpd", "lighttpd", |addr, own| {
        let (own, root, port) = (own.display(), root.display(), addr.port());
        let text = format!(
            "server.document-root = \"{root}\"\nserver.bind = \"127.0.0.1\"\nserver.port = {port}\n\
             server.errorlog = \"{own}/errors\"\nserver.upload-dirs = ( \"{own}\" )\n\
             server.modules = ()\nindex-file.names = ( \"index.html\" )\n\
             mimetype.assign = ( \".html\" => \"text/html\", \".txt\" => \"text/plain\",\n\
               \"\" => \"application/octet-stream\" )\n"
        );
        (text, vec!["-D".to_owned(), "-f".to_owned()])
    })
}

fn start(
    name: &'static str,
    package: &str,
    settings: impl Fn(SocketAddr, &Path) -> (String, Vec<String>),
) -> Option<Peer> {
    let program = find(name, package)?;
    for _ in 0..ROUNDS {
        let folder = Folder::new();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let addr = free.local_addr().expect("an address");
        drop(free);
        let (text, arguments) = settings(addr, folder.path());
        folder.write("conf", text.as_bytes());
        let mut command = Command::new(&program);
        command.args(arguments).arg(folder.path().join("conf"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut peer = Peer {
            name,
            addr,
            child: command.spawn().expect("it starts"),
            _folder: folder,
        };
        if peer.is_up() {
            return Some(peer);
        }
        let errors = fs::read_to_string(peer._folder.path().join("errors"));
        println!("{name} did not start at {addr}: {errors:?}");
    }
    panic!("{name} does not start");
}

impl Peer {
    fn is_up(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.child.try_wait().expect("its status").is_some() {
                return false;
            }
            if TcpStream::connect(self.addr).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

/// Where the program is; Debian has servers where users do not look.
fn find(name: &str, package: &str) -> Option<String> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/usr/local/sbin";
    let mut places = path.split(':').map(|folder| format!("{folder}/{name}"));
    let found = places.find(|file| Path::new(file).is_file());
    let required = std::env::var("PELTON_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(
        found.is_some() || !required,
        "{name} is required (PELTON_REQUIRE_TOOLS=1) and not installed"
    );
    if found.is_none() {
        println!("skipped: {name} is not installed (Debian's package: {package})");
    }
    found
}
