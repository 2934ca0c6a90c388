//! The work itself: text in fewer bytes, and what the bytes of a file come to.

use crate::base::limits::{FILE_CACHED_BYTES_MAX, PRESS_STEP_BYTES};
use crate::http::coding::Coding;
use crate::os::file::{self, Identity};
use crate::service::{Bytes, Digest};
use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Of brotli: the steps above it cost ten times as much for a few percent.
const QUALITY: u32 = 9;
/// Of brotli's window, in bits: the largest file that is compressed fits.
const WINDOW: u32 = 22;

/// What there is to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Compress this text.
    Press(Bytes),
    /// Find out what the bytes of this file come to.
    Digest(Arc<OwnedFd>),
}

/// What has come of it. Nothing at all where it was in vain.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    /// The text in fewer bytes, and what those come to.
    pub(super) variants: Arc<[(Coding, Bytes, Digest)]>,
    pub(super) digest: Option<Digest>,
}

impl Job {
    /// Memory that it keeps from being freed. A descriptor counts as much as the
    /// largest text: few of them wait.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Job::Press(text) => text.len(),
            Job::Digest(_) => FILE_CACHED_BYTES_MAX,
        }
    }
}

impl Made {
    /// Memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.variants.iter().map(|(_, bytes, _)| bytes.len()).sum()
    }
}

/// Does a job, unless it is `ended` meanwhile: that is looked at after each step.
pub(super) fn make(job: &Job, identity: Identity, ended: &AtomicBool) -> Made {
    match job {
        Job::Press(text) => {
            let brotli = brotli(text, ended).map(|bytes| (Coding::Brotli, bytes));
            let gzip = gzip(text, ended).map(|bytes| (Coding::Gzip, bytes));
            let smaller = |(_, bytes): &(Coding, Vec<u8>)| bytes.len() < text.len();
            let made = brotli.into_iter().chain(gzip).filter(smaller);
            let told = |(coding, bytes): (Coding, Vec<u8>)| {
                let digest = digest(&bytes);
                (coding, bytes.into(), digest)
            };
            Made {
                variants: made.map(told).collect(),
                digest: None,
            }
        }
        Job::Digest(file) => Made {
            variants: Arc::default(),
            digest: digest_of(file, identity, ended),
        },
    }
}

fn brotli(text: &[u8], ended: &AtomicBool) -> Option<Vec<u8>> {
    let mut writer = CompressorWriter::new(Vec::new(), PRESS_STEP_BYTES, QUALITY, WINDOW);
    in_steps(text, &mut writer, ended)?;
    Some(writer.into_inner())
}

fn gzip(text: &[u8], ended: &AtomicBool) -> Option<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    in_steps(text, &mut writer, ended)?;
    writer.finish().ok()
}

fn in_steps(text: &[u8], writer: &mut impl Write, ended: &AtomicBool) -> Option<()> {
    for step in text.chunks(PRESS_STEP_BYTES) {
        if ended.load(Ordering::Relaxed) {
            return None;
        }
        writer.write_all(step).ok()?;
    }
    Some(())
}

/// The digest of bytes that are in memory.
pub(super) fn digest(bytes: &[u8]) -> Digest {
    half(Sha256::new_with_prefix(bytes))
}

/// That of a file, if it stays as it is while it is read.
fn digest_of(file: &OwnedFd, identity: Identity, ended: &AtomicBool) -> Option<Digest> {
    let mut sum = Sha256::new();
    let mut step = vec![0; PRESS_STEP_BYTES];
    let mut at = 0;
    while at < identity.len && !ended.load(Ordering::Relaxed) {
        let count = file::read_at(file, &mut step, at).ok()?;
        if count == 0 {
            return None;
        }
        sum.update(&step[..count]);
        at += count as u64;
    }
    let same = at == identity.len && file::identity(file).ok()? == identity;
    same.then(|| half(sum))
}

fn half(sum: Sha256) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(&sum.finalize()[..16]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn pressed(text: &[u8]) -> Made {
        let path = std::env::temp_dir().join(format!("pelton-press-{}", std::process::id()));
        std::fs::write(&path, b"").expect("a file");
        let file = std::fs::File::open(&path).expect("a file");
        let identity = file::identity(&file).expect("it has one");
        let job = Job::Press(text.to_vec().into());
        make(&job, identity, &AtomicBool::new(false))
    }

    #[test]
    fn what_is_pressed_is_the_same_text_in_fewer_bytes() {
        let text = "all work and no play ".repeat(10_000);
        let made = pressed(text.as_bytes());
        let codings: Vec<Coding> = made.variants.iter().map(|(coding, ..)| *coding).collect();
        assert_eq!(codings, [Coding::Brotli, Coding::Gzip]);
        for (coding, bytes, _) in made.variants.iter() {
            let mut back = String::new();
            let read = match coding {
                Coding::Brotli => {
                    brotli::Decompressor::new(&bytes[..], 4096).read_to_string(&mut back)
                }
                _ => flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut back),
            };
            assert!(read.is_ok() && back == text && bytes.len() < 4_000);
        }
    }

    #[test]
    fn what_does_not_get_smaller_is_left() {
        let noise: Vec<u8> = (0..64_u8).flat_map(|byte| digest(&[byte])).collect();
        assert!(pressed(&noise).variants.is_empty());
    }
}
