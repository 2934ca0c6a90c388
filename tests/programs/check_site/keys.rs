//! Samples of each key of a site and of each section below it.

use super::Sample;

pub(super) const SAMPLES: [Sample; 35] = [
    (
        "a host is no URL",
        r#"
[[site]]
hosts = ["http://example.org:8080/"]
"#,
        r#"
2:10: `http://example.org:8080/` is a URL: write the host alone, "example.org"
"#,
    ),
    (
        "a host has no port",
        r#"
[[site]]
hosts = ["example.org:8080", "ok.org"]
"#,
        r#"
2:10: `example.org:8080` has a port, which does not matter: write "example.org"
"#,
    ),
    (
        "a host has one site",
        r#"
[[site]]
hosts = ["example.org"]

[[site]]
hosts = ["www.example.org", "Example.org"]
"#,
        r#"
5:29: `example.org` has a site already: remove it from one of the two
"#,
    ),
    (
        "one site is for all others",
        r#"
[[site]]
root = "www"

[[site]]
root = "www"
"#,
        r#"
4:1: one site is for all other hosts already: write hosts = ["example.org"], the names of this one
"#,
    ),
    (
        "addresses and stars",
        r#"
[[site]]
hosts = ["::1", "*.*.org"]
"#,
        r#"
2:10: write an IPv6 address in brackets: "[::1]"
2:17: `*.*.org`: a star stands for whole names, in front: write "*.org", or "*"
"#,
    ),
    (
        "a list and a flag",
        r#"
[[site]]
hosts = "example.org"
hidden = "yes"
"#,
        r#"
2:9: `hosts` must be a list of strings, such as ["example.org"], not `"example.org"`
3:10: `hidden` must be true or false, not `"yes"`
"#,
    ),
    (
        "a slip, and a path for a name",
        r#"
[[site]]
indx = ["index.html"]
root = "www"
index = ["a/index.html"]
"#,
        r#"
2:1: unknown key `indx`: did you mean `index`?
4:10: `a/index.html` is no name of a file in a folder: write "index.html"
"#,
    ),
    (
        "other kinds of values",
        r#"
[[site]]
index = "index.html"
fallback = false
"#,
        r#"
2:9: `index` must be a list of strings, such as ["index.html"], not `"index.html"`
3:12: `fallback` must be a string, such as "/index.html", not `false`
"#,
    ),
    (
        "codings and tags",
        r#"
[[site]]
etag = "hash"
compress = 1
precompresed = true
"#,
        r#"
2:8: `etag` must be "time" or "content", not `"hash"`
3:12: `compress` must be true or false, not `1`
4:1: unknown key `precompresed`: did you mean `precompressed`?
"#,
    ),
    (
        "the fallback is a path",
        r#"
[[site]]
fallback = "index.html"
"#,
        r#"
2:12: a path begins with a slash: write "/index.html"
"#,
    ),
    (
        "pages by status",
        r#"
[[site]]
[site.error_pages]
404 = "404.html"
302 = "/found.html"
503 = 503
"#,
        r#"
3:7: a path begins with a slash: write "/404.html"
4:1: `302` is no status that a site answers with: write one of 400, 401, 403, 404, 405, 406, 412, 414, 416, 429, 500, 501, 503
5:7: `503` must be a string in quotes, not `503`
"#,
    ),
    (
        "media types by extension",
        r#"
[[site]]
[site.types]
md = "markdown"
".ts" = "text/plain"
"" = "text/plain"
tex = "text/plain; charset"
LOG = "text/plain"
log = "text/plain"
yml = 7
txt = "text/plain\r\nX-A: b"
"#,
        r#"
3:6: `markdown` is no media type: write one such as "text/markdown; charset=utf-8"
4:1: an extension is what is behind the last dot: write `ts`
5:1: `` is no extension: write what is behind a name's dot, such as md
6:7: what follows `text/plain` are no parameters: write "text/plain; charset=utf-8", or "text/plain"
8:1: `log` is there twice: remove one of the two
9:7: `yml` must be a string in quotes, not `7`
10:7: `text/plain\r\nX-A: b` is no media type: write one such as "text/markdown; charset=utf-8"
"#,
    ),
    (
        "a redirect has two ends",
        r#"
[[site]]
[[site.redirect]]
from = "/old"

[[site.redirect]]
to = "/new"
"#,
        r#"
2:1: this section needs `to`: write to = "/new"
5:1: this section needs `from`: write from = "/old/**"
"#,
    ),
    (
        "statuses of redirects",
        r#"
[[site]]
[[site.redirect]]
from = "/old"
to = "/new"
status = 300
code = 301
"#,
        r#"
5:10: `status` must be one of 301, 302, 303, 307, 308, not `300`
6:1: unknown key `code`: known here: from, to, status
"#,
    ),
    (
        "stars and what they stood for",
        r#"
[[site]]
[[site.redirect]]
from = "/old/**"
to = "/new/{2}"
[[site.redirect]]
from = "/o/*"
to = "/new/*"
"#,
        r#"
4:6: `{2}` stands for a star, and "/old/**" has one: write `{1}`
7:6: `/new/*`: stars are for `from`: write `{1}` for what one stood for
"#,
    ),
    (
        "redirects in a circle",
        r#"
[[site]]
[[site.redirect]]
from = "/a"
to = "/b"
[[site.redirect]]
from = "/b"
to = "/a?x"
"#,
        r#"
4:6: this redirect leads to itself in the end: write another place
"#,
    ),
    (
        "redirects to hosts that a client could choose",
        r#"
[[site]]
[[site.redirect]]
from = "/x**"
to = "https://example.org{1}"
[[site.redirect]]
from = "/y/**"
to = "//example.org/{1}"
"#,
        r#"
4:6: `https://example.org{1}`: the host must be written out, with a slash behind it: write "https://example.org/{1}"
7:6: `//example.org/{1}` would lead to another host: write "https://example.org/{1}"
"#,
    ),
    (
        "hosts with a part that a client could choose",
        r#"
[[site]]
[[site.redirect]]
from = "/x*/**"
to = "https://h{1}/{2}"
[[site.redirect]]
from = "/y/*/**"
to = "https://{1}.example.org/{2}"
[[site.redirect]]
from = "/z/*"
to = "https://example.org:{1}/"
[[site.redirect]]
from = "/u/*"
to = "https://{1}@example.org/"
[[site.redirect]]
from = "/v/**"
to = "{1}"
[[site.redirect]]
from = "/w/**"
to = "https:/{1}"
[[site.redirect]]
from = "/ok/**"
to = "https://example.org/?{1}"
"#,
        r#"
4:6: `https://h{1}/{2}`: the host must be written out, with a slash behind it: write "https://example.org/{1}"
7:6: `https://{1}.example.org/{2}`: the host must be written out, with a slash behind it: write "https://example.org/{1}"
10:6: `https://example.org:{1}/`: the host must be written out, with a slash behind it: write "https://example.org/{1}"
13:6: `https://{1}@example.org/`: the host must be written out, with a slash behind it: write "https://example.org/{1}"
16:6: `{1}` is neither a path nor a URL: write one such as "/new/{1}" or "https://example.org/"
19:6: `https:/{1}` is neither a path nor a URL: write one such as "/new/{1}" or "https://example.org/"
"#,
    ),
    (
        "what is encoded and what is not",
        r#"
[[site]]
[[site.redirect]]
from = "/a%20b"
to = "/größe x"
"#,
        r#"
3:8: paths are decoded before they are looked at: write the letter for `%20`
4:6: `/größe x` must be encoded as in a URL: write "/gr%C3%B6%C3%9Fe%20x"
"#,
    ),
    (
        "rewrites",
        r#"
[[site]]
[[site.rewrite]]
from = "/app/***"
to = "/app.html"
[[site.rewrite]]
from = "/same"
to = "/same"
[[site.rewrite]]
from = "/q"
to = "/p?x=1"
"#,
        r#"
3:8: `/app/***` has three stars in a row: write `*` or `**`
7:6: this rewrite leads to itself: write another place, or remove it
10:6: `/p?x=1`: what follows `?` or `#` is no part of a path: remove it
"#,
    ),
    (
        "fields that are the server's, and no fields",
        r#"
[[site]]
[[site.header]]
path = "/**"
set = { Content-Length = "5", "X Y" = "z", X-Ok = "a\nb" }
"#,
        r#"
4:9: `Content-Length` is written by the server itself: remove it
4:31: `X Y` is no name of a field: write letters, digits and hyphens, such as "X-Frame-Options"
4:51: a field's value is one line of ASCII: write it so
"#,
    ),
    (
        "values and names of fields",
        r#"
[[site]]
[[site.header]]
path = "**"
set = { X-Count = 5, cache-control = "no-store" }
"#,
        r#"
3:8: a path begins with a slash: write "/**"
4:19: `X-Count` must be a string in quotes, not `5`
4:22: `Cache-Control` has rules of its own: write [[site.cache_control]]
"#,
    ),
    (
        "a rule without its fields",
        r#"
[[site]]
[[site.header]]
path = "/a?b"
"#,
        r#"
2:1: this section needs `set`: write set = { X-Frame-Options = "DENY" }
3:8: `/a?b`: what follows `?` or `#` is no part of a path: remove it
"#,
    ),
    (
        "Cache-Control",
        r#"
[[site]]
[[site.cache_control]]
paths = "/assets/**"
value = " max-age=5"
"#,
        r#"
2:1: this section needs `path`: write path = "/**"
3:1: unknown key `paths`: did you mean `path`?
4:9: blanks around a value are no part of it: write "max-age=5"
"#,
    ),
    (
        "origins and methods",
        r#"
[[site]]
[site.cors]
origins = ["https://a.example/", "a.example"]
methods = ["get"]
"#,
        r#"
3:12: browsers write this origin otherwise: write "https://a.example"
3:34: `a.example` is no origin: write one such as "https://example.org", or "*"
4:12: methods are written in large letters: write "GET"
"#,
    ),
    (
        "everybody with credentials",
        r#"
[[site]]
[site.cors]
origins = ["*"]
credentials = true
max_age = 60
"#,
        r#"
3:11: `origins` = ["*"] means nothing with `credentials` = true: name each, or write credentials = false
5:1: unknown key `max_age`: did you mean `max_age_s`?
"#,
    ),
    (
        "other origins without any",
        r#"
[[site]]
[site.cors]
headers = ["X Y"]
max_age_s = -1
"#,
        r#"
2:1: this section needs `origins`: write origins = ["https://example.org"]
3:12: `X Y` is no name of a field: write letters, digits and hyphens, such as "X-Frame-Options"
4:13: `max_age_s` must be a whole number from 0 to 604800, not `-1`
"#,
    ),
    (
        "listings and passwords",
        r#"
[[site]]
listing = "on"
[[site.auth]]
path = "private"
realm = 'the "inner" room'
users = ["ann", "bob:secret", ":$2y$10$x"]
"#,
        r#"
2:11: `listing` must be "off", "html" or "json", not `"on"`
4:8: a path begins with a slash: write "/private"
5:9: `the "inner" room` is no realm: write a word or a few in ASCII, without quotes and backslashes
6:10: a user is a name, a colon and a hash: `pelton password NAME` prints one
6:17: what `bob` has is no hash of Argon2 or bcrypt: `pelton password bob` makes one
6:31: `` is no name: write one ahead of the colon
"#,
    ),
    (
        "users are needed, in one place and once",
        r#"
[[site]]
[[site.auth]]
path = "/a"
[[site.auth]]
path = "/b"
users = ["ann:$2y$10$.....................................................", "ann:$2y$10$....................................................."]
users_file = "users"
[[site.auth]]
path = "/c"
users = []
"#,
        r#"
2:1: this section needs `users`: write users = ["name:HASH"], as `pelton password name` prints it
6:78: `ann` is there twice: remove one of the two
7:14: `users` and `users_file` are there: remove one of the two
10:9: `users` must be a list of strings, such as ["name:HASH"], not `[]`
"#,
    ),
    (
        "a slip in a rule for users, and a file without a name",
        r#"
[[site]]
[[site.auth]]
path = "/a"
user = ["ann"]
[[site.auht]]
path = "/b"
[[site.auth]]
path = "/c"
users_file = ""
"#,
        r#"
2:1: this section needs `users`: write users = ["name:HASH"], as `pelton password name` prints it
4:1: unknown key `user`: did you mean `users`?
5:8: unknown section `auht`: did you mean `auth`?
9:14: `users_file` must name a file: write one, or remove it
"#,
    ),
    (
        "what is guarded is not for everybody's caches",
        r#"
[[site]]
[[site.cache_control]]
path = "/**"
value = "public, max-age=60"
[[site.cache_control]]
path = "/inner/b/**"
value = "max-age=60, S-MaxAge=600"
[[site.cache_control]]
path = "/inner/c/**"
value = "private, max-age=60"
[[site.cache_control]]
path = "/outer/**"
value = "public"
[[site.auth]]
path = "/inner/**"
users = ["ann:$2y$10$....................................................."]
"#,
        r#"
4:9: proxies may not keep what a password guards (/inner/): write "private, max-age=60"
7:9: proxies may not keep what a password guards (/inner/b/): write "private, max-age=60"
"#,
    ),
    (
        "how many passwords may be tried",
        r#"
[[site]]
tries_per_minute = "10"
[[site.auth]]
path = "/a"
users = ["ann:$2y$10$....................................................."]
tries_per_minute = 10
"#,
        r#"
2:20: `tries_per_minute` must be a whole number from 0 to 1000000, not `"10"`
6:1: unknown key `tries_per_minute`: it belongs in the section `site`
"#,
    ),
    (
        "sections of the wrong shape",
        r#"
[[site]]
[site.redirect]
from = "/a"
to = "/b"
[[site.cors]]
origins = ["*"]
"#,
        r#"
2:1: `redirect` is a list of sections: write [[site.redirect]], its keys below
5:1: `cors` is one section: write [site.cors], its keys below
"#,
    ),
    (
        "sections without their site",
        r#"
[[site]]
[[redirect]]
from = "/a"
to = "/b"
[cors]
origins = ["*"]
"#,
        r#"
2:3: unknown section `redirect`: write [[site.redirect]]
5:2: unknown section `cors`: write [site.cors]
"#,
    ),
    (
        "a rule ahead of any site",
        r#"
[[site.header]]
path = "/**"
set = { X-A = "b" }
"#,
        r#"
1:3: `site` is a list of sections: write [[site]], its keys below
"#,
    ),
];
