//! Finds out whether hardware virtualization works here, by starting a guest.
//!
//! That `/dev/kvm` is there, opens and is advertised by libvirt proves nothing: inside some virtual machines and
//! containers it does all that, and guests then take minutes for what should take a moment. So under
//! [`AccelChoice::Auto`] a guest of one boot sector is started under KVM, and if it has not spoken within
//! [`PATIENCE`], guests run under software emulation. The verdict is kept for the present boot of the host.

mod boot_sector;
mod verdict;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use limiquantix_core::error::Result;
use limiquantix_core::resource::Accel;
use tokio::sync::OnceCell;
use uuid::Uuid;
use virt::sys;

use crate::config::AccelChoice;
use crate::connection::{Link, Pace, Session};
use crate::domain_xml::probe_xml;
use crate::error::CallResult;
use crate::places::{self, Places, storage_failed};

/// How long the probe guest may take to speak. Under KVM the firmware needs a quarter of a second; on a host busy
/// with other guests perhaps two. A wrong "no" would make every guest of the node slow, so there is room.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the node's guests run under.
#[derive(Debug)]
pub(crate) struct Accelerator {
    choice: AccelChoice,
    places: Arc<Places>,
    decided: OnceCell<Accel>,
}

impl Accelerator {
    pub(crate) fn new(choice: AccelChoice, places: Arc<Places>) -> Self {
        Self {
            choice,
            places,
            decided: OnceCell::new(),
        }
    }

    /// The answer, found once.
    pub(crate) async fn decide(&self, link: &Link) -> Result<Accel> {
        let decided = self.decided.get_or_try_init(|| async {
            match self.choice {
                AccelChoice::Kvm => Ok(Accel::Kvm),
                AccelChoice::Tcg => Ok(Accel::Tcg),
                AccelChoice::Auto => self.find_out(link).await,
            }
        });
        decided.await.copied()
    }

    async fn find_out(&self, link: &Link) -> Result<Accel> {
        let dir = self.places.probe();
        // QEMU's version would make libvirt look at QEMU, which takes long on hosts whose KVM is broken.
        let library = |session: &Session| Ok(session.connect().lib_version()?);
        let library = link
            .call("cannot read libvirt's version", Pace::Quick, library)
            .await?;
        let key = verdict::Key::now(library);
        if let Some(accel) = verdict::recall(&dir, &key) {
            return Ok(accel);
        }
        let begun = Instant::now();
        let work = move |session: &Session| run(session, &dir);
        let spoke = link.call("cannot run a probe guest", Pace::Slow, work).await?;
        let accel = match spoke {
            Spoke::Yes => Accel::Kvm,
            Spoke::No => {
                tracing::warn!(
                    "KVM is there but a probe guest under it did not get through its firmware within {PATIENCE:?}; \
                     guests run under software emulation, which is slow. Set accel = \"kvm\" to insist."
                );
                Accel::Tcg
            }
            Spoke::Refused(words) => {
                tracing::warn!("no KVM here ({words}); guests run under software emulation, which is slow");
                Accel::Tcg
            }
        };
        tracing::info!(?accel, took = ?begun.elapsed(), "probed for hardware virtualization");
        verdict::remember(&self.places.probe(), &key, accel);
        Ok(accel)
    }
}

enum Spoke {
    Yes,
    No,
    /// libvirt did not even start it, in these words.
    Refused(String),
}

fn run(session: &Session, dir: &Path) -> CallResult<Spoke> {
    let id = Uuid::from_u128(unique());
    let files = Files {
        disk: dir.join(format!("{id}.img")),
        output: dir.join(format!("{id}.out")),
    };
    fs::write(&files.disk, boot_sector::image())
        .map_err(|e| storage_failed("cannot write a probe guest", e))?;
    let xml = probe_xml(id, Accel::Kvm, &files.disk, &files.output)?;
    // Transient, and gone with our connection: nothing is left of it whatever happens to us.
    let domain = match session
        .connect()
        .create_domain_xml(&xml, sys::VIR_DOMAIN_START_AUTODESTROY)
    {
        Ok(domain) => domain,
        Err(e) if crate::error::lost(&e) => return Err(e.into()),
        Err(e) => return Ok(Spoke::Refused(e.message().to_owned())),
    };
    let begun = Instant::now();
    let mut spoke = Spoke::No;
    while begun.elapsed() < PATIENCE {
        if fs::read(&files.output).is_ok_and(|said| said.starts_with(boot_sector::GREETING)) {
            spoke = Spoke::Yes;
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // It may have ended by itself; then there is nothing to end.
    let _ = domain.destroy();
    Ok(spoke)
}

/// Removed when the probe is over, however it ends.
struct Files {
    disk: PathBuf,
    output: PathBuf,
}

impl Drop for Files {
    fn drop(&mut self) {
        for file in [&self.disk, &self.output] {
            if let Err(e) = places::remove(file) {
                tracing::debug!("{e}");
            }
        }
    }
}

/// Two agents on one host must not meet in one domain. The process and the time tell them apart; the version bits
/// say "random", since nobody should read more into it.
fn unique() -> u128 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = now.map_or(0, |d| d.as_nanos());
    let mixed = (nanos << 32) | u128::from(std::process::id());
    (mixed & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62)
}
