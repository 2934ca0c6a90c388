//! Answers that are no file: with the site's fields, and where it has one, with
//! its own page.

use super::answer::append;
use super::variant::{self, VARY};
use super::{Asked, StaticSite};
use crate::http::Method;
use crate::service::context::Context;
use crate::service::response::Response;

impl StaticSite {
    /// Answers with the fields that the site has for the path asked for.
    pub(super) fn respond(&self, asked: &Asked<'_>, response: Response, context: &mut Context<'_>) {
        let response = self.dressed(asked, response);
        context.respond(asked.request, &response);
    }

    /// The same with the site's page for the status, if there is one. Where
    /// that page cannot be had the small one will do: an error does not lead
    /// to another.
    pub(super) fn refuse(&self, asked: &Asked<'_>, response: Response, context: &mut Context<'_>) {
        let response = self.dressed(asked, response);
        let connection = context.connection(asked.request);
        let mut pages = self.error_pages.iter();
        let page = pages.find(|(status, _)| *status == response.code());
        let found = page.map(|(_, path)| (path, context.files.find(self.root, path, context.now)));
        let Some((path, Ok(found))) = found else {
            return context.respond(asked.request, &response);
        };
        let vary = if found.varies { VARY } else { b"" };
        let Some(variant) = variant::chosen(found, asked.request.head) else {
            return context.respond(asked.request, &response.lines(vary));
        };
        let response = response.lines(variant.coding.field_line()).lines(vary);
        let len = variant.meta.len;
        let media_type = self.types.of(found.index.as_deref().unwrap_or(path));
        response.write_head(
            media_type,
            Some(len),
            context.date,
            connection,
            context.replies,
        );
        if asked.request.head.method() != Method::Head {
            append(variant, 0, len, context.replies);
        }
    }

    /// With the fields that the site has for the path asked for.
    pub(super) fn dressed(&self, asked: &Asked<'_>, response: Response) -> Response {
        let response = response
            .lines(&self.rules.lines(&[asked.path]))
            .lines(self.privacy(&[asked.path]));
        match &self.cors {
            Some(cors) => response
                .lines(cors.always())
                .lines(cors.lines(asked.request.head)),
            None => response,
        }
    }
}
