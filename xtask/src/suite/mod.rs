//! x
use anyhow::Result;
use crate::args::Args;
pub(crate) fn main(_args: Args) -> Result<()> { Ok(()) }
