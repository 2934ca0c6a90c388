//! Samples of rules by pattern that cannot be, or never count.

use super::Sample;

pub(super) const SAMPLES: [Sample; 16] = [
    (
        "directives of Cache-Control",
        r#"
[[site]]
[[site.cache_control]]
path = "/a"
value = "maxage=60"
[[site.cache_control]]
path = "/b"
value = "max-age=60 public"
[[site.cache_control]]
path = "/c"
value = "max-age"
[[site.cache_control]]
path = "/d"
value = "max-age=7d"
[[site.cache_control]]
path = "/e"
value = "public; max-age=60"
[[site.cache_control]]
path = "/f"
value = "public, private"
[[site.cache_control]]
path = "/g"
value = "1h"
[[site.cache_control]]
path = "/h"
value = 3600
[[site.cache_control]]
path = "/i"
max_age = 3600
"#,
        r#"
4:9: unknown directive `maxage`: did you mean `max-age`?
7:9: `max-age=60 public`: a comma is missing: write "max-age=60, public"
10:9: `max-age` needs a number of seconds behind it: write "max-age=3600"
13:9: `max-age` needs a number of seconds behind it: write "max-age=604800"
16:9: `public; max-age=60` is no list of directives: write "public, max-age=60"
19:9: `public` and `private` cannot both be: remove one of the two
22:9: `max-age` needs a number of seconds behind it: write "max-age=3600"
25:9: `value` must be a string, such as "max-age=3600", not `3600`
26:1: this section needs `value`: write value = "max-age=3600"
28:1: unknown key `max_age`: known here: path, value
"#,
    ),
    (
        "braces and regular expressions",
        r#"
[[site]]
[[site.header]]
path = "/*.{css,js}"
set = { X-A = "b" }
[[site.header]]
path = "/users/{id}"
set = { X-A = "b" }
[[site.header]]
path = "*.css"
set = { X-A = "b" }
[[site.redirect]]
from = "^/old/(.*)$"
to = "/new/$1"
[[site.redirect]]
from = "~* \\.php$"
to = "/gone"
"#,
        r#"
3:8: `/*.{css,js}`: braces are not understood: write a rule for each, "/*.css" and "/*.js"
6:8: `/users/{id}`: braces are not understood: write `*` for any letters, "/users/*"
9:8: a path begins with a slash: write "/**.css", or "/*.css" for those at the top
12:8: `^/old/(.*)$`: patterns are not regular expressions: write one such as "/old/**"
13:6: `$1` is nothing but letters here: write `{1}` for what a star stood for
15:8: `~* \.php$`: patterns are not regular expressions: write one such as "/**.php"
"#,
    ),
    (
        "paths that are URLs, or have more than a path",
        r#"
[[site]]
[[site.redirect]]
from = "https://example.org/old"
to = "/new"
[[site.redirect]]
from = "/a?b=c"
to = "/new"
[[site.redirect]]
from = ["/a", "/b"]
to = "/new"
"#,
        r#"
3:8: `https://example.org/old` is a URL: write the path alone, "/old"
6:8: `/a?b=c`: what follows `?` or `#` is no part of a path: remove it
9:8: `from` must be a string, such as "/old/**", not `["/a", "/b"]`
"#,
    ),
    (
        "places that redirects do not lead to",
        r#"
[[site]]
[[site.redirect]]
from = "/a"
to = "new"
[[site.redirect]]
from = "/b"
to = "www.example.org"
[[site.redirect]]
from = "/c"
to = "https://example.org:99999/"
[[site.redirect]]
from = "/d"
to = "https://$host$request_uri"
[[site.redirect]]
from = "/e"
to = "ftp://example.org/"
[[site.redirect]]
from = "/f"
to = ""
[[site.redirect]]
from = "/g"
to = "https://*.example.org/"
[[site.redirect]]
from = "/h/*"
to = "/new/{name}"
[[site.redirect]]
from = "/i"
to = "https://größe.example/"
"#,
        r#"
4:6: `new` is neither a path nor a URL: write "/new"
7:6: `www.example.org` is neither a path nor a URL: write "https://www.example.org"
10:6: `99999` is no port: write a number up to 65535, or leave it out: "example.org"
13:6: `https://$host$request_uri`: variables are not understood: write `{1}` for what a star of `from` stood for
16:6: `ftp://example.org/` is neither a path nor a URL: write one such as "/new/{1}" or "https://example.org/"
19:6: `` is neither a path nor a URL: write one such as "/new/{1}" or "https://example.org/"
22:6: `*.example.org` has a star: write one host
25:6: `{name}` stands for a star, and "/h/*" has one: write `{1}`
28:6: `größe.example` must be written as browsers send it, in the form that begins with xn--
"#,
    ),
    (
        "places that rewrites do not lead to",
        r#"
[[site]]
[[site.rewrite]]
from = "/a"
to = "https://x/"
[[site.rewrite]]
from = "/b"
to = "//x/"
[[site.rewrite]]
from = "/c/**"
to = "/$1"
[[site.rewrite]]
from = "/d"
to = "index.html"
"#,
        r#"
4:6: `https://x/` is on another host, where no rewrite leads: write [[site.redirect]], or a path such as "/app.html"
7:6: `//x/` is on another host, where no rewrite leads: write [[site.redirect]], or a path such as "/app.html"
10:6: `$1` is nothing but letters here: write `{1}` for what a star stood for
13:6: a path begins with a slash: write "/index.html"
"#,
    ),
    (
        "redirects that another has the paths of",
        r#"
[[site]]
[[site.redirect]]
from = "/old"
to = "/new"
[[site.redirect]]
from = "/blog/**"
to = "https://blog.example.org/{1}"
[[site.redirect]]
from = "/old"
to = "/newer"
[[site.redirect]]
from = "/blog/*/first"
to = "/first"
[[site.rewrite]]
from = "/blog/app"
to = "/index.html"
"#,
        r#"
9:8: `/old` is redirected in line 3 already: remove one of the two
12:8: `/blog/*/first` is redirected in line 6 already, by `/blog/**`: move this rule ahead of that one, or remove it
15:8: `/blog/app` is redirected in line 6 already, by `/blog/**`: remove one of the two rules
"#,
    ),
    (
        "rewrites that another has the paths of",
        r#"
[[site]]
[[site.rewrite]]
from = "/app/**"
to = "/index.html"
[[site.rewrite]]
from = "/app/admin/**"
to = "/index.html"
"#,
        r#"
6:8: `/app/admin/**` is rewritten in line 3 already, by `/app/**`: move this rule ahead of that one, or remove it
"#,
    ),
    (
        "rules that a later one has the paths of",
        r#"
[[site]]
[[site.cache_control]]
path = "/assets/**"
value = "max-age=60"
[[site.cache_control]]
path = "/**"
value = "no-cache"
[[site.header]]
path = "/**"
set = { X-A = "b" }
[[site.header]]
path = "/a/**"
set = { X-A = "b", X-B = "c" }
[[site.header]]
path = "/**"
set = { x-a = "c", X-C = "d" }
"#,
        r#"
3:8: `/**` in line 6 has these paths too, and the last rule counts: move this one behind that, or remove it
9:8: `/**` has another rule in line 15, and the last one counts: remove one of the two
"#,
    ),
    (
        "users of the same paths",
        r#"
[[site]]
[[site.auth]]
path = "/a/**"
users_file = "conf/users"
[[site.auth]]
path = "/a/**"
users_file = "conf/users"
"#,
        r#"
6:8: `/a/**` has users in line 3 already, and who is not in both is not let in: write all of them there
"#,
    ),
    (
        "fields that cannot be set",
        r#"
[[site]]
[[site.header]]
path = "/**"
set = { "X-B:" = "c", "" = "d", X-D = "", X-F = "ä", Access-Control-Allow-Origin = "*" }
[[site.header]]
path = "/a"
set = {}
[[site.header]]
path = "/b"
set = "X-A: b"
[[site.header]]
path = "/c"
X-Frame-Options = "DENY"
"#,
        r#"
4:9: `X-B:` is no name of a field: write letters, digits and hyphens, such as "X-Frame-Options"
4:23: `` is no name of a field: write letters, digits and hyphens, such as "X-Frame-Options"
4:39: a field needs a value: write one, or remove the field
4:49: a field's value is one line of ASCII: write it so
4:54: `Access-Control-Allow-Origin` is up to the rules for other origins: write [site.cors]
7:7: no field is set here: write set = { X-Frame-Options = "DENY" }
10:7: `set` must be names with values, such as { X-Frame-Options = "DENY" }, not `"X-A: b"`
11:1: this section needs `set`: write set = { X-Frame-Options = "DENY" }
13:1: unknown key `X-Frame-Options`: known here: path, set
"#,
    ),
    (
        "lists and tables that are not written as such",
        r#"
[[site]]
index = [index.html]
hosts = ["a.org" "b.org"]
[[site.header]]
path = "/**"
set = { X-A: "b" }
[[site.header]]
path = "/a"
set = { X-A = DENY }
"#,
        r#"
2:10: this is no number, and text needs quotes: write "text"
3:18: a comma is missing between two values: write one
6:12: a name is of letters, digits, - and _, with a sign behind it: write name = value
9:15: text needs quotes: write "text"
"#,
    ),
    (
        "what other servers have",
        r#"
server = "a"
[[site]]
server_name = "example.org"
document_root = "www"
try_files = "$uri /index.html"
autoindex = true
expires = "1d"
proxy_pass = "http://127.0.0.1:3000"
ssl_certificate = "cert.pem"
[[site.location]]
path = "/"
[ssl]
certificate = "x"
"#,
        r#"
1:1: unknown key `server`: write [[site]]
3:1: unknown key `server_name`: write `hosts`
4:1: unknown key `document_root`: write `root`
5:1: unknown key `try_files`: write `fallback`
6:1: unknown key `autoindex`: write `listing`
7:1: unknown key `expires`: write [[site.cache_control]]
8:1: unknown key `proxy_pass`: requests are handed to no other server: remove it
9:1: unknown key `ssl_certificate`: there is no TLS here: remove it, and have a proxy in front
10:8: unknown section `location`: write a rule with a `path`, such as [[site.header]]
12:2: unknown section `ssl`: there is no TLS here: remove it, and have a proxy in front
"#,
    ),
    (
        "colons and classes of letters",
        r#"
[[site]]
listen = 80
[[site.redirect]]
from = "/:id/edit"
to = "/edit"
[[site.redirect]]
from = "/a/[0-9]+"
to = "/b"
"#,
        r#"
2:1: unknown key `listen`: write [[listen]]
4:8: `/:id/edit`: `:id` stands for nothing: write `*` for any letters, "/*/edit"
7:8: `/a/[0-9]+`: patterns are not regular expressions: write one such as "/old/**"
"#,
    ),
    (
        "codings and lists for a path",
        r#"
[[site]]
[[site.rewrite]]
from = "/a"
to = "/%69ndex.html"
[[site.header]]
path = ["/a", "/b"]
set = { X-A = ["b"], Server = "x" }
[[site.cache_control]]
path = ""
value = "max-age==60"
"#,
        r#"
4:6: paths are decoded before they are looked at: write the letter for `%69`
6:8: `path` must be a string, such as "/**", not `["/a", "/b"]`
7:15: `X-A` must be a string in quotes, not `["b"]`
7:22: `Server` is written by the server itself: remove it
9:8: a path begins with a slash: write "/"
10:9: `max-age==60` is no list of directives: write "max-age=60"
"#,
    ),
    (
        "hashes of other kinds",
        r#"
[[site]]
[[site.auth]]
path = "/**"
users = ["ann:$apr1$x$y", "bob:{SHA}x", "$2y$10$....................................................."]
[[site.auth]]
path = "/a/**"
users_file = true
"#,
        r#"
4:10: what `ann` has is no hash of Argon2 or bcrypt: `pelton password ann` makes one
4:27: what `bob` has is no hash of Argon2 or bcrypt: `pelton password bob` makes one
4:41: a user is a name, a colon and a hash: `pelton password NAME` prints one
7:14: `users_file` must be a string, such as "conf/users", not `true`
"#,
    ),
    (
        "sites on one line",
        r#"
site = [{ root = "www", redirect = [{ from = "/a", to = "/b" }, { from = "/a", to = "/c" }] }]
"#,
        r#"
1:74: `/a` is redirected in line 1 already: remove one of the two
"#,
    ),
];
