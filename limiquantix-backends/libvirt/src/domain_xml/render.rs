use limiquantix_core::error::{Error, Result};
use limiquantix_core::identity::VmId;
use limiquantix_core::resource::{Accel, NicModel};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::blueprint::{Blueprint, Disk, DiskCache, Kernel, Nic, Plug};
use super::metadata::Mark;
use crate::xml::{Document, path_text};

/// Slots for devices: what the guest has now takes some of them, the rest is for plugging in later.
const ROOT_PORTS: usize = 10;

macro_rules! attributes {
    ($($key:literal = $value:expr),* $(,)?) => { [$(($key, String::from($value))),*] };
}

/// The document for a blueprint. `INVALID_FIELD` if a value has characters that XML cannot carry.
pub(crate) fn render(blueprint: &Blueprint) -> Result<String> {
    let mut xml = Document::default();
    let kind = match blueprint.accel {
        Accel::Kvm => "kvm",
        Accel::Tcg => "qemu",
        Accel::Mock => return Err(Error::internal("libvirt cannot run a simulated guest")),
    };
    xml.element("domain", &attributes!["type" = kind], |xml| {
        xml.text("name", &[], &blueprint.name)?;
        xml.text("uuid", &[], &blueprint.vm.to_string())?;
        xml.text("title", &[], &blueprint.title)?;
        xml.element("metadata", &[], |xml| blueprint.mark.write(xml))?;
        xml.text(
            "memory",
            &attributes!["unit" = "MiB"],
            &blueprint.memory_mib.to_string(),
        )?;
        xml.text(
            "vcpu",
            &attributes!["placement" = "static"],
            &blueprint.cores.to_string(),
        )?;
        os(xml, blueprint.kernel.as_ref())?;
        xml.element("features", &[], |xml| {
            xml.empty("acpi", &[])?;
            xml.empty("apic", &[])
        })?;
        cpu(xml, blueprint)?;
        xml.empty("clock", &attributes!["offset" = "utc"])?;
        xml.text("on_poweroff", &[], "destroy")?;
        xml.text("on_reboot", &[], "restart")?;
        xml.text("on_crash", &[], "destroy")?;
        xml.element("devices", &[], |xml| devices(xml, blueprint))
    })?;
    xml.finish()
}

fn os(xml: &mut Document, kernel: Option<&Kernel>) -> Result<()> {
    xml.element("os", &[], |xml| {
        xml.text("type", &attributes!["arch" = "x86_64", "machine" = "q35"], "hvm")?;
        let Some(kernel) = kernel else {
            return xml.empty("boot", &attributes!["dev" = "hd"]);
        };
        xml.text("kernel", &[], &path_text(&kernel.kernel)?)?;
        if let Some(initrd) = &kernel.initrd {
            xml.text("initrd", &[], &path_text(initrd)?)?;
        }
        xml.text("cmdline", &[], &kernel.cmdline)
    })
}

fn cpu(xml: &mut Document, blueprint: &Blueprint) -> Result<()> {
    let mode = if blueprint.accel == Accel::Kvm {
        "host-model"
    } else {
        "maximum"
    };
    let mut attributes = attributes!["mode" = mode, "check" = "none"].to_vec();
    if blueprint.accel == Accel::Tcg {
        // Libvirt would call a machine with this model unfit to move; the feature set is that of QEMU's version.
        attributes.push(("migratable", "on".to_owned()));
    }
    xml.element("cpu", &attributes, |xml| {
        // One socket: licences count sockets, and guests place threads by them.
        let cores = blueprint.cores.to_string();
        xml.empty(
            "topology",
            &attributes!["sockets" = "1", "dies" = "1", "cores" = cores, "threads" = "1"],
        )
    })
}

fn devices(xml: &mut Document, blueprint: &Blueprint) -> Result<()> {
    for (i, disk) in blueprint.disks.iter().enumerate() {
        volume(xml, i, disk)?;
    }
    if let Some(seed) = &blueprint.seed {
        xml.element("disk", &attributes!["type" = "file", "device" = "disk"], |xml| {
            xml.empty("driver", &attributes!["name" = "qemu", "type" = "raw"])?;
            xml.empty("source", &[("file", path_text(seed)?)])?;
            target(xml, blueprint.disks.len())?;
            xml.empty("readonly", &[])
        })?;
    }
    xml.empty("controller", &attributes!["type" = "pci", "model" = "pcie-root"])?;
    for _ in 0..ROOT_PORTS {
        xml.empty(
            "controller",
            &attributes!["type" = "pci", "model" = "pcie-root-port"],
        )?;
    }
    xml.empty("controller", &attributes!["type" = "virtio-serial"])?;
    for nic in &blueprint.nics {
        interface(xml, nic)?;
    }
    xml.element("serial", &attributes!["type" = "pty"], |xml| {
        // Appended, so that the log goes on over restarts of the guest.
        xml.empty(
            "log",
            &[
                ("file", path_text(&blueprint.console_log)?),
                ("append", "on".to_owned()),
            ],
        )?;
        xml.empty("target", &attributes!["port" = "0"])
    })?;
    xml.element("console", &attributes!["type" = "pty"], |xml| {
        xml.empty("target", &attributes!["type" = "serial", "port" = "0"])
    })?;
    xml.element("channel", &attributes!["type" = "unix"], |xml| {
        xml.empty(
            "target",
            &attributes!["type" = "virtio", "name" = "org.qemu.guest_agent.0"],
        )
    })?;
    xml.element("memballoon", &attributes!["model" = "virtio"], |xml| {
        xml.empty("stats", &attributes!["period" = "10"])
    })?;
    xml.element("rng", &attributes!["model" = "virtio"], |xml| {
        xml.text("backend", &attributes!["model" = "random"], "/dev/urandom")
    })
}

