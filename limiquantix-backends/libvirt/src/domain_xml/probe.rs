use std::path::Path;

use limiquantix_core::error::{Error, Result};
use limiquantix_core::resource::Accel;
use uuid::Uuid;

use crate::xml::{Document, path_text};

/// The smallest machine that starts a boot sector. It has no mark of ours, so no verb ever sees it.
pub(crate) fn probe_xml(id: Uuid, accel: Accel, disk: &Path, output: &Path) -> Result<String> {
    let kind = match accel {
        Accel::Kvm => "kvm",
        Accel::Tcg => "qemu",
        Accel::Mock => return Err(Error::internal("libvirt cannot run a simulated guest")),
    };
    let of = |key, value: &str| (key, value.to_owned());
    let mut xml = Document::default();
    xml.element("domain", &[of("type", kind)], |xml| {
        xml.text("name", &[], &format!("lqx-probe-{id}"))?;
        xml.text("uuid", &[], &id.to_string())?;
        xml.text("memory", &[of("unit", "MiB")], "32")?;
        xml.text("vcpu", &[], "1")?;
        xml.element("os", &[], |xml| {
            xml.text("type", &[of("arch", "x86_64"), of("machine", "q35")], "hvm")?;
            xml.empty("boot", &[of("dev", "hd")])
        })?;
        xml.element("features", &[], |xml| xml.empty("acpi", &[]))?;
        xml.element("devices", &[], |xml| {
            xml.element("disk", &[of("type", "file"), of("device", "disk")], |xml| {
                xml.empty("driver", &[of("name", "qemu"), of("type", "raw")])?;
                xml.empty("source", &[("file", path_text(disk)?)])?;
                xml.empty("target", &[of("dev", "vda"), of("bus", "virtio")])?;
                xml.empty("readonly", &[])
            })?;
            xml.element("serial", &[of("type", "file")], |xml| {
                xml.empty("source", &[("path", path_text(output)?)])?;
                xml.empty("target", &[of("port", "0")])
            })?;
            xml.empty("controller", &[of("type", "usb"), of("model", "none")])?;
            xml.empty("memballoon", &[of("model", "none")])
        })
    })?;
    xml.finish()
}
