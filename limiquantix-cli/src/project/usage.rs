//! `lqx project usage`.

use limiquantix_proto::project::v1::GetProjectUsageRequest;

use super::row::{show_gib, show_mib};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// Which project.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id, or a unique prefix of it
    #[arg(value_name = "ID", default_value = "default")]
    id: String,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let project = resolve::project(&client, &args.id).await?;
    let request = GetProjectUsageRequest {
        project_id: project.id.clone(),
        ..Default::default()
    };
    let usage = client.projects().get_project_usage(request).await?.into_owned();
    app.out.document(&usage, || {
        let (used, quota) = (&usage.used, &usage.quota);
        let count = |number: i32| number.to_string();
        vec![
            ("Project", usage.project_id.clone()),
            ("VMs", of(used.vms, quota.vms, count)),
            ("vCPUs", of(used.vcpus, quota.vcpus, count)),
            ("Memory", of(used.memory_mib, quota.memory_mib, show_mib)),
            ("Storage", of(used.storage_gib, quota.storage_gib, show_gib)),
        ]
    })?;
    Ok(Exit::Ok)
}

fn of<T>(used: T, limit: Option<T>, show: impl Fn(T) -> String) -> String {
    match limit {
        Some(limit) => format!("{} of {}", show(used), show(limit)),
        None => format!("{}, no limit", show(used)),
    }
}
