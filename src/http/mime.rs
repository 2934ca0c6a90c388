//! Media types by the extension of a file's name (RFC 9110 8.3).

mod table;

use std::sync::Arc;
use table::TYPES;

/// The media types of one site's files: its own, and where it has none those
/// that are usual.
#[derive(Clone, Debug, Default)]
pub struct MediaTypes(Arc<[(String, String)]>);

impl MediaTypes {
    /// `own`: extensions without the dot, in small letters, with what they
    /// stand for.
    #[must_use]
    pub fn new(own: &[(String, String)]) -> MediaTypes {
        MediaTypes(own.into())
    }

    /// The media type of a file. Looks at all that the site has: not for each
    /// request.
    #[must_use]
    pub fn of(&self, path: &[u8]) -> &str {
        let is_asked = |known: &str| {
            extension(path).is_some_and(|it| it.eq_ignore_ascii_case(known.as_bytes()))
        };
        let own = self.0.iter().find(|(known, _)| is_asked(known));
        own.map_or_else(|| media_type(path), |(_, own)| own)
    }
}

/// Bytes of the longest extension that is known.
const LONGEST: usize = 11;

/// The media type of a file, by its extension in any case; bytes without a
/// meaning where that is not known.
#[must_use]
pub fn media_type(path: &[u8]) -> &'static str {
    let unknown = "application/octet-stream";
    let Some(asked) = extension(path) else {
        return unknown;
    };
    let mut lower = [0; LONGEST];
    let Some(small) = lower.get_mut(..asked.len()) else {
        return unknown;
    };
    small.copy_from_slice(asked);
    small.make_ascii_lowercase();
    match TYPES.binary_search_by(|(known, _)| known.as_bytes().cmp(small)) {
        Ok(found) => TYPES[found].1,
        Err(_) => unknown,
    }
}

/// What stands behind the last dot of a file's name.
fn extension(path: &[u8]) -> Option<&[u8]> {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    memchr::memrchr(b'.', name).map(|dot| &name[dot + 1..])
}

/// Whether content of this type gets much smaller when it is compressed: text,
/// whatever it is for, and what is not compressed by itself.
#[must_use]
pub fn compresses(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or(media_type);
    let others = [
        "application/json",
        "application/postscript",
        "application/rtf",
        "application/sql",
        "application/toml",
        "application/vnd.apple.mpegurl",
        "application/vnd.ms-fontobject",
        "application/wasm",
        "application/x-ndjson",
        "application/x-sh",
        "application/x-subrip",
        "application/xml",
        "application/xml-dtd",
        "application/yaml",
        "font/otf",
        "font/ttf",
        "image/bmp",
    ];
    kind.starts_with("text/")
        || kind.ends_with("+xml")
        || kind.ends_with("+json")
        || others.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_fits() {
        assert!(TYPES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(
            TYPES.iter().map(|(extension, _)| extension.len()).max(),
            Some(LONGEST)
        );
    }

    #[test]
    fn a_site_may_say_otherwise() {
        let own = [("ts", "text/plain"), ("log2", "text/x-log")];
        let types = MediaTypes::new(&own.map(|(a, b)| (a.to_owned(), b.to_owned())));
        for (path, expected) in [
            ("/a/b.ts", "text/plain"),
            ("B.TS", "text/plain"),
            ("b.log2", "text/x-log"),
            ("b.css", "text/css; charset=utf-8"),
            ("b.ts/ts", "application/octet-stream"),
        ] {
            assert_eq!(types.of(path.as_bytes()), expected, "{path}");
        }
        assert_eq!(MediaTypes::default().of(b"b.ts"), "video/mp2t");
    }

    #[test]
    fn what_other_servers_know_is_known() {
        // What nginx's own list has, and what came later.
        let known = "3gp 3gpp 7z ai asf asx atom avi bmp cco crt css deb der dll dmg doc docx ear \
                     eot eps exe flv gif hqx htc htm html ico img iso jad jar jardiff jng jnlp \
                     jpeg jpg js json kar kml kmz m3u8 m4a m4v mid midi mml mng mov mp3 mp4 mpeg \
                     mpg msi msm msp odg odp ods odt ogg pdb pdf pem pl pm png ppt pptx prc ps ra \
                     rar rpm rss rtf run sea shtml sit svg svgz swf tcl tif tiff tk ts txt war \
                     wbmp webm webp wml wmlc wmv woff woff2 xhtml xls xlsx xml xpi xspf zip bin \
                     avif jxl heic apng wasm mjs webmanifest vtt srt yaml yml toml tsv log glb \
                     gltf geojson apk ics vcf epub opus flac mkv";
        for extension in known.split_ascii_whitespace() {
            let is_there = TYPES.binary_search_by_key(&extension, |(known, _)| known);
            assert!(is_there.is_ok(), "{extension}");
        }
    }

    #[test]
    fn every_type_is_one_and_text_has_its_charset() {
        for (extension, kind) in TYPES {
            let (plain, rest) = kind.split_once(';').unwrap_or((kind, ""));
            let expected = if plain.starts_with("text/") {
                " charset=utf-8"
            } else {
                ""
            };
            assert_eq!(rest, expected, "{extension}");
            let halves = plain.split('/').filter(|half| !half.is_empty());
            assert_eq!(halves.count(), 2, "{extension}");
        }
    }

    #[test]
    fn text_is_worth_compressing_and_pictures_are_not() {
        for (name, expected) in [
            ("a.html", true),
            ("a.js", true),
            ("a.svg", true),
            ("a.json", true),
            ("a.webmanifest", true),
            ("a.wasm", true),
            ("a.gltf", true),
            ("a.m3u8", true),
            ("a.yml", true),
            ("a.xlsx", false),
            ("a.png", false),
            ("a.woff2", false),
            ("a.gz", false),
            ("a", false),
        ] {
            assert_eq!(compresses(media_type(name.as_bytes())), expected, "{name}");
        }
    }

    #[test]
    fn by_the_last_extension_in_any_case() {
        for (path, expected) in [
            ("/a/index.html", "text/html; charset=utf-8"),
            ("A.JPG", "image/jpeg"),
            ("a.tar.gz", "application/gzip"),
            ("a.b/c", "application/octet-stream"),
            ("a.", "application/octet-stream"),
            ("a.averylongextension", "application/octet-stream"),
            ("app.webmanifest", "application/manifest+json"),
            ("live/1.ts", "video/mp2t"),
            ("a.deb", "application/vnd.debian.binary-package"),
        ] {
            assert_eq!(media_type(path.as_bytes()), expected, "{path}");
        }
    }
}
