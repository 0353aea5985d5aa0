//! From what people type to objects.
//!
//! ```text
//! 1. an id, if it looks like one ─┐
//! 2. a name                       ├─ one GetVM each; nothing is listed
//! 3. a glob, if it holds * ? or [ ┐
//! 4. a prefix of a name or an id  ┴─ needs the list
//! ```
//!
//! Exact beats everything: whoever has VMs `web` and `web-2` means the first by `web`.

mod glob;
mod named;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use connectrpc::{ConnectError, ErrorCode};
use limiquantix_proto::alert::v1::{Alert, GetAlertRequest};
use limiquantix_proto::cluster::v1::{Cluster, GetClusterRequest, GetRuleRequest, PlacementRule};
use limiquantix_proto::compute::v1::{GetNodeRequest, GetVMRequest, Node, Snapshot, VirtualMachine};
use limiquantix_proto::drs::v1::{GetRecommendationRequest, Recommendation};
use limiquantix_proto::network::v1::{GetNetworkRequest, GetPortRequest, Network, Port};
use limiquantix_proto::project::v1::{GetProjectRequest, Project};
use limiquantix_proto::storage::v1::{
    GetPoolRequest, GetVolumeRequest, ListPoolsRequest, ListVolumesRequest, Pool, Volume,
};
use limiquantix_proto::task::v1::{GetTaskRequest, Task};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use named::Named;

/// How many candidates an ambiguous name lists.
const CANDIDATES: usize = 10;

/// The VMs that these names mean, each once, in the order they were named.
pub(crate) async fn vms(
    app: &App,
    client: &Client,
    names: &[String],
) -> Result<Vec<VirtualMachine>, Failure> {
    let exact = async |by: By<'_>| {
        let (id, name) = by.split();
        let request = GetVMRequest {
            id,
            name,
            project_id: app.project(),
            ..Default::default()
        };
        client
            .vms()
            .get_vm(request)
            .await
            .map(|answer| answer.into_owned())
    };
    let all = async || crate::vm::list_all(app, client).await;
    all_of(names, exact, all).await
}

/// The one VM that this name means.
pub(crate) async fn vm(app: &App, client: &Client, name: &str) -> Result<VirtualMachine, Failure> {
    only(
        name,
        vms(app, client, std::slice::from_ref(&name.to_owned())).await?,
    )
}

/// The nodes that these names mean.
pub(crate) async fn nodes(client: &Client, names: &[String]) -> Result<Vec<Node>, Failure> {
    let exact = async |by: By<'_>| {
        let (id, hostname) = by.split();
        let request = GetNodeRequest {
            id,
            hostname,
            ..Default::default()
        };
        client
            .nodes()
            .get_node(request)
            .await
            .map(|answer| answer.into_owned())
    };
    let all = async || crate::node::list_all(client).await;
    all_of(names, exact, all).await
}

/// The one node that this name means.
pub(crate) async fn node(client: &Client, name: &str) -> Result<Node, Failure> {
    only(name, nodes(client, std::slice::from_ref(&name.to_owned())).await?)
}

/// The clusters that these names mean.
pub(crate) async fn clusters(client: &Client, names: &[String]) -> Result<Vec<Cluster>, Failure> {
    let exact = async |by: By<'_>| {
        let (id, name) = by.split();
        let request = GetClusterRequest {
            id,
            name,
            ..Default::default()
        };
        let answer = client.clusters().get_cluster(request).await;
        answer.map(|answer| answer.into_owned())
    };
    let all = async || crate::cluster::list_all(client).await;
    all_of(names, exact, all).await
}

/// The one cluster that this name means.
pub(crate) async fn cluster(client: &Client, name: &str) -> Result<Cluster, Failure> {
    only(
        name,
        clusters(client, std::slice::from_ref(&name.to_owned())).await?,
    )
}

