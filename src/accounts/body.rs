//! A name and a password in the body of a request: JSON or a form.

use crate::base::limits::CREDENTIALS_BYTES_MAX;
use crate::http::{Head, Status, form};
use crate::service::Response;
use crate::session::HttpRequest;
use serde::Deserialize;

/// How a body is written, and so how it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    /// From a page: a person wants to see another one.
    Form,
}

/// What is in it. Fields that are not known are left alone: the forms of others
/// have some.
#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) name: String,
    pub(super) password: String,
    /// See [`User::kind`](super::User::kind).
    #[serde(default)]
    pub(super) kind: u32,
}

/// How the body of a request is written; `None` if it does not say so, or is
/// neither.
pub(super) fn kind(head: &Head<'_>) -> Option<Kind> {
    let field = head.field("content-type")?;
    let media_type = field.split(|&byte| byte == b';').next().unwrap_or(b"");
    let is = |wanted: &str| {
        media_type
            .trim_ascii()
            .eq_ignore_ascii_case(wanted.as_bytes())
    };
    if is("application/json") {
        Some(Kind::Json)
    } else if is("application/x-www-form-urlencoded") {
        Some(Kind::Form)
    } else {
        None
    }
}

/// Reads a body, or answers why that cannot be: in words of our own, for what
/// was sent has a password in it.
pub(super) fn read(request: &HttpRequest<'_>) -> Result<(Body, Kind), Response> {
    let refused = |status, line: &'static str| Response::text(line).status(status);
    let Some(kind) = kind(request.head) else {
        return Err(refused(
            Status::UNSUPPORTED_MEDIA_TYPE,
            "this takes application/json and application/x-www-form-urlencoded\n",
        ));
    };
    if request.body.len() > CREDENTIALS_BYTES_MAX {
        return Err(refused(
            Status::CONTENT_TOO_LARGE,
            "a name and a password take no more than 4096 bytes\n",
        ));
    }
    let (body, line) = match kind {
        Kind::Json => (
            serde_json::from_slice(request.body).ok(),
            "this takes JSON such as {\"name\": \"ada\", \"password\": \"correct horse\"}\n",
        ),
        Kind::Form => (
            form_body(request.body),
            "this takes a form with one `name` and one `password`\n",
        ),
    };
    match body {
        Some(body) => Ok((body, kind)),
        None => Err(refused(Status::BAD_REQUEST, line)),
    }
}

fn form_body(text: &[u8]) -> Option<Body> {
    let (mut name, mut password, mut kind) = (None, None, None);
    for pair in form::pairs(text) {
        let (key, value) = pair?;
        let place = match &*key {
            "name" => &mut name,
            "password" => &mut password,
            "kind" => &mut kind,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    Some(Body {
        name: name?,
        password: password?,
        kind: kind.map_or(Some(0), |number: String| number.parse().ok())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::HeadRoom;
    use crate::http::parse;

    /// Name, password and kind, or the status of the refusal.
    fn check(media_type: &str, body: &str, expected: Result<(&str, &str, u32), u16>) {
        let text = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {media_type}\r\n\r\n");
        let mut room = HeadRoom::new();
        let head = parse::parse(text.as_bytes(), &mut room).expect("a head");
        let request = HttpRequest {
            head: &head,
            body: body.as_bytes(),
            last: false,
        };
        let found = read(&request);
        let found = match &found {
            Ok((body, _)) => Ok((&*body.name, &*body.password, body.kind)),
            Err(response) => Err(response.code()),
        };
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn both_forms_are_read() {
        const JSON: &str = "Application/JSON; charset=utf-8";
        const FORM: &str = "application/x-www-form-urlencoded";
        let ada = Ok(("ada", "p", 0));
        check(
            JSON,
            "{\"name\":\"ada\",\"password\":\"p\",\"more\":[]}",
            ada,
        );
        let ada = Ok(("ada", "p", 7));
        check(
            JSON,
            "{\"name\":\"ada\",\"password\":\"p\",\"kind\":7}",
            ada,
        );
        check(FORM, "name=ada&password=p&kind=7&submit=", ada);
        check(FORM, "name=a+b&password=%C3%A9", Ok(("a b", "\u{e9}", 0)));
        for wrong in [
            "",
            "[]",
            "{\"name\":\"ada\"}",
            "{\"name\":\"ada\",\"password\":12345678}",
            "{\"name\":null,\"password\":\"p\"}",
            "{\"name\":\"a\",\"name\":\"b\",\"password\":\"p\"}",
            "{\"name\":\"a\",\"password\":\"p\",\"kind\":-1}",
            "{\"name\":\"a\",\"password\":\"p\"} x",
            "name=a&password=p",
        ] {
            check(JSON, wrong, Err(400));
        }
        for wrong in [
            "",
            "name=ada",
            "name=a&name=b&password=p",
            "name=a&password=p&kind=x",
            "name=%ff&password=p",
        ] {
            check(FORM, wrong, Err(400));
        }
    }

    #[test]
    fn others_are_refused() {
        check("text/plain", "{}", Err(415));
        check("multipart/form-data; boundary=a", "", Err(415));
        check("", "", Err(415));
        let long = format!("name=a&password={}", "p".repeat(CREDENTIALS_BYTES_MAX));
        check("application/x-www-form-urlencoded", &long, Err(413));
    }
}
