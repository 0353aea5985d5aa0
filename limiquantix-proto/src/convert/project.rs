//! [`Project`]: a tenant and its quota as the API shows them.

use limiquantix_core::contract::Selector;
use limiquantix_core::identity::ProjectId;
use limiquantix_core::resource::{Amounts, Labels, Project, ProjectSpec, ProjectUsage, Quota};
use limiquantix_core::{Error, Result};

use super::etag;
use super::field::{path, required, signed_wide, unsigned, unsigned_wide};
use super::page::Listing;
use super::time::timestamp_to_wire;
use crate::project::v1 as wire;

/// The project as the API shows it.
pub fn to_wire(project: &Project) -> wire::Project {
    wire::Project {
        id: project.id.to_string(),
        labels: project.meta.labels.clone(),
        spec: wire::ProjectSpec {
            display_name: project.spec.display_name.clone(),
            description: project.spec.description.clone(),
            quota: quota_to_wire(&project.spec.quota).into(),
            ..Default::default()
        }
        .into(),
        etag: etag::to_wire(project.meta.revision),
        revision: project.meta.revision.0,
        created_at: timestamp_to_wire(project.meta.created_at).into(),
        updated_at: timestamp_to_wire(project.meta.updated_at).into(),
        ..Default::default()
    }
}

/// What a project uses, beside what it may.
pub fn usage_to_wire(project: &Project, usage: &ProjectUsage) -> wire::ProjectUsage {
    let Amounts {
        vms,
        vcpus,
        memory_mib,
        storage_gib,
    } = usage.used;
    wire::ProjectUsage {
        project_id: usage.id.to_string(),
        used: wire::ProjectAmounts {
            vms: narrow(vms),
            vcpus: narrow(vcpus),
            memory_mib: signed_wide(memory_mib),
            storage_gib: signed_wide(storage_gib),
            ..Default::default()
        }
        .into(),
        quota: quota_to_wire(&project.spec.quota).into(),
        revision: usage.meta.revision.0,
        ..Default::default()
    }
}

fn quota_to_wire(quota: &Quota) -> wire::ProjectQuota {
    wire::ProjectQuota {
        vms: quota.vms.map(narrow),
        vcpus: quota.vcpus.map(narrow),
        memory_mib: quota.memory_mib.map(signed_wide),
        storage_gib: quota.storage_gib.map(signed_wide),
        ..Default::default()
    }
}

/// The number as the wire holds it, or the largest that it holds.
fn narrow(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Reads what is said about a project; nothing is said where it is absent.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn spec_from_wire(at: &str, spec: Option<&wire::ProjectSpec>) -> Result<ProjectSpec> {
    let Some(spec) = spec else {
        return Ok(ProjectSpec::default());
    };
    let quota = spec.quota.as_option();
    Ok(ProjectSpec {
        display_name: spec.display_name.clone(),
        description: spec.description.clone(),
        quota: quota.map_or(Ok(Quota::default()), |q| quota_from_wire(&path(at, "quota"), q))?,
    })
}

fn quota_from_wire(at: &str, quota: &wire::ProjectQuota) -> Result<Quota> {
    let count = |name: &str, limit: Option<i32>| -> Result<Option<u64>> {
        limit
            .map(|limit| unsigned(&path(at, name), limit).map(u64::from))
            .transpose()
    };
    let wide = |name: &str, limit: Option<i64>| -> Result<Option<u64>> {
        limit
            .map(|limit| unsigned_wide(&path(at, name), limit))
            .transpose()
    };
    Ok(Quota {
        vms: count("vms", quota.vms)?,
        vcpus: count("vcpus", quota.vcpus)?,
        memory_mib: wide("memory_mib", quota.memory_mib)?,
        storage_gib: wide("storage_gib", quota.storage_gib)?,
    })
}

/// Reads the id of a project, which must be given.
///
/// # Errors
///
/// `INVALID_FIELD` naming `field`.
pub fn id_from_wire(field: &str, id: &str) -> Result<ProjectId> {
    match id {
        "" => Err(required(field)),
        id => ProjectId::parse(field, id),
    }
}

/// What to change of a project; `None` leaves things as they are, an inner `None` lifts a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectChanges {
    /// Another name for people.
    pub display_name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
    /// Another limit of VMs.
    pub vms: Option<Option<u64>>,
    /// Another limit of virtual cores.
    pub vcpus: Option<Option<u64>>,
    /// Another limit of memory, in MiB.
    pub memory_mib: Option<Option<u64>>,
    /// Another limit of storage, in GiB.
    pub storage_gib: Option<Option<u64>>,
}

/// What `request` changes. Nothing, if its mask is empty.
///
/// # Errors
///
/// `INVALID_FIELD` for `update_mask` if it names what is not there or may not be changed; otherwise with the
/// path of the field in `spec`.
pub fn changes_from_wire(request: &wire::UpdateProjectRequest) -> Result<ProjectChanges> {
    let mut changes = ProjectChanges::default();
    let Some(mask) = request.update_mask.as_option() else {
        return Ok(changes);
    };
    let spec = spec_from_wire("spec", request.spec.as_option())?;
    for path in &mask.paths {
        if !FIELDS.contains(&path.as_str()) {
            return Err(unknown(path));
        }
        let all = path == "spec";
        let quota = all || path == "spec.quota";
        if path == "labels" {
            changes.labels = Some(request.labels.clone());
        }
        if all || path == "spec.display_name" {
            changes.display_name = Some(spec.display_name.clone());
        }
        if all || path == "spec.description" {
            changes.description = Some(spec.description.clone());
        }
        if quota || path == "spec.quota.vms" {
            changes.vms = Some(spec.quota.vms);
        }
        if quota || path == "spec.quota.vcpus" {
            changes.vcpus = Some(spec.quota.vcpus);
        }
        if quota || path == "spec.quota.memory_mib" {
            changes.memory_mib = Some(spec.quota.memory_mib);
        }
        if quota || path == "spec.quota.storage_gib" {
            changes.storage_gib = Some(spec.quota.storage_gib);
        }
    }
    Ok(changes)
}

/// What a mask may name.
const FIELDS: [&str; 9] = [
    "labels",
    "spec",
    "spec.display_name",
    "spec.description",
    "spec.quota",
    "spec.quota.vms",
    "spec.quota.vcpus",
    "spec.quota.memory_mib",
    "spec.quota.storage_gib",
];

fn unknown(path: &str) -> Error {
    let shown: String = path.chars().take(64).collect();
    Error::invalid(
        "update_mask",
        format!("update_mask has {shown:?}, which is not a field that can be changed"),
    )
}

/// Which projects, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListProjectsRequest) -> Result<Listing> {
    let selector = Selector {
        labels: request.labels.clone(),
        ..Selector::default()
    };
    Listing::read::<Project>(selector, request)
}
