//! The framings that nobody has to add to a server.

use super::framing::Framing;
use super::head8::HEAD8;
use super::head16::HEAD16;

/// All of them, the usual one first.
pub static BUILT_IN: [&dyn Framing; 2] = [&HEAD8, &HEAD16];
