use std::fs;
use std::path::Path;

use limiquantix_core::resource::Accel;

/// For what a verdict holds: one boot of the host, since nested virtualization is switched on and off with modules
/// and machines, and one version of libvirt.
pub(super) struct Key(String);

impl Key {
    pub(super) fn now(libvirt: u32) -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self(format!("{} {libvirt}", boot.trim()))
    }
}

/// What was found earlier, if it still holds. Anything unreadable is as good as nothing.
pub(super) fn recall(dir: &Path, key: &Key) -> Option<Accel> {
    let text = fs::read_to_string(dir.join("verdict")).ok()?;
    let (accel, of) = text.trim_end().split_once(' ')?;
    let accel = match accel {
        "kvm" => Accel::Kvm,
        "tcg" => Accel::Tcg,
        _ => return None,
    };
    (of == key.0).then_some(accel)
}

/// Keeps a verdict. If that fails the next agent probes again.
pub(super) fn remember(dir: &Path, key: &Key, accel: Accel) {
    let word = if accel == Accel::Kvm { "kvm" } else { "tcg" };
    let temporary = dir.join("verdict.tmp");
    let written = fs::write(&temporary, format!("{word} {}\n", key.0))
        .and_then(|()| fs::rename(&temporary, dir.join("verdict")));
    if let Err(e) = written {
        tracing::debug!("cannot keep the verdict on hardware virtualization: {e}");
    }
}
