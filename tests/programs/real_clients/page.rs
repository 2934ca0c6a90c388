//! A page with a font, a long sound and a service worker. It says what became
//! of them in a POST to `/said`.

use crate::support::Folder;

/// What it says if all is well.
pub(crate) const SAID: &str =
    "font loaded; sound 3600 s, at 3000 s; worker activated: from the worker";

/// Bytes of the sound: an hour of silence, of which a player takes a part.
pub(crate) const SOUND_BYTES: u64 = 44 + 3600 * SAMPLES_PER_S as u64;

const SAMPLES_PER_S: u32 = 16_000;

/// A font with one letter, `A`, which is a square.
const FONT: &[u8] = include_bytes!("tiny.ttf");

const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>clients</title>
<style>@font-face { font-family: tiny; src: url(/tiny.ttf) }</style>
<p style="font-family: tiny">A</p>
<script>
const happens = (what, event) => new Promise((done, failed) => {
  what.addEventListener(event, done, { once: true });
  what.addEventListener("error", () => failed(new Error("no " + event)), { once: true });
});
async function font() {
  const faces = await document.fonts.load("20px tiny", "A");
  return "font " + faces[0].status;
}
async function sound() {
  const audio = new Audio();
  audio.preload = "metadata";
  audio.src = "/silence.wav";
  await happens(audio, "loadedmetadata");
  const sought = happens(audio, "seeked");
  audio.currentTime = 3000;
  await sought;
  return `sound ${audio.seekable.end(0)} s, at ${audio.currentTime} s`;
}
async function worker() {
  await navigator.serviceWorker.register("/worker.js");
  const ready = await navigator.serviceWorker.ready;
  if (ready.active.state !== "activated") await happens(ready.active, "statechange");
  if (!navigator.serviceWorker.controller) {
    await happens(navigator.serviceWorker, "controllerchange");
  }
  const answer = await fetch("/made-up.txt");
  return `worker ${ready.active.state}: ${await answer.text()}`;
}
const told = (part) => part().catch((error) => String(error));
Promise.all([font, sound, worker].map(told)).then((parts) =>
  fetch("/said", { method: "POST", body: parts.join("; ") }));
</script>
"#;

const WORKER: &str = r#"
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (event.request.url.endsWith("/made-up.txt")) {
    event.respondWith(new Response("from the worker"));
  }
});
"#;

/// Writes the site.
pub(crate) fn write(site: &Folder) {
    site.write("index.html", PAGE.as_bytes());
    site.write("worker.js", WORKER.as_bytes());
    site.write("tiny.ttf", FONT);
    site.write("silence.wav", &silence());
}

/// One channel of eight bits a sample, whose middle is silence.
fn silence() -> Vec<u8> {
    let data_bytes = SOUND_BYTES as u32 - 44;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(data_bytes + 36).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    for half in [1_u16, 1] {
        bytes.extend_from_slice(&half.to_le_bytes()); // plain samples, one channel
    }
    for word in [SAMPLES_PER_S, SAMPLES_PER_S] {
        bytes.extend_from_slice(&word.to_le_bytes()); // samples and bytes a second
    }
    for half in [1_u16, 8] {
        bytes.extend_from_slice(&half.to_le_bytes()); // bytes and bits a sample
    }
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data_bytes.to_le_bytes());
    bytes.resize(SOUND_BYTES as usize, 0x80);
    bytes
}
