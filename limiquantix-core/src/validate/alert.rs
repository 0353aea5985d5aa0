//! What a caller may say in an alert.

use super::{description, line};
use crate::alert::{SYSTEM_KEYS, Trouble};
use crate::error::{Error, Result};
use crate::resource::AlertSourceKind;

/// Checks what a caller wants an alert to be raised about.
pub fn alert(trouble: &Trouble) -> Result<()> {
    if trouble.title.trim().is_empty() {
        return Err(Error::invalid(
            "title",
            "title is required: what is wrong, on one line",
        ));
    }
    line("title", &trouble.title)?;
    description("message", &trouble.message)?;
    line("source_id", &trouble.source.id)?;
    line("source_name", &trouble.source.name)?;
    line("dedup_key", &trouble.dedup_key)?;
    if trouble.source.id.is_empty() && trouble.source.kind != AlertSourceKind::System {
        let message = "source_id is required, unless the alert is about the system as a whole";
        return Err(Error::invalid("source_id", message));
    }
    if trouble.dedup_key.starts_with(SYSTEM_KEYS) {
        let message =
            format!("dedup_key must not begin with {SYSTEM_KEYS:?}: such keys are the control plane's");
        return Err(Error::invalid("dedup_key", message));
    }
    Ok(())
}

/// Checks what a caller says about an alert: one line of at most [`MAX_LINE`](super::MAX_LINE) bytes.
pub fn comment(text: &str) -> Result<()> {
    line("comment", text)
}