/// The placement rules that these names mean.
pub(crate) async fn rules(
    app: &App,
    client: &Client,
    names: &[String],
) -> Result<Vec<PlacementRule>, Failure> {
    let exact = async |by: By<'_>| {
        let (id, name) = by.split();
        let request = GetRuleRequest {
            id,
            name,
            project_id: app.project(),
            ..Default::default()
        };
        let answer = client.rules().get_rule(request).await;
        answer.map(|answer| answer.into_owned())
    };
    let all = async || crate::rule::list_all(app, client).await;
    all_of(names, exact, all).await
}

/// The projects that these ids mean.
pub(crate) async fn projects(client: &Client, ids: &[String]) -> Result<Vec<Project>, Failure> {
    let exact = async |by: By<'_>| {
        let (By::Id(id) | By::Name(id)) = by;
        let request = GetProjectRequest {
            id: id.to_owned(),
            ..Default::default()
        };
        let answer = client.projects().get_project(request).await;
        answer.map(|answer| answer.into_owned())
    };
    let all = async || crate::project::list_all(client).await;
    all_of(ids, exact, all).await
}

/// The one project that this id means.
pub(crate) async fn project(client: &Client, id: &str) -> Result<Project, Failure> {
    only(id, projects(client, std::slice::from_ref(&id.to_owned())).await?)
}

/// The networks that these names mean.
pub(crate) async fn networks(app: &App, client: &Client, names: &[String]) -> Result<Vec<Network>, Failure> {
    let exact = async |by: By<'_>| {
        let (id, name) = by.split();
        let request = GetNetworkRequest {
            id,
            name,
            project_id: app.project(),
            ..Default::default()
        };
        let answer = client.networks().get_network(request).await;
        answer.map(|answer| answer.into_owned())
    };
    let all = async || crate::network::list_all(app, client).await;
    all_of(names, exact, all).await
}

/// The one network that this name means.
pub(crate) async fn network(app: &App, client: &Client, name: &str) -> Result<Network, Failure> {
    only(
        name,
        networks(app, client, std::slice::from_ref(&name.to_owned())).await?,
    )
}

/// The ports that these ids mean.
pub(crate) async fn ports(app: &App, client: &Client, ids: &[String]) -> Result<Vec<Port>, Failure> {
    let exact = async |by: By<'_>| match by {
        By::Name(_) => Err(ConnectError::not_found("ports have no names")),
        By::Id(id) => {
            let request = GetPortRequest {
                id: id.to_owned(),
                ..Default::default()
            };
            let answer = client.ports().get_port(request).await;
            answer.map(|answer| answer.into_owned())
        }
    };
    let all = async || crate::port::list_all(app, client).await;
    all_of(ids, exact, all).await
}

/// The pools that these names mean. A name that pools of several nodes have is ambiguous.
pub(crate) async fn pools(client: &Client, names: &[String]) -> Result<Vec<Pool>, Failure> {
    let exact = async |by: By<'_>| match by {
        By::Id(id) => {
            let request = GetPoolRequest {
                id: id.to_owned(),
                ..Default::default()
            };
            let answer = client.pools().get_pool(request).await;
            answer.map(|answer| answer.into_owned())
        }
        By::Name(name) => {
            let request = ListPoolsRequest {
                page_size: 2,
                name: name.to_owned(),
                ..Default::default()
            };
            let answer = client.pools().list_pools(request).await?;
            single(answer.into_owned().pools)
        }
    };
    let all = async || crate::pool::list_all(client).await;
    all_of(names, exact, all).await
}

/// The volumes that these names mean. Names of volumes are not unique; one that several have is ambiguous.
pub(crate) async fn volumes(app: &App, client: &Client, names: &[String]) -> Result<Vec<Volume>, Failure> {
    let exact = async |by: By<'_>| match by {
        By::Id(id) => {
            let request = GetVolumeRequest {
                id: id.to_owned(),
                ..Default::default()
            };
            let answer = client.volumes().get_volume(request).await;
            answer.map(|answer| answer.into_owned())
        }
        By::Name(name) => {
            let request = ListVolumesRequest {
                page_size: 2,
                name: name.to_owned(),
                project_id: app.project(),
                ..Default::default()
            };
            let answer = client.volumes().list_volumes(request).await?;
            single(answer.into_owned().volumes)
        }
    };
    let all = async || crate::volume::list_all(app, client).await;
    all_of(names, exact, all).await
}

