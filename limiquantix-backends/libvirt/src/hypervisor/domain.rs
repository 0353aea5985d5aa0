//! A domain of ours, with its mark.

use limiquantix_core::error::{Error, Reason};
use limiquantix_core::identity::VmId;
use virt::domain::Domain;
use virt::error::ErrorNumber;
use virt::sys;

use crate::connection::Session;
use crate::domain_xml::{Mark, NAMESPACE, PREFIX};
use crate::error::{CallResult, is, optional};

const ELEMENT: i32 = sys::VIR_DOMAIN_METADATA_ELEMENT.cast_signed();

/// A domain that has our mark.
pub(crate) struct Ours {
    pub(crate) vm: VmId,
    pub(crate) domain: Domain,
    pub(crate) mark: Mark,
}

/// The VM's domain, or `NOT_FOUND`.
pub(crate) fn find(session: &Session, vm: VmId) -> CallResult<Ours> {
    let found = find_optional(session, vm)?;
    found.ok_or_else(|| Error::not_found("vm", vm).into())
}

/// The VM's domain if there is one and it is ours.
pub(super) fn find_optional(session: &Session, vm: VmId) -> CallResult<Option<Ours>> {
    match lookup(session, vm)? {
        None => Ok(None),
        Some(domain) => Ours::of(vm, domain),
    }
}

/// Whatever domain has the VM's id.
pub(super) fn lookup(session: &Session, vm: VmId) -> CallResult<Option<Domain>> {
    let found = session.connect().lookup_domain_by_uuid(vm.uuid());
    Ok(optional(found, ErrorNumber::NoDomain)?)
}

impl Ours {
    /// The domain with its mark; nothing if it has none, or is gone by now.
    pub(super) fn of(vm: VmId, domain: Domain) -> CallResult<Option<Self>> {
        // The persistent definition's mark is the truth. The running one has a copy, for people who look.
        let mut found = domain.metadata(ELEMENT, Some(NAMESPACE), sys::VIR_DOMAIN_AFFECT_CONFIG);
        if matches!(&found, Err(e) if is(e, ErrorNumber::OperationInvalid)) {
            // Somebody undefined it while it runs: only the running one is left.
            found = domain.metadata(ELEMENT, Some(NAMESPACE), sys::VIR_DOMAIN_AFFECT_CURRENT);
        }
        let xml = match found {
            Ok(xml) => xml,
            Err(e) if is(&e, ErrorNumber::NoDomainMetadata) || is(&e, ErrorNumber::NoDomain) => {
                return Ok(None);
            }
            Err(e) => return Err(e.into()),
        };
        let mark = Mark::parse(vm, &xml)?;
        Ok(Some(Self { vm, domain, mark }))
    }

    /// `STALE_EPOCH` if a higher one was seen.
    pub(super) fn check_epoch(&self, epoch: u32) -> CallResult<()> {
        let seen = self.mark.epoch;
        if epoch >= seen {
            return Ok(());
        }
        let words = format!(
            "epoch {epoch} of VM {} is over: the node has seen {seen}",
            self.vm
        );
        Err(Error::new(Reason::StaleEpoch, words)
            .with("vm", self.vm.to_string())
            .with("expected", seen.to_string())
            .with("actual", epoch.to_string())
            .into())
    }

    /// Records a mark durably, unless it is recorded already.
    pub(super) fn record(&mut self, mark: Mark) -> CallResult<()> {
        if mark == self.mark {
            return Ok(());
        }
        let xml = mark.bare()?;
        let write = |impact: sys::virDomainModificationImpact| {
            self.domain
                .set_metadata(ELEMENT, Some(&xml), Some(PREFIX), Some(NAMESPACE), impact)
        };
        let both = sys::VIR_DOMAIN_AFFECT_CONFIG | sys::VIR_DOMAIN_AFFECT_LIVE;
        let running = self.domain.is_active()?;
        let mut outcome = write(if running {
            both
        } else {
            sys::VIR_DOMAIN_AFFECT_CONFIG
        });
        if matches!(&outcome, Err(e) if is(e, ErrorNumber::OperationInvalid)) {
            // It started or ended this moment, or has no persistent definition any more.
            outcome = write(sys::VIR_DOMAIN_AFFECT_CONFIG).or_else(|_| write(sys::VIR_DOMAIN_AFFECT_CURRENT));
        }
        outcome?;
        self.mark = mark;
        Ok(())
    }
}
