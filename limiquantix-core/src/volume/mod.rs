//! A volume's life as data: which phase may follow which.
//!
//! ```text
//!  Creating ──made──► Available ──attach──► InUse ──detach──► Detaching ──► Available
//!     │                  │  ▲                 │
//!     │                  │  └── its VM is gone, it stays
//!     │                  │                    │
//!     │                  └──delete──► Deleting ◄── its VM is deleted, and it goes with it
//!     │                                 │   └──► (gone)
//!     └──cannot be made──► Error ◄──────┘ cannot be removed; can be deleted again
//! ```
//!
//! A volume that is made with a VM goes from Creating to InUse at once. What was Creating and has become anything else
//! is never Creating again: only a volume that is Creating may be made, so no data is ever replaced by a blank.

#[cfg(test)]
mod tests;

use crate::error::{Error, Reason, Result};
use crate::resource::{Volume, VolumePhase};
use crate::time::Timestamp;

/// Whether a volume in phase `from` may next be in phase `to`. Staying is always allowed.
pub const fn may_follow(from: VolumePhase, to: VolumePhase) -> bool {
    use VolumePhase::{Available, Creating, Deleting, Detaching, Error, InUse};
    match (from, to) {
        (Creating, Creating | Available | InUse | Deleting | Error) => true,
        (Available, Available | InUse | Deleting) => true,
        // Its VM is removed, and it goes or stays; or it is taken out of it.
        (InUse, InUse | Available | Detaching | Deleting) => true,
        // It could not be taken out after all.
        (Detaching, Detaching | Available | InUse | Deleting) => true,
        (Deleting, Deleting | Error) => true,
        // What is half removed can be nothing else any more.
        (Error, Error | Deleting) => true,
        (Creating | Available | InUse | Detaching | Deleting | Error, _) => false,
    }
}

/// `volume` in phase `to`. `WRONG_STATE` if that cannot follow its present one.
pub fn enter(volume: &Volume, to: VolumePhase, now: Timestamp) -> Result<Volume> {
    if !may_follow(volume.phase, to) {
        let message = format!(
            "volume {:?} is {} and cannot become {}",
            volume.name,
            volume.phase.as_str(),
            to.as_str()
        );
        return Err(Error::new(Reason::WrongState, message)
            .with("volume", volume.id.to_string())
            .with("state", volume.phase.as_str()));
    }
    let mut after = volume.clone();
    if after.phase != to {
        after.phase = to;
        after.meta.updated_at = now;
    }
    Ok(after)
}