/// The one object of a name. Where there are several, the list of all says which.
fn single<T>(mut found: Vec<T>) -> Result<T, ConnectError> {
    match (found.pop(), found.is_empty()) {
        (Some(object), true) => Ok(object),
        _ => Err(ConnectError::not_found("not exactly one has this name")),
    }
}

/// The tasks that these ids mean.
pub(crate) async fn tasks(app: &App, client: &Client, ids: &[String]) -> Result<Vec<Task>, Failure> {
    let exact = async |by: By<'_>| match by {
        By::Name(_) => Err(ConnectError::not_found("tasks have no names")),
        By::Id(id) => {
            let request = GetTaskRequest {
                id: id.to_owned(),
                ..Default::default()
            };
            client
                .tasks()
                .get_task(request)
                .await
                .map(|answer| answer.into_owned())
        }
    };
    let all = async || crate::task::list_all(app, client).await;
    all_of(ids, exact, all).await
}

/// The alerts that these ids mean.
pub(crate) async fn alerts(client: &Client, ids: &[String]) -> Result<Vec<Alert>, Failure> {
    let exact = async |by: By<'_>| match by {
        By::Name(_) => Err(ConnectError::not_found("alerts have no names")),
        By::Id(id) => {
            let request = GetAlertRequest {
                id: id.to_owned(),
                ..Default::default()
            };
            client
                .alerts()
                .get_alert(request)
                .await
                .map(|answer| answer.into_owned())
        }
    };
    let all = async || crate::alert::list_all(client).await;
    all_of(ids, exact, all).await
}

/// The recommendations that these ids mean.
pub(crate) async fn recommendations(client: &Client, ids: &[String]) -> Result<Vec<Recommendation>, Failure> {
    let exact = async |by: By<'_>| match by {
        By::Name(_) => Err(ConnectError::not_found("recommendations have no names")),
        By::Id(id) => {
            let request = GetRecommendationRequest {
                id: id.to_owned(),
                ..Default::default()
            };
            client
                .drs()
                .get_recommendation(request)
                .await
                .map(|answer| answer.into_owned())
        }
    };
    let all = async || crate::drs::list_all(client).await;
    all_of(ids, exact, all).await
}

/// The snapshots of a VM that these names mean.
pub(crate) async fn snapshots(
    client: &Client,
    vm: &VirtualMachine,
    names: &[String],
) -> Result<Vec<Snapshot>, Failure> {
    let all = crate::snapshot::list_all(client, &vm.id).await?;
    // A VM has few: they are listed at once, and looked through here.
    let exact = async |by: By<'_>| {
        let (id, name) = by.split();
        let found = all.iter().find(|s| s.id == id || s.name == name).cloned();
        found.ok_or_else(|| ConnectError::not_found("no such snapshot"))
    };
    all_of(names, exact, async || Ok(all.clone())).await
}

/// The one snapshot of a VM that this name means.
pub(crate) async fn snapshot(client: &Client, vm: &VirtualMachine, name: &str) -> Result<Snapshot, Failure> {
    only(
        name,
        snapshots(client, vm, std::slice::from_ref(&name.to_owned())).await?,
    )
}

/// How one object is asked for.
#[derive(Clone, Copy)]
enum By<'a> {
    Id(&'a str),
    Name(&'a str),
}

impl By<'_> {
    /// Id and name, one of them empty.
    fn split(self) -> (String, String) {
        match self {
            Self::Id(id) => (id.to_owned(), String::new()),
            Self::Name(name) => (String::new(), name.to_owned()),
        }
    }
}

