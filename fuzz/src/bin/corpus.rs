//! The corpus of an entry, as the text that is kept and as the files that
//! libFuzzer reads:
//!
//! ```text
//! corpus unpack TEXT FOLDER
//! corpus pack FOLDER TEXT
//! ```

#[path = "../../../tests/samples/escaped.rs"]
mod escaped;
#[path = "../../../tests/corpus/text.rs"]
mod text;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;
use std::{env, fs};

/// Of one entry; the shortest inputs are kept. `tests/corpus.rs` bounds all of
/// them together.
const TEXT_BYTES_MAX: usize = 32 << 10;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["unpack", text, folder] => unpack(text.as_ref(), folder.as_ref()),
        ["pack", folder, text] => pack(folder.as_ref(), text.as_ref()),
        _ => Err(io::Error::other("`unpack TEXT FOLDER` or `pack FOLDER TEXT`")),
    }
}

/// Writes a file for each input, whose name says what is in it.
fn unpack(text: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for input in text::read(&fs::read_to_string(text)?) {
        let mut hasher = DefaultHasher::new();
        input.hash(&mut hasher);
        fs::write(folder.join(format!("{:016x}", hasher.finish())), input)?;
    }
    Ok(())
}

/// Writes the text anew, from the folder's inputs alone.
fn pack(folder: &Path, text: &Path) -> io::Result<()> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder)? {
        inputs.push(fs::read(entry?.path())?);
    }
    inputs.sort_unstable_by_key(|input| text::line(input).len());
    let all = inputs.len();
    let mut bytes = 0;
    inputs.retain(|input| {
        bytes += text::line(input).len() + 1;
        bytes <= TEXT_BYTES_MAX
    });
    let old = fs::read_to_string(text)?;
    fs::write(text, text::write(&old, &inputs))?;
    println!("{}: {} inputs of {all}", text.display(), inputs.len());
    Ok(())
}
