use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::SnapshotId;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::metadata::Mark;
use crate::xml::Document;

/// The document of a snapshot to be taken of the domain described by `domain`: of all its disks but those that are
/// only read, and with `memory` of the guest's memory.
pub(crate) fn snapshot_document(id: SnapshotId, memory: bool, domain: &str) -> Result<String> {
    let disks = disks(domain)?;
    let place = |kept: bool| if kept { "internal" } else { "no" }.to_owned();
    let mut xml = Document::default();
    xml.element("domainsnapshot", &[], |xml| {
        xml.text("name", &[], &id.to_string())?;
        xml.empty("memory", &[("snapshot", place(memory))])?;
        xml.element("disks", &[], |xml| {
            disks.iter().try_for_each(|(name, kept)| {
                xml.empty("disk", &[("name", name.clone()), ("snapshot", place(*kept))])
            })
        })
    })?;
    xml.finish()
}

/// Whether a snapshot has the guest's memory, from its document.
pub(crate) fn keeps_memory(snapshot: &str) -> bool {
    let mut reader = Reader::from_str(snapshot);
    loop {
        match reader.read_event() {
            // The first of that name is the snapshot's own; a domain's comes later, and has no such attribute.
            Ok(Event::Start(e) | Event::Empty(e)) if e.name().as_ref() == "memory" => {
                return attribute(&e, "snapshot").is_some_and(|v| v == "internal" || v == "external");
            }
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

/// The document of a snapshot with `present` in the place of the marks in its definitions, each of which keeps its
/// digest: that is about the definition, and not about what the node has seen.
pub(crate) fn remark(vm: impl std::fmt::Display, snapshot: &str, present: &Mark) -> Result<String> {
    let corrupt = || {
        let words = format!("a snapshot of VM {vm} in libvirt is malformed");
        Error::new(Reason::Corrupt, words)
    };
    let mut reader = Reader::from_str(snapshot);
    let mut marked = String::with_capacity(snapshot.len());
    let mut copied = 0;
    loop {
        let from = position(&reader);
        let event = reader.read_event().map_err(|e| corrupt().caused_by(e))?;
        let to = position(&reader);
        let element = match event {
            Event::Eof => break,
            Event::Empty(e) if e.name().as_ref() == "lqx:vm" => snapshot.get(from..to),
            _ => continue,
        };
        let old = Mark::parse(&vm, element.ok_or_else(corrupt)?)?;
        let new = Mark {
            digest: old.digest,
            ..present.clone()
        };
        marked.push_str(snapshot.get(copied..from).ok_or_else(corrupt)?);
        marked.push_str(&new.whole()?);
        copied = to;
    }
    marked.push_str(snapshot.get(copied..).ok_or_else(corrupt)?);
    Ok(marked)
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// The names of a domain's disks, and whether the guest can write to them.
fn disks(domain: &str) -> Result<Vec<(String, bool)>> {
    let malformed = || Error::internal("libvirt's description of a domain is malformed");
    let mut reader = Reader::from_str(domain);
    let mut found = Vec::new();
    let mut disk: Option<(Option<String>, bool)> = None;
    loop {
        match reader.read_event().map_err(|e| malformed().caused_by(e))? {
            Event::Start(e) if e.name().as_ref() == "disk" => disk = Some((None, true)),
            Event::End(e) if e.name().as_ref() == "disk" => {
                if let Some((Some(name), writable)) = disk.take() {
                    found.push((name, writable));
                }
            }
            Event::Start(e) | Event::Empty(e) => match (e.name().as_ref(), &mut disk) {
                ("target", Some((name, _))) => *name = attribute(&e, "dev"),
                ("readonly", Some((_, writable))) => *writable = false,
                _ => {}
            },
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok().flatten()?;
    Some(found.value.into_owned())
}
