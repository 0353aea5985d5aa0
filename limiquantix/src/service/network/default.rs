use std::sync::Arc;

use limiquantix_core::contract::{Changeset, Clock, IdSource, IdSourceExt as _, Store};
use limiquantix_core::identity::{Name, ProjectId};
use limiquantix_core::resource::{Labels, Meta, Network, NetworkAllocation, NetworkSpec};
use limiquantix_core::{Reason, Result};

use super::read::find;

/// Makes the network that is meant when none is named, unless it is there: the one that libvirt makes on every
/// host, and gives addresses on by itself.
pub(crate) async fn ensure_default(
    store: &Arc<dyn Store>,
    clock: &dyn Clock,
    ids: &dyn IdSource,
) -> Result<()> {
    let project = ProjectId::default();
    if find(store, &project, Network::DEFAULT).await?.is_some() {
        return Ok(());
    }
    let name = Name::parse("name", Network::DEFAULT)?;
    let meta = Meta::created(clock.now(), Labels::new());
    let network = Network {
        id: ids.network(),
        meta: meta.clone(),
        name: name.clone(),
        project,
        description: "what is meant when no network is named".to_owned(),
        spec: NetworkSpec {
            backing: name,
            shared: true,
            subnets: Vec::new(),
        },
    };
    let mut changes = Changeset::new();
    changes
        .create(NetworkAllocation::empty(&network, meta))
        .create(network);
    match store.commit(changes).await {
        // Another replica was faster.
        Err(e) if e.reason() == Reason::NameTaken => Ok(()),
        outcome => outcome.map(drop),
    }
}
