use limiquantix_core::contract::{RunMark, SnapshotInfo};
use limiquantix_core::error::{Error, Reason};
use limiquantix_core::identity::{SnapshotId, VmId};
use virt::domain::Domain;
use virt::domain_snapshot::DomainSnapshot;
use virt::error::ErrorNumber;
use virt::sys;

use super::domain::{find, find_optional};
use super::power::claim;
use crate::connection::Session;
use crate::domain_xml::{Mark, keeps_memory, remark, snapshot_document};
use crate::error::{CallResult, Failure, is, optional, unavailable};
use crate::ffi::DomainState;

pub(super) fn take(
    session: &Session,
    vm: VmId,
    epoch: u32,
    snapshot: SnapshotId,
    memory: bool,
) -> CallResult<()> {
    let (ours, state) = claim(session, vm, epoch)?;
    if lookup(&ours.domain, snapshot)?.is_some() {
        return Ok(());
    }
    require(vm, state, memory)?;
    let xml = snapshot_document(snapshot, memory, &ours.domain.xml_desc(0)?)?;
    session.go_on()?;
    unless_busy(ours.domain.create_snapshot_xml(&xml, 0)).map(drop)
}

pub(super) fn revert(
    session: &Session,
    vm: VmId,
    snapshot: SnapshotId,
    run: RunMark,
    memory: bool,
) -> CallResult<()> {
    let (ours, state) = claim(session, vm, run.epoch)?;
    let found = lookup(&ours.domain, snapshot)?;
    let found = found.ok_or_else(|| Error::not_found("snapshot", snapshot))?;
    let kept = found.xml_desc(sys::VIR_DOMAIN_SNAPSHOT_XML_SECURE)?;
    if memory && !keeps_memory(&kept) {
        return Err(wrong(format!("snapshot {snapshot} of VM {vm} has no memory")));
    }
    if !memory {
        require(vm, state, false)?;
    }
    // The definition of that time comes back with its mark, and must not bring an older permission with it: the
    // present mark is put into the snapshot first.
    let asked = ours.mark.asked.filter(|_| !memory);
    let present = Mark {
        asked,
        ..ours.mark.clone()
    };
    let kept = remark(vm, &kept, &present)?;
    session.go_on()?;
    ours.domain
        .create_snapshot_xml(&kept, sys::VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)?;
    session.go_on()?;
    unless_busy(found.revert(0))?;
    if !memory {
        return Ok(());
    }
    // Last: a mark says that the start is complete.
    let mut ours = find(session, vm)?;
    ours.record(Mark {
        epoch: run.epoch,
        last_run: Some(run),
        asked: None,
        ..ours.mark.clone()
    })
}

pub(super) fn remove(session: &Session, vm: VmId, epoch: u32, snapshot: SnapshotId) -> CallResult<()> {
    if find_optional(session, vm)?.is_none() {
        return Ok(());
    }
    let (ours, _) = claim(session, vm, epoch)?;
    let Some(found) = lookup(&ours.domain, snapshot)? else {
        return Ok(());
    };
    session.go_on()?;
    match found.delete(0) {
        Err(e) if is(&e, ErrorNumber::NoDomainSnapshot) => Ok(()),
        outcome => unless_busy(outcome),
    }
}

pub(super) fn list(session: &Session, vm: VmId) -> CallResult<Vec<SnapshotInfo>> {
    let ours = find(session, vm)?;
    let mut all = Vec::new();
    for snapshot in ours.domain.list_all_snapshots(0)? {
        let Ok(id) = snapshot.name()?.parse::<SnapshotId>() else {
            continue;
        };
        match optional(snapshot.xml_desc(0), ErrorNumber::NoDomainSnapshot)? {
            // It was removed between two of our questions.
            None => {}
            Some(xml) => all.push(SnapshotInfo {
                id,
                with_memory: keeps_memory(&xml),
            }),
        }
    }
    all.sort_by_key(|s| s.id);
    Ok(all)
}

fn lookup(domain: &Domain, snapshot: SnapshotId) -> CallResult<Option<DomainSnapshot>> {
    let found = Domain::lookup_snapshot_by_name(domain, &snapshot.to_string(), 0);
    Ok(optional(found, ErrorNumber::NoDomainSnapshot)?)
}

fn require(vm: VmId, state: DomainState, on: bool) -> CallResult<()> {
    match (matches!(state, DomainState::Off(_)), on) {
        (true, true) => Err(wrong(format!("VM {vm} is off"))),
        (false, false) => Err(wrong(format!("VM {vm} is on"))),
        _ => Ok(()),
    }
}

fn wrong(words: String) -> Failure {
    Error::new(Reason::WrongState, words).into()
}

/// libvirt goes on with what an agent asked for before it died, and refuses everything else about that domain until
/// then: that passes.
fn unless_busy<T>(outcome: Result<T, virt::error::Error>) -> CallResult<T> {
    match outcome {
        Err(e) if is(&e, ErrorNumber::OperationTimeout) => Err(unavailable(e.message().to_owned()).into()),
        outcome => Ok(outcome?),
    }
}
