//! Sends the body of a package back: for tests and load.

use super::{Bad, Context};
use crate::frame::Package;

/// Answers a package with itself.
///
/// # Errors
/// None: whatever fitted a package fits the answer.
pub fn echo(package: &Package<'_>, context: &mut Context<'_>) -> Result<(), Bad> {
    Ok(context.answer(package.code, package.body)?)
}
