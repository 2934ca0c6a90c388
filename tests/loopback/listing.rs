//! Listings of folders over loopback: what they show, and what they never do.

use crate::support::{Folder, Rig, both, get, request};
use pelton::Router;
use pelton::config::{self, Config, Listing, Mode};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;

/// A server that lists, and the folder beside whose root there is a file that
/// is nobody's business.
struct Lister {
    rig: Rig,
    _place: Folder,
}

impl std::ops::Deref for Lister {
    type Target = Rig;

    fn deref(&self) -> &Rig {
        &self.rig
    }
}

fn start(mode: Mode, listing: Listing, adjust: impl FnOnce(&mut config::Site)) -> Lister {
    let place = Folder::new();
    fill(&place);
    let mut site = config::Site::new(place.path().join("root"));
    site.listing = listing;
    adjust(&mut site);
    let config = Config {
        sites: vec![site],
        ..Config::default()
    };
    let router = Router::new().site(&config);
    let rig = Rig::with_router(mode, |all| all.sites = config.sites, router);
    Lister { rig, _place: place }
}

fn fill(place: &Folder) {
    place.write("secret.txt", b"outside");
    for (name, content) in [
        ("root/index.html", "home"),
        ("root/files/b.txt", "bb"),
        ("root/files/A10.txt", "a"),
        ("root/files/a2.txt", "a"),
        ("root/files/.hidden", "x"),
        ("root/files/.well-known/x", "x"),
        ("root/files/zoo/x", "x"),
        ("root/files/<b>&\"quoted\".txt", "x"),
        ("root/files/javascript:x", "x"),
        ("root/files/100% #1?.txt", "sure"),
    ] {
        place.write(name, content.as_bytes());
    }
    place.date("root/files/b.txt", 784_111_777);
    let files = place.path().join("root/files");
    symlink("../../secret.txt", files.join("out")).expect("a link");
    symlink("/etc", files.join("far")).expect("a link");
    symlink("b.txt", files.join("in")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(files.join("sock")).expect("bound");
    fs::create_dir(files.join("empty")).expect("a folder");
}

fn page(rig: &Rig, path: &str) -> String {
    let answer = get(rig.http, path, "");
    assert_eq!(answer.status, 200, "{path}\n{}", answer.head);
    assert_eq!(
        answer.field("content-type"),
        Some("text/html; charset=utf-8")
    );
    String::from_utf8(answer.body).expect("UTF-8")
}

#[test]
fn a_folder_without_an_index_is_shown_in_order_and_escaped() {
    both(|mode| {
        let rig = start(mode, Listing::Html, |_| {});
        assert_eq!(get(rig.http, "/", "").body, b"home", "the index goes first");
        let text = page(&rig, "/files/");
        let links: Vec<&str> = text
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(
            links,
            [
                "../",
                ".well-known/",
                "empty/",
                "zoo/",
                "100%25%20%231%3F.txt",
                "%3Cb%3E%26%22quoted%22.txt",
                "a2.txt",
                "A10.txt",
                "b.txt",
                "in",
                "javascript%3Ax",
            ]
        );
        assert!(
            text.contains(">&lt;b&gt;&amp;&quot;quoted&quot;.txt</a>"),
            "{text}"
        );
        assert!(!text.contains("<b>"), "{text}");
        let time = "<time datetime=\"1994-11-06T08:49:37Z\">1994-11-06 08:49</time>";
        assert!(
            text.contains("<td>2 B<td>") && text.contains(time),
            "{text}"
        );
        for link in &links[1..] {
            let answer = get(rig.http, &format!("/files/{link}"), "");
            assert_eq!(answer.status, 200, "{link}");
        }
        assert_eq!(
            get(rig.http, "/files/100%25%20%231%3F.txt", "").body,
            b"sure"
        );
        assert!(page(&rig, "/files/empty/").contains("is empty"));
        let slash = get(rig.http, "/files?x", "");
        assert_eq!(
            (slash.status, slash.field("location")),
            (301, Some("/files/?x"))
        );
        for (path, status) in [
            ("/nothing/", 404),
            ("/files/far/", 404),
            ("/files/b.txt/", 404),
        ] {
            assert_eq!(get(rig.http, path, "").status, status, "{path}");
        }
    });
}

#[test]
fn programs_get_json() {
    both(|mode| {
        let rig = start(mode, Listing::Json, |_| {});
        let answer = get(rig.http, "/files/", "");
        assert_eq!(answer.field("content-type"), Some("application/json"));
        let listed: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(
            (&listed["path"], &listed["more"]),
            (&"/files/".into(), &false.into())
        );
        let entries = listed["entries"].as_array().expect("a list");
        let find = |name: &str| {
            let mut entries = entries.iter();
            entries.find(|entry| entry["name"] == name)
        };
        let file = serde_json::json!({
            "name": "b.txt", "kind": "file", "bytes": 2, "modified": "1994-11-06T08:49:37Z"
        });
        assert_eq!(find("b.txt"), Some(&file));
        let zoo = find("zoo").expect("a folder");
        assert_eq!((&zoo["kind"], zoo.get("bytes")), (&"folder".into(), None));
        for name in ["out", "far", "sock", ".hidden"] {
            assert_eq!(find(name), None, "{name}");
        }
    });
}

#[test]
fn methods_are_as_with_files() {
    both(|mode| {
        let rig = start(mode, Listing::Html, |_| {});
        let whole = get(rig.http, "/files/", "");
        let head = request(rig.http, "HEAD", "/files/", "");
        assert_eq!(head.status, 200);
        assert_eq!(head.field("content-length"), whole.field("content-length"));
        assert_eq!(get(rig.http, "/files/", "Range: bytes=0-1\r\n").status, 200);
        let post = request(rig.http, "POST", "/files/", "Content-Length: 0\r\n");
        assert_eq!(
            (post.status, post.field("allow")),
            (405, Some("GET, HEAD, OPTIONS"))
        );
    });
}

#[test]
fn off_is_off_and_hidden_names_are_shown_only_where_they_are_served() {
    both(|mode| {
        let rig = start(mode, Listing::Off, |_| {});
        assert_eq!(get(rig.http, "/files/", "").status, 404);
        let rig = start(mode, Listing::Off, |site| {
            site.fallback = Some("/index.html".to_owned());
        });
        assert_eq!(get(rig.http, "/files/", "").body, b"home");
        let rig = start(mode, Listing::Html, |site| site.hidden = true);
        assert!(page(&rig, "/files/").contains(".hidden</a>"));
        let rig = start(mode, Listing::Html, |site| {
            site.fallback = Some("/index.html".to_owned());
        });
        assert!(
            page(&rig, "/files/").contains("b.txt"),
            "it is there: no fallback"
        );
        assert_eq!(get(rig.http, "/nothing/", "").body, b"home");
    });
}

#[test]
fn a_folder_of_many_thousands_is_shown_up_to_the_bound() {
    both(|mode| {
        let rig = start(mode, Listing::Html, |site| {
            let many = site.root.join("many");
            fs::create_dir(&many).expect("a folder");
            for number in 0..10_000 {
                fs::write(many.join(format!("{number}")), "").expect("a file");
            }
        });
        let text = page(&rig, "/many/");
        assert!(text.contains("There is more in this folder: 2000 entries are shown."));
        assert_eq!(text.matches("<tr><td><a").count(), 2_001, "with the way up");
        assert!(text.len() < 400_000, "{}", text.len());
    });
}

#[test]
fn a_path_that_no_folder_can_have_has_no_listing() {
    both(|mode| {
        let rig = start(mode, Listing::Html, |_| {});
        let long = "x".repeat(4_093);
        assert_eq!(get(rig.http, &format!("/{long}/"), "").status, 404);
        assert_eq!(get(rig.http, &format!("/{long}x/"), "").status, 414);
    });
}