async fn all_of<T: Named + Clone>(
    names: &[String],
    exact: impl AsyncFn(By<'_>) -> Result<T, ConnectError>,
    all: impl AsyncFn() -> Result<Vec<T>, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut listed: Option<Vec<T>> = None;
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for name in names {
        let name = strip_kind::<T>(name);
        let chosen = match one(name, &exact).await? {
            Some(object) => vec![object],
            None => {
                let list = match listed.take() {
                    Some(list) => list,
                    None => all().await?,
                };
                let chosen = choose(name, &list).map(|chosen| chosen.into_iter().cloned().collect());
                listed = Some(list);
                chosen?
            }
        };
        found.extend(
            chosen
                .into_iter()
                .filter(|object: &T| seen.insert(object.id().to_owned())),
        );
    }
    Ok(found)
}

/// Asks for exactly this name or id.
async fn one<T>(
    name: &str,
    exact: impl AsyncFn(By<'_>) -> Result<T, ConnectError>,
) -> Result<Option<T>, Failure> {
    if name.is_empty() {
        return Err(Failure::usage("a name is empty"));
    }
    let by_id = is_id(name).then_some(By::Id(name));
    for by in by_id.into_iter().chain([By::Name(name)]) {
        match exact(by).await {
            Ok(object) => return Ok(Some(object)),
            Err(error) if error.code == ErrorCode::NotFound => {}
            // A glob is no valid name, and some servers say so.
            Err(error) if error.code == ErrorCode::InvalidArgument => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Ids are UUIDs, in their long form only.
fn is_id(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// `vm/web` is `web`. A name cannot hold a slash, so nothing is lost.
fn strip_kind<T: Named>(name: &str) -> &str {
    name.strip_prefix(T::KIND)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(name)
}

/// What a glob or a prefix means among these objects.
fn choose<'a, T: Named>(pattern: &str, objects: &'a [T]) -> Result<Vec<&'a T>, Failure> {
    if glob::is_glob(pattern) {
        let chosen: Vec<&T> = objects
            .iter()
            .filter(|object| glob::matches(pattern, object.name()))
            .collect();
        if chosen.is_empty() {
            let message = format!("no {} has a name like {pattern:?}", T::KIND);
            return Err(
                Failure::new(Exit::NotFound, "NOT_FOUND", message).fix(format!("lqx {} list", T::KIND))
            );
        }
        return Ok(chosen);
    }
    let starts = |object: &&T| object.name().starts_with(pattern) || object.id().starts_with(pattern);
    let chosen: Vec<&T> = objects.iter().filter(starts).collect();
    match chosen.len() {
        0 => Err(Failure::not_found(T::KIND, pattern)),
        1 => Ok(chosen),
        _ => Err(ambiguous(pattern, &chosen)),
    }
}

/// Exactly one object, for commands that cannot do with more.
fn only<T: Named>(name: &str, mut found: Vec<T>) -> Result<T, Failure> {
    match (found.pop(), found.is_empty()) {
        (Some(object), true) => Ok(object),
        (None, _) => Err(Failure::not_found(T::KIND, name)),
        (Some(last), false) => {
            found.push(last);
            Err(ambiguous(name, &found.iter().collect::<Vec<_>>()))
        }
    }
}

fn ambiguous<T: Named>(pattern: &str, found: &[&T]) -> Failure {
    let message = format!("{pattern:?} could be any of {} {}s", found.len(), T::KIND);
    let mut failure = Failure::new(Exit::Usage, "AMBIGUOUS_NAME", message);
    for object in found.iter().take(CANDIDATES) {
        let id = if object.id() == object.name() {
            ""
        } else {
            object.id()
        };
        failure = failure.fact(object.name(), id);
    }
    if found.len() > CANDIDATES {
        failure = failure.fact("…", format!("and {} more", found.len() - CANDIDATES));
    }
    failure.fix("the whole name, or more of it")
}
