use super::{MAX_LINE, description, printable};
use crate::error::{Error, Result};
use crate::resource::ProjectSpec;

/// Checks what is said about a project. Any quota is fine, zero included: it closes the project.
pub fn project_spec(at: &str, spec: &ProjectSpec) -> Result<()> {
    let field = format!("{at}.display_name");
    if spec.display_name.len() > MAX_LINE {
        return Err(Error::invalid(
            field,
            format!("too long: {} bytes, at most {MAX_LINE}", spec.display_name.len()),
        ));
    }
    printable(&field, &spec.display_name)?;
    description(&format!("{at}.description"), &spec.description)
}
