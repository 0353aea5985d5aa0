use std::path::Path;

use limiquantix_core::error::{Error, Result};
use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

/// An XML document being written. Names of elements and attributes are `&'static`: they cannot come from a user.
pub(crate) struct Document {
    writer: Writer<Vec<u8>>,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            writer: Writer::new_with_indent(Vec::new(), b' ', 2),
        }
    }
}

impl Document {
    /// An element with content.
    pub(crate) fn element(
        &mut self,
        name: &'static str,
        attributes: &[(&'static str, String)],
        content: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let start = start(name, attributes)?;
        self.event(Event::Start(start))?;
        content(self)?;
        self.event(Event::End(BytesEnd::new(name)))
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &'static str, attributes: &[(&'static str, String)]) -> Result<()> {
        let start = start(name, attributes)?;
        self.event(Event::Empty(start))
    }

    /// An element with text in it.
    pub(crate) fn text(
        &mut self,
        name: &'static str,
        attributes: &[(&'static str, String)],
        text: &str,
    ) -> Result<()> {
        check(name, text)?;
        let text = Event::Text(BytesText::new(text));
        self.element(name, attributes, |xml| xml.event(text))
    }

    /// The document.
    pub(crate) fn finish(self) -> Result<String> {
        String::from_utf8(self.writer.into_inner())
            .map_err(|e| Error::internal("an XML document is not UTF-8").caused_by(e))
    }

    fn event(&mut self, event: Event<'_>) -> Result<()> {
        self.writer
            .write_event(event)
            .map_err(|e| Error::internal("cannot write XML").caused_by(e))
    }
}

fn start(name: &'static str, attributes: &[(&'static str, String)]) -> Result<BytesStart<'static>> {
    let mut element = BytesStart::new(name);
    for (key, value) in attributes {
        check(key, value)?;
        element.push_attribute((*key, value.as_str()));
    }
    Ok(element)
}

/// Refuses what XML 1.0 cannot carry at all (section 2.2), and the line breaks and tabs that a parser would turn
/// into something else: no value here has a use for them.
fn check(field: &'static str, value: &str) -> Result<()> {
    let forbidden = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    match value.chars().find(|c| forbidden(*c)) {
        None => Ok(()),
        Some(c) => Err(Error::invalid(
            field,
            format!("{field} contains the character {c:?}, which a machine's definition cannot hold"),
        )),
    }
}

/// A path as text. Paths with other bytes were refused with the configuration that they come from.
pub(crate) fn path_text(path: &Path) -> Result<String> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::internal(format!("a path is not UTF-8: {}", path.display())))
}
