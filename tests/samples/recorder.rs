//! A sink that keeps all that it is told.

use pelton::base::buffer::Pool;
use pelton::frame::Package;
use pelton::http::{FieldSpan, Framing, Head, Method, RequestLine, Seen, Span, Status};
use pelton::session::{BodyPlan, Flow, HttpRequest, Own, Request, Rules, Sink};

/// A code whose handler finds every package bad.
pub(crate) const CODE_BAD: u16 = 0x0bad;
/// A code whose handler ends the connection.
pub(crate) const CODE_END: u16 = 0x0e4d;

/// Something that a session told its sink.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    Plan(HeadCopy),
    Request {
        head: HeadCopy,
        body: Vec<u8>,
        last: bool,
    },
    Package {
        code: u16,
        tag: u64,
        body: Vec<u8>,
        strikes: u8,
    },
    Bad,
    Own(Own),
}

/// All that a head says: its bytes, and where in them things stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HeadCopy {
    bytes: Vec<u8>,
    fields: Vec<FieldSpan>,
    method: (Method, Span),
    target: Span,
    plain_path: bool,
    minor: u8,
    framing: Framing,
    keep_alive: bool,
    expect_continue: bool,
    seen: Seen,
    host: Option<Span>,
}

impl HeadCopy {
    fn of(head: &Head<'_>) -> HeadCopy {
        let RequestLine {
            method,
            method_span,
            target,
            plain_path,
            minor,
            framing,
            keep_alive,
            expect_continue,
            seen,
            host,
        } = *head.line();
        HeadCopy {
            bytes: head.bytes().to_vec(),
            fields: head.field_spans().to_vec(),
            method: (method, method_span),
            target,
            plain_path,
            minor,
            framing,
            keep_alive,
            expect_continue,
            seen,
            host,
        }
    }

    fn text(&self, span: Span) -> std::borrow::Cow<'_, str> {
        let bytes = &self.bytes[usize::from(span.start)..usize::from(span.end)];
        String::from_utf8_lossy(bytes)
    }
}

/// Keeps what it is told, and says what the message asks it to say.
pub(crate) struct Recorder<'a> {
    pub(crate) events: Vec<Event>,
    pub(crate) rules: &'a Rules,
    pub(crate) pauses: bool,
}

impl Recorder<'_> {
    fn flow(&self) -> Flow {
        if self.pauses {
            Flow::Pause
        } else {
            Flow::Continue
        }
    }

    fn http(&mut self, request: &HttpRequest<'_>) -> Flow {
        let HttpRequest { head, body, last } = *request;
        assert!(head.bytes().len() <= self.rules.head_bytes);
        assert!(body.len() <= self.rules.body_bytes);
        self.events.push(Event::Request {
            head: HeadCopy::of(head),
            body: body.to_vec(),
            last,
        });
        self.flow_of(head.target())
    }

    fn flow_of(&self, target: &[u8]) -> Flow {
        match target {
            b"/end" => Flow::End,
            b"/bad" => Flow::Bad,
            b"/full" => Flow::NoMemory,
            _ => self.flow(),
        }
    }

    fn package(&mut self, package: Package<'_>, strikes: u8) -> Flow {
        let Package { code, tag, body } = package;
        assert!(body.len() <= self.rules.package_bytes);
        self.events.push(Event::Package {
            code,
            tag,
            body: body.to_vec(),
            strikes,
        });
        match code {
            CODE_BAD => Flow::Bad,
            CODE_END => Flow::End,
            _ => self.flow(),
        }
    }
}

impl Sink for Recorder<'_> {
    fn plan(&mut self, head: &Head<'_>) -> BodyPlan {
        self.events.push(Event::Plan(HeadCopy::of(head)));
        match head.target() {
            b"/drop" => BodyPlan::Discard,
            b"/never" => BodyPlan::Refuse(Status::METHOD_NOT_ALLOWED),
            _ => BodyPlan::Collect,
        }
    }

    fn request(&mut self, request: &Request<'_>, strikes: u8, _pool: &mut Pool) -> Flow {
        match request {
            Request::Http(request) => self.http(request),
            Request::Package(package) => self.package(*package, strikes),
        }
    }

    /// Keeps the last request once more: where the input is cut, or told one
    /// request at a time, the same one is handed on instead.
    fn again(&mut self) -> Option<Flow> {
        let last = self.events.last().cloned()?;
        let Event::Request {
            head,
            body,
            last: false,
        } = &last
        else {
            panic!("{last:?} is not to be repeated");
        };
        assert!(body.is_empty() && head.target != Span::default());
        let (start, end) = (head.target.start, head.target.end);
        let flow = self.flow_of(&head.bytes[usize::from(start)..usize::from(end)]);
        self.events.push(last);
        Some(flow)
    }

    fn bad_package(&mut self) {
        self.events.push(Event::Bad);
    }

    fn own(&mut self, answer: Own) -> Flow {
        self.events.push(Event::Own(answer));
        self.flow()
    }
}

/// An event as the samples' sketches have it.
pub(crate) fn sketch_of(event: &Event) -> String {
    let plus = |body: &[u8]| match body.len() {
        0 => String::new(),
        len => format!("+{len}"),
    };
    match event {
        Event::Plan(head) => format!("plan {}", head.text(head.target)),
        Event::Request { head, body, last } => {
            let (method, target) = (head.text(head.method.1), head.text(head.target));
            let last = if *last { " last" } else { "" };
            format!("{method} {target}{}{last}", plus(body))
        }
        Event::Package {
            code,
            tag,
            body,
            strikes,
        } => {
            let tag = match tag {
                0 => String::new(),
                tag => format!("@{tag:x}"),
            };
            let strikes = "!".repeat(usize::from(*strikes));
            format!("#{code:x}{tag}{}{strikes}", plus(body))
        }
        Event::Bad => "bad".to_owned(),
        Event::Own(Own::Continue) => "100".to_owned(),
        Event::Own(Own::Heartbeat { tag: 0 }) => "beat".to_owned(),
        Event::Own(Own::Heartbeat { tag }) => format!("beat@{tag:x}"),
        Event::Own(Own::Refuse { status, .. }) => status.code().to_string(),
        Event::Own(Own::Limited { .. }) => "429".to_owned(),
    }
}
