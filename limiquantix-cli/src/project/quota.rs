use limiquantix_proto::project::v1::ProjectQuota;

use crate::quantity::{disk_gib, memory_mib};

/// A limit as people type it: a number, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit<T>(pub(super) Option<T>);

/// The limits of a project.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct QuotaArgs {
    /// Most VMs, or none for no limit
    #[arg(long, value_name = "COUNT", value_parser = count)]
    vms: Option<Limit<i32>>,
    /// Most virtual cores of all VMs together, or none
    #[arg(long, value_name = "COUNT", value_parser = count)]
    vcpus: Option<Limit<i32>>,
    /// Most memory of all VMs together, such as 64G, or none
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    memory: Option<Limit<i64>>,
    /// Most storage of all volumes together, such as 2T, or none
    #[arg(long, value_name = "SIZE", value_parser = storage)]
    storage: Option<Limit<i64>>,
}

impl QuotaArgs {
    /// The limits that were given.
    pub(super) fn quota(&self) -> ProjectQuota {
        ProjectQuota {
            vms: self.vms.and_then(|limit| limit.0),
            vcpus: self.vcpus.and_then(|limit| limit.0),
            memory_mib: self.memory.and_then(|limit| limit.0),
            storage_gib: self.storage.and_then(|limit| limit.0),
            ..Default::default()
        }
    }

    /// Which limits were given, as an update names them.
    pub(super) fn named(&self) -> Vec<String> {
        let given = [
            ("spec.quota.vms", self.vms.is_some()),
            ("spec.quota.vcpus", self.vcpus.is_some()),
            ("spec.quota.memory_mib", self.memory.is_some()),
            ("spec.quota.storage_gib", self.storage.is_some()),
        ];
        let named = given.into_iter().filter(|(_, given)| *given);
        named.map(|(path, _)| path.to_owned()).collect()
    }
}

fn limit<T>(text: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<Limit<T>, String> {
    match text {
        "none" => Ok(Limit(None)),
        text => parse(text).map(|number| Limit(Some(number))),
    }
}

fn count(text: &str) -> Result<Limit<i32>, String> {
    limit(text, |text| {
        let number = text.parse().ok().filter(|number| *number >= 0);
        number.ok_or_else(|| format!("{text:?} is not a number, nor none"))
    })
}

fn memory(text: &str) -> Result<Limit<i64>, String> {
    limit(text, |text| memory_mib(text).map(i64::from))
}

fn storage(text: &str) -> Result<Limit<i64>, String> {
    limit(text, |text| disk_gib(text).map(i64::from))
}
