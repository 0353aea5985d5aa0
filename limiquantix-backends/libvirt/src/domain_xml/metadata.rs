use limiquantix_core::contract::{RunMark, Stop};
use limiquantix_core::error::{Error, Reason, Result};
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use crate::xml::Document;

/// The namespace of our element in a domain's metadata. A domain that has it is ours.
pub(crate) const NAMESPACE: &str = "https://limiquantix.dev/xmlns/vm/1";
/// The prefix that libvirt writes the namespace with.
pub(crate) const PREFIX: &str = "lqx";

/// What we keep beside a domain's definition: libvirt stores it durably and forgets it with the domain, which
/// is exactly as long as the contract wants epochs and run marks to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) project: String,
    /// The highest epoch seen.
    pub(crate) epoch: u32,
    /// Of the machine that the domain was defined from.
    pub(crate) digest: String,
    /// The last completed start.
    pub(crate) last_run: Option<RunMark>,
    /// The strongest stop that was asked for since.
    pub(crate) asked: Option<Asked>,
}

/// A stop that the control plane asked for; libvirt does not tell who pulled a plug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    Graceful,
    Force,
}

impl From<Stop> for Asked {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Graceful => Self::Graceful,
            Stop::Force => Self::Force,
        }
    }
}

impl Asked {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Graceful => "graceful",
            Self::Force => "force",
        }
    }
}

impl Mark {
    /// The element for `virDomainSetMetadata`, which adds the namespace itself.
    pub(crate) fn bare(&self) -> Result<String> {
        let mut xml = Document::default();
        xml.empty("vm", &self.attributes(None))?;
        xml.finish()
    }

    /// The element with its namespace, to stand anywhere.
    pub(super) fn whole(&self) -> Result<String> {
        let mut xml = Document::default();
        self.write(&mut xml)?;
        xml.finish()
    }

    /// Writes the element with its namespace into a document.
    pub(super) fn write(&self, xml: &mut Document) -> Result<()> {
        xml.empty("lqx:vm", &self.attributes(Some(NAMESPACE)))
    }

    fn attributes(&self, namespace: Option<&str>) -> Vec<(&'static str, String)> {
        let mut attributes = Vec::with_capacity(7);
        attributes.extend(namespace.map(|n| ("xmlns:lqx", n.to_owned())));
        attributes.push(("project", self.project.clone()));
        attributes.push(("epoch", self.epoch.to_string()));
        attributes.push(("digest", self.digest.clone()));
        if let Some(run) = self.last_run {
            attributes.push(("run-epoch", run.epoch.to_string()));
            attributes.push(("run-generation", run.generation.to_string()));
        }
        attributes.extend(self.asked.map(|a| ("stop-asked", a.as_str().to_owned())));
        attributes
    }

    /// Reads the element as libvirt gives it back. `vm` is for the error only.
    pub(crate) fn parse(vm: impl std::fmt::Display, xml: &str) -> Result<Self> {
        let corrupt = |what: &str| {
            Error::new(
                Reason::Corrupt,
                format!("the metadata of VM {vm} in libvirt is not ours: {what}"),
            )
        };
        let mut reader = Reader::from_str(xml);
        let element = loop {
            match reader.read_event() {
                Ok(Event::Start(e) | Event::Empty(e)) => break e,
                Ok(Event::Eof) => return Err(corrupt("it has no element")),
                Ok(_) => {}
                Err(e) => return Err(corrupt("it is not XML").caused_by(e)),
            }
        };
        let text = |name: &str| -> Result<Option<String>> {
            let found = element.try_get_attribute(name);
            let found = found.map_err(|e| corrupt("an attribute is malformed").caused_by(e))?;
            let value = found.map(|a| {
                a.normalized_value(XmlVersion::Implicit1_0)
                    .map(|v| v.into_owned())
            });
            value
                .transpose()
                .map_err(|e| corrupt("an attribute is malformed").caused_by(e))
        };
        let number = |name: &str| -> Result<Option<u32>> {
            let parsed = text(name)?.map(|v| v.parse::<u32>());
            parsed.transpose().map_err(|e| corrupt(name).caused_by(e))
        };
        let last_run = match (number("run-epoch")?, number("run-generation")?) {
            (Some(epoch), Some(generation)) => Some(RunMark { epoch, generation }),
            _ => None,
        };
        Ok(Self {
            project: text("project")?.unwrap_or_default(),
            epoch: number("epoch")?.ok_or_else(|| corrupt("it has no epoch"))?,
            digest: text("digest")?.unwrap_or_default(),
            last_run,
            asked: match text("stop-asked")?.as_deref() {
                Some("graceful") => Some(Asked::Graceful),
                Some("force") => Some(Asked::Force),
                _ => None,
            },
        })
    }
}
