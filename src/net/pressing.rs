//! What there is for the press to do for a file, and what it has done taken over.

use super::press::Press;
use super::roots::Wanted;
use super::squeeze::{Job, Made};
use crate::base::limits::PRESS_BYTES_MIN;
use crate::base::tick::Time;
use crate::http::coding::Coding;
use crate::http::mime;
use crate::os::file::Identity;
use crate::service::{Content, Found, Meta, Variant};
use std::sync::Arc;

/// Jobs for the press, each with the state of the file that it is about.
pub(super) type Jobs = Vec<(Identity, Job)>;

/// What there is to do for a file that was found at `path`, in these `states`.
pub(super) fn jobs(
    found: &Found,
    path: &[u8],
    states: &[(Coding, Identity)],
    wanted: &Wanted,
) -> Jobs {
    let mut jobs = Vec::new();
    for (variant, (_, state)) in found.variants().zip(states) {
        if let Content::File(file) = &variant.content
            && wanted.digests
        {
            jobs.push((*state, Job::Digest(file.clone())));
        }
    }
    if let Content::Memory(text) = &found.main.content
        && let Some((Coding::Identity, state)) = states.first()
        && wanted.compress
        && text.len() >= PRESS_BYTES_MIN
        && mime::compresses(wanted.types.of(found.index.as_deref().unwrap_or(path)))
    {
        jobs.push((*state, Job::Press(text.clone())));
    }
    jobs
}

/// Whether all of it is done. What is not is ordered.
pub(super) fn is_made(press: &Arc<Press>, jobs: Jobs, now: Time) -> bool {
    let mut jobs = jobs.into_iter();
    jobs.all(|(state, job)| press.ask(state, now, job).is_some())
}

/// Takes over what is done, within `room`, and orders what is not: then the
/// file waits for something.
pub(super) fn take(
    press: &Arc<Press>,
    found: &mut Found,
    states: &[(Coding, Identity)],
    jobs: Jobs,
    room: &mut usize,
    now: Time,
) -> bool {
    let mut waits = false;
    for (state, job) in jobs {
        let is_text = matches!(job, Job::Press(_));
        found.varies |= is_text;
        match press.ask(state, now, job) {
            None => waits = true,
            Some(made) if is_text => add(found, &made, room),
            Some(made) => {
                let all = found.variants_mut().zip(states);
                let of_state = all.filter(|(_, (_, known))| *known == state);
                of_state.for_each(|(variant, _)| variant.digest = made.digest);
            }
        }
    }
    waits
}

/// Adds the text in the codings that do not lie ready-made beside it.
fn add(found: &mut Found, made: &Made, room: &mut usize) {
    for (coding, bytes, digest) in made.variants.iter() {
        if bytes.len() > *room || found.others.iter().any(|known| known.coding == *coding) {
            continue;
        }
        *room -= bytes.len();
        found.others.push(Variant {
            coding: *coding,
            meta: Meta {
                len: bytes.len() as u64,
                ..found.main.meta
            },
            content: Content::Memory(bytes.clone()),
            digest: Some(*digest),
            prepared: None,
        });
    }
}
