//! Samples of values, keys and sections that cannot be.

use super::Sample;

pub(super) const SAMPLES: [Sample; 20] = [
    (
        "hosts with more than a name",
        r#"
[[site]]
hosts = ["a.org/path", ".b.org", "a b.org", "c.org:http", "*d.org", "user@e.org", "~^www", ""]
"#,
        r#"
2:10: `a.org/path` has a path: write the host alone, "a.org"
2:24: `.b.org`: names below another have a star in front: write "*.b.org"
2:34: `a b.org` is no host name: write one such as "example.org"
2:45: `c.org:http` is no host name: write one such as "example.org"
2:59: `*d.org`: a star stands for whole names, in front: write "*.d.org", or "*"
2:69: `user@e.org` is no host name: write one such as "example.org"
2:83: `~^www` is no host name: write one such as "example.org"
2:92: `` is no host name: write one such as "example.org"
"#,
    ),
    (
        "hosts that are there twice",
        r#"
[[site]]
hosts = ["a.org", "A.org."]
[[site]]
hosts = ["b.org", "a.ORG"]
"#,
        r#"
2:19: `a.org` is there twice: remove one of the two
4:19: `a.org` has a site already: remove it from one of the two
"#,
    ),
    (
        "hosts that are none",
        r#"
[[site]]
hosts = [5, true]
[[site]]
hosts = []
"#,
        r#"
2:9: `hosts` must be a list of strings, such as ["example.org"], not `[5, true]`
4:9: `hosts` must be a list of strings, such as ["example.org"], not `[]`
"#,
    ),
    (
        "names of an index",
        r#"
[[site]]
index = ["/index.html", "*.html", "$uri", "", "a.html", "a.html"]
"#,
        r#"
2:10: `/index.html` is no name of a file in a folder: write "index.html"
2:25: `*.html` is no name of a file in a folder: write "index.html"
2:35: `$uri` is no name of a file in a folder: write "index.html"
2:43: `` is no name of a file in a folder: write "index.html"
2:57: `a.html` is there twice: remove one of the two
"#,
    ),
    (
        "words of another server",
        r#"
[[site]]
listing = "HTML"
etag = "strong"
compress = "gzip"
precompressed = "br"
hidden = 1
"#,
        r#"
2:11: `listing` must be "off", "html" or "json", not `"HTML"`
3:8: `etag` must be "time" or "content", not `"strong"`
4:12: `compress` must be true or false, not `"gzip"`
5:17: `precompressed` must be true or false, not `"br"`
6:10: `hidden` must be true or false, not `1`
"#,
    ),
    (
        "numbers that are none",
        r#"
[[site]]
tries_per_minute = 1.5
[[site]]
hosts = ["a.org"]
tries_per_minute = 99999999999
"#,
        r#"
2:20: `tries_per_minute` must be a whole number from 0 to 1000000, not `1.5`
5:20: `tries_per_minute` must be a whole number from 0 to 1000000, not `99999999999`
"#,
    ),
    (
        "statuses that are none",
        r#"
[[site]]
[site.error_pages]
0404 = "/404.html"
999 = "/404.html"
5xx = "/404.html"
"500 503" = "/404.html"
404 = 404
"#,
        r#"
3:1: `0404` is no status that a site answers with: write one of 400, 401, 403, 404, 405, 406, 412, 414, 416, 429, 500, 501, 503
4:1: `999` is no status that a site answers with: write one of 400, 401, 403, 404, 405, 406, 412, 414, 416, 429, 500, 501, 503
5:1: `5xx` is no status that a site answers with: write one of 400, 401, 403, 404, 405, 406, 412, 414, 416, 429, 500, 501, 503
6:1: `500 503` is no status that a site answers with: write one of 400, 401, 403, 404, 405, 406, 412, 414, 416, 429, 500, 501, 503
7:7: `404` must be a string in quotes, not `404`
"#,
    ),
    (
        "a status that is there twice",
        r#"
[[site]]
[site.error_pages]
403 = "/index.html"
403 = "/index.html"
"#,
        r#"
4:1: `403` is given twice: remove one of the two
"#,
    ),
    (
        "sections that are not the lists that they are written as",
        r#"
[[site]]
[[site.error_pages]]
404 = "/404.html"
[[site]]
hosts = ["a.org"]
types = "text/plain"
cors = true
cache_control = "max-age=60"
"#,
        r#"
2:1: `error_pages` is one section: write [site.error_pages], and in it 404 = "/404.html"
6:9: `types` is one section: write [site.types], and in it md = "text/markdown; charset=utf-8"
7:8: `cors` is one section: write [site.cors], its keys below
8:17: `cache_control` is a list of sections: write [[site.cache_control]], its keys below
"#,
    ),
    (
        "media types that are none",
        r#"
[[site]]
[site.types]
"tar.gz" = "application/gzip"
"*" = "text/plain"
a = "text/*"
b = "txet/plain"
c = "aplication/json; charset=utf-8"
d = ["text/plain"]
e = "image/svg+xml;"
"#,
        r#"
3:1: an extension is what is behind the last dot: write `gz`
4:1: `*` is no extension: write what is behind a name's dot, such as md
5:5: `text/*` is many media types: write the one that is meant, such as "text/plain"
6:5: `txet` is no kind of media: did you mean "text/plain"?
7:5: `aplication` is no kind of media: did you mean "application/json"?
8:5: `d` must be a string in quotes, not `["text/plain"]`
9:5: what follows `image/svg+xml` are no parameters: write "image/svg+xml; charset=utf-8", or "image/svg+xml"
"#,
    ),
    (
        "origins",
        r#"
[[site]]
[site.cors]
origins = ["https://a.org/path", "https://*.a.org", "htps://a.org", "https://a.org:99999", "file://x", "null", ""]
"#,
        r#"
3:12: browsers write this origin otherwise: write "https://a.org"
3:34: `https://*.a.org` has a star: origins are written out, or are "*" alone
3:53: `htps` is no scheme of browsers: did you mean "https://a.org"?
3:69: no port is as large as 99999: write one up to 65535
3:92: pages that lie on a disk have no origin: write "*" to let them in as well
3:104: `null` is no origin: write one such as "https://example.org", or "*"
3:112: `` is no origin: write one such as "https://example.org", or "*"
"#,
    ),
    (
        "methods and fields of other origins",
        r#"
[[site]]
[site.cors]
origins = ["*", "https://a.org"]
methods = ["get", "GET POST", ""]
headers = ["Content-Type: x"]
expose = "ETag"
max_age_s = "1h"
credentials = "true"
"#,
        r#"
3:12: `*` is everybody: write it alone, or remove it
4:12: methods are written in large letters: write "GET"
4:19: `GET POST` is no method: write one such as "GET"
4:31: `` is no method: write one such as "GET"
5:12: `Content-Type: x` is no name of a field: write letters, digits and hyphens, such as "X-Frame-Options"
6:10: `expose` must be a list of strings, such as ["ETag"], not `"ETag"`
7:13: `max_age_s` must be a whole number from 0 to 604800, not `"1h"`
8:15: `credentials` must be true or false, not `"true"`
"#,
    ),
    (
        "realms and users",
        r#"
[[site]]
[[site.auth]]
path = "/a/**"
realm = ""
users = "ann:secret"
[[site.auth]]
path = "/b/**"
realm = "größe"
users = { ann = "secret" }
"#,
        r#"
4:9: `` is no realm: write a word or a few in ASCII, without quotes and backslashes
5:9: `users` must be a list of strings, such as ["name:HASH"], not `"ann:secret"`
8:9: `größe` is no realm: write a word or a few in ASCII, without quotes and backslashes
9:9: `users` must be a list of strings, such as ["name:HASH"], not `{ ann = "secret" }`
"#,
    ),
    (
        "sections and keys that are misspelled",
        r#"
[[sites]]
root = "www"
[[site]]
Root = "www"
host = ["a.org"]
error_page = "/404.html"
[[site.headers]]
path = "/**"
[site.type]
md = "text/plain"
[[site.caching]]
path = "/**"
"#,
        r#"
1:3: unknown section `sites`: did you mean `site`?
4:1: unknown key `Root`: did you mean `root`?
5:1: unknown key `host`: did you mean `hosts`?
6:1: unknown key `error_page`: did you mean `error_pages`?
7:8: unknown section `headers`: did you mean `header`?
9:7: unknown section `type`: did you mean `types`?
11:8: unknown section `caching`: write [[site.cache_control]]
"#,
    ),
    (
        "keys of another section",
        r#"
[[site]]
[[site.rewrite]]
from = "/a"
to = "/index.html"
status = 301
level = "info"
workers = 4
"#,
        r#"
5:1: unknown key `status`: known here: from, to
6:1: unknown key `level`: it belongs in the section `log`
7:1: unknown key `workers`: it belongs at the top of the file, above the first section
"#,
    ),
    (
        "a section for a site, and one that is not closed",
        r#"
[site]
root = "www"
[[site]
root = "www"
"#,
        r#"
1:1: `site` is a list of sections: write [[site]], its keys below
3:1: this section header is broken: write [[site]]
"#,
    ),
    (
        "signs of other languages",
        r#"
[[site]]
root: "www"
fallback = "/index.html";
index = [index.html]
"#,
        r#"
2:1: a key needs a value: write key = value
3:25: nothing but a comment may follow a value in its line: remove it
4:10: this is no number, and text needs quotes: write "text"
"#,
    ),
    (
        "a backslash",
        r#"
[[site]]
root = "C:\www"
"#,
        r#"
2:12: a backslash is written twice, or the text in single quotes
"#,
    ),
    (
        "addresses to listen on",
        r#"
[[listen]]
addr = "[::1]"
[[listen]]
addr = "127.0.0.1"
[[listen]]
addr = "localhost"
[[listen]]
addr = "127.0.0.1:99999"
[[listen]]
addr = "unix:"
[[listen]]
addr = "example.org:80"
[[listen]]
addr = 8080
[[listen]]
addr = "http://localhost:8080/"
[[listen]]
addr = "*:80"
[[listen]]
addr = "/run/pelton.sock"
[[listen]]
addr = ""
[[listen]]
addr = "127.0.0.1:-1"
[[listen]]
port = 80
"#,
        r#"
2:8: `[::1]` has no port: write "[::1]:8080"
4:8: `127.0.0.1` has no port: write "127.0.0.1:8080"
6:8: `localhost` has no port: write "localhost:8080"
8:8: no port is that large: write one up to 65535
10:8: `unix:` names no file: write one, such as "unix:/run/pelton.sock"
12:8: `example.org` is no IP address: write one, such as "127.0.0.1:8080" or "[::1]:8080"; names other than localhost are not looked up
14:8: `addr` must be a string, such as "127.0.0.1:8080", not `8080`
16:8: `http://localhost:8080/` is a URL: write "localhost:8080"
18:8: `*:80` has a star, which is left out: write ":80"
20:8: `/run/pelton.sock` is a file's name: write "unix:/run/pelton.sock"
22:8: `` has no port: write "PORT" or "IP:PORT", such as "127.0.0.1:8080"
24:8: `127.0.0.1:-1` has no port: write "PORT" or "IP:PORT", such as "127.0.0.1:8080"
25:1: this section needs `addr`: write addr = "127.0.0.1:8080"
26:1: unknown key `port`: known here: addr, mode, protocol, framing, proxy_protocol, defer_accept
"#,
    ),
    (
        "other sections than that of a site",
        r#"
workers = "auto"
trusted_proxies = ["10.0.0.0/33", "*"]
[status]
path = "/status"
[log]
level = "warning"
keep = 0
[limits]
body_bytes = "1m"
"#,
        r#"
1:11: `workers` must be a whole number from 0 to 256, not `"auto"`
2:20: behind the slash of `10.0.0.0/33` stands how many bits count: write 0 to 32
2:35: `*` is no address and no network: write one such as "127.0.0.1" or "10.0.0.0/8"
4:8: `path` begins and ends with a slash, with letters, digits, - and _ between: write "/status/", or "" for no status page
6:9: `level` must be "off", "error", "warn", "info", "debug" or "trace", not `"warning"`
7:8: `keep` must be a whole number from 1 to 1000, not `0`
9:14: `body_bytes` must be a whole number from 0 to 6291456, not `"1m"`
"#,
    ),
];