fn volume(xml: &mut Document, index: usize, disk: &Disk) -> Result<()> {
    let cache = match disk.cache {
        DiskCache::None => "none",
        DiskCache::Writeback => "writeback",
    };
    xml.element("disk", &attributes!["type" = "file", "device" = "disk"], |xml| {
        let driver = attributes![
            "name" = "qemu",
            "type" = "qcow2",
            "cache" = cache,
            "discard" = "unmap"
        ];
        xml.empty("driver", &driver)?;
        xml.empty("source", &[("file", path_text(&disk.path)?)])?;
        target(xml, index)?;
        xml.text("serial", &[], &disk.serial)
    })
}

fn target(xml: &mut Document, index: usize) -> Result<()> {
    xml.empty(
        "target",
        &[("dev", device_name(index)), ("bus", "virtio".to_owned())],
    )
}

/// vda … vdz, vdaa … : the numerals without zero that block devices are counted by.
pub(super) fn device_name(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    letters.extend(['d', 'v']);
    letters.iter().rev().collect()
}

fn interface(xml: &mut Document, nic: &Nic) -> Result<()> {
    let model = match nic.model {
        NicModel::Virtio => "virtio",
        NicModel::E1000e => "e1000e",
    };
    let (kind, name) = match &nic.plug {
        Plug::Network(name) => ("network", name),
        Plug::Bridge(name) => ("bridge", name),
    };
    xml.element("interface", &attributes!["type" = kind], |xml| {
        xml.empty("mac", &[("address", nic.mac.clone())])?;
        xml.empty("source", &[(kind, name.clone())])?;
        xml.empty("model", &attributes!["type" = model])
    })
}

/// The accelerator of a domain, from its document.
pub(crate) fn domain_type(xml: &str) -> Option<Accel> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().ok()? {
            Event::Start(e) => {
                let kind = e.try_get_attribute("type").ok().flatten()?;
                return match &*kind.value {
                    "kvm" => Some(Accel::Kvm),
                    "qemu" => Some(Accel::Tcg),
                    _ => None,
                };
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// For fuzzers: makes a blueprint of the lines of an arbitrary text and checks that none became markup. Panics if
/// one did.
#[doc(hidden)]
pub fn fuzz_render(text: &str) {
    let mut lines = text.split('\n');
    if let Ok(xml) = render(&of_texts(|| lines.next().unwrap_or_default().to_owned())) {
        let plain = render(&of_texts(|| "x".to_owned())).unwrap_or_default();
        assert_eq!(outline(&xml), outline(&plain), "text became markup");
    }
}

/// A blueprint with every part that there is, and every text from `next`.
pub(super) fn of_texts(mut next: impl FnMut() -> String) -> Blueprint {
    Blueprint {
        vm: VmId::from_uuid(uuid::Uuid::nil()),
        name: next(),
        title: next(),
        mark: Mark {
            project: next(),
            epoch: 1,
            digest: next(),
            last_run: None,
            asked: None,
        },
        accel: Accel::Tcg,
        cores: 1,
        memory_mib: 512,
        kernel: Some(Kernel {
            kernel: next().into(),
            initrd: Some(next().into()),
            cmdline: next(),
        }),
        disks: vec![Disk {
            path: next().into(),
            serial: next(),
            cache: DiskCache::None,
        }],
        seed: Some(next().into()),
        nics: vec![Nic {
            plug: Plug::Network(next()),
            mac: next(),
            model: NicModel::Virtio,
        }],
        console_log: next().into(),
    }
}

/// The elements of a document with the names of their attributes: its structure without any value.
pub(super) fn outline(xml: &str) -> Option<Vec<String>> {
    let mut reader = Reader::from_str(xml);
    let mut outline = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(e) | Event::Empty(e) => {
                outline.push(e.name().as_ref().to_owned());
                for attribute in e.attributes() {
                    let key = attribute.ok()?.key;
                    outline.push(format!("@{}", key.as_ref()));
                }
            }
            Event::End(_) => outline.push("/".to_owned()),
            Event::Text(_) | Event::GeneralRef(_) => {}
            Event::Eof => return Some(outline),
            other => outline.push(format!("{other:?}")),
        }
    }
}
