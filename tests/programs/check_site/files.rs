//! Samples of files and folders that a configuration names: what is not there, or
//! is of another kind.

use super::Sample;

pub(super) const SAMPLES: [Sample; 11] = [
    (
        "folders that are not there",
        r#"
[[site]]
hosts = ["a.org"]
root = "wwww"
[[site]]
hosts = ["b.org"]
root = "nowhere/at/all"
[[site]]
hosts = ["c.org"]
root = "../nowhere/../www"
[[site]]
hosts = ["d.org"]
root = "~/www"
[[site]]
hosts = ["e.org"]
root = "$HOME/www"
[[site]]
hosts = ["f.org"]
root = "file:///var/www"
"#,
        r#"
3:8: the folder wwww is not there: did you mean "www"?
6:8: the folder nowhere/at/all is not there: make it, or write a root that is
9:8: the folder ../nowhere/../www is not there: make it, or write a root that is
12:8: the folder ~/www is not there: `~` and `$` stand for nothing here, so write the whole path
15:8: the folder $HOME/www is not there: `~` and `$` stand for nothing here, so write the whole path
18:8: the folder file:///var/www is not there: this is a URL, so write a path
"#,
    ),
    (
        "a file for a folder, and no folder at all",
        r#"
[[site]]
hosts = ["a.org"]
root = "www/index.html"
[[site]]
hosts = ["b.org"]
root = ""
[[site]]
hosts = ["c.org"]
root = ["www"]
[[site]]
hosts = ["d.org"]
root = " www"
"#,
        r#"
3:8: www/index.html is a file: write a folder, such as "www"
6:8: `root` must name a folder: write root = "www", or "." for this one
9:8: `root` must be a string in quotes, not `["www"]`
12:8: the folder  www is not there: did you mean "www"?
"#,
    ),
    (
        "pages that are not there",
        r#"
[[site]]
fallback = "/indx.html"
[site.error_pages]
403 = "/nowhere.html"
404 = "/folder"
500 = "/folder/"
503 = ""
[[site.rewrite]]
from = "/app/**"
to = "/app.html"
[[site.rewrite]]
from = "/all/**"
to = "/{1}.html"
"#,
        r#"
2:12: the file www/indx.html is not there: did you mean "/index.html"?
4:7: the file www/nowhere.html is not there: make it, or write the path of one that is
5:7: www/folder is a folder: write a file in it, such as "/folder/index.html"
6:7: www/folder is a folder: write a file in it, such as "/folder/index.html"
10:6: the file www/app.html is not there: make it, or write the path of one that is
"#,
    ),
    (
        "a page that lies there compressed, which is not wanted",
        r#"
[[site]]
fallback = "/ready.html"
precompressed = false
"#,
        r#"
2:12: the file www/ready.html is not there: make it, or write the path of one that is
"#,
    ),
    (
        "pages elsewhere, and by variables",
        r#"
[[site]]
fallback = "$uri /index.html"
[site.error_pages]
404 = "https://example.org/404.html"
403 = "/../403.html"
500 = "/*.html"
"#,
        r#"
2:12: `$uri /index.html`: variables are not understood: write one path, such as "/index.html"
4:7: `https://example.org/404.html` is a URL: write the path alone, "/404.html"
5:7: `/../403.html` has a segment of dots: write where it leads
6:7: `/*.html` must be one path: write it without stars and braces
"#,
    ),
    (
        "files of users",
        r#"
[[site]]
[[site.auth]]
path = "/a/**"
users_file = "conf/user"
[[site.auth]]
path = "/b/**"
users_file = "conf"
[[site.auth]]
path = "/c/**"
users_file = "conf/nobody"
[[site.auth]]
path = "/d/**"
users_file = "www/users"
[[site.auth]]
path = "/e/**"
users_file = "/dev/null"
"#,
        r#"
4:14: cannot read conf/user: it is not there; did you mean "conf/users"?
7:14: cannot read conf: it is a folder; name a file in it
10:14: nobody is in conf/nobody: add a line to it, as `pelton password name` prints it
13:14: www/users is in a folder that is served, www: move it elsewhere, or it may be served to everybody
16:14: /dev/null is neither a file nor a folder: name a file
"#,
    ),
    (
        "what is in files of users",
        r#"
[[site]]
[[site.auth]]
path = "/a/**"
users_file = "conf/broken"
[[site.auth]]
path = "/b/**"
users_file = "conf/latin"
[[site.auth]]
path = "/c/**"
users_file = "conf/broken"
"#,
        r#"
conf/broken:2:1: what `ann` has is no hash of Argon2 or bcrypt: `pelton password ann` makes one
conf/broken:3:1: a user is a name, a colon and a hash: `pelton password NAME` prints one
conf/latin:2:2: the byte 0xFC here is no UTF-8: save the file as UTF-8
"#,
    ),
    (
        "files that are written",
        r#"
[log]
file = "nowhere/pelton.log"
access = "conf"
[master]
pid_file = "www/index.html/pid"
[accounts]
file = "www/accounts.db"
[[listen]]
addr = "unix:nowhere/sock"
"#,
        r#"
2:8: the folder nowhere is not there: make it, or write one that is
3:10: conf is a folder: write a file in it, "conf/NAME"
5:12: www/index.html is a file: write a folder for www/index.html/pid
7:8: www/accounts.db is in a folder that is served, www: move it elsewhere, or it may be served to everybody
9:8: the folder nowhere is not there: make it, or write one that is
"#,
    ),
    (
        "accounts in what is no database",
        r#"
[accounts]
file = "conf/users"
"#,
        r#"
2:8: conf/users is no SQLite file: write another name
"#,
    ),
    (
        "users that the machine does not have",
        r#"
[master]
enable = true
user = "no such user"
group = "no such group"
"#,
        r#"
3:8: there is no user `no such user`: write one that this machine has
4:9: there is no group `no such group`: write one that this machine has
"#,
    ),
    (
        "mistakes in the text and on the disk are told together",
        r#"
worker = 2
[[site]]
root = "wwww"
listing = true
fallback = 5
"#,
        r#"
1:1: unknown key `worker`: did you mean `workers`?
3:8: the folder wwww is not there: did you mean "www"?
4:11: `listing` must be "off", "html" or "json", not `true`
5:12: `fallback` must be a string, such as "/index.html", not `5`
"#,
    ),
];
