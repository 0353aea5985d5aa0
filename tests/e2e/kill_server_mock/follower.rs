//! Somebody who only watches, over all the deaths of the server, and believes what the watch says.

use std::collections::BTreeMap;

use limiquantix_core::ErrorKind;
use limiquantix_proto::compute::v1::{VirtualMachine, WatchVMRequest};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::event::v1::ChangeType;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::harness::api::{Api, has_ended};
use crate::harness::soon;

/// The picture that the watch has painted.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) vms: BTreeMap<String, VirtualMachine>,
    /// Everything up to here has been told.
    pub(super) revision: u64,
    pub(super) resumed: u32,
}

/// Nothing comes for this long once nothing happens any more: everything has been told.
const QUIET: Duration = Duration::from_secs(2);

/// Follows all VMs until it is enough and nothing is under way any more.
pub(super) async fn follow(api: Api, enough: CancellationToken) -> Picture {
    let mut picture = Picture::default();
    let mut until = None;
    soon_after(&enough, async {
        while until.is_none_or(|until| picture.revision < until) {
            let request = WatchVMRequest {
                from_revision: picture.revision,
                initial: picture.revision == 0,
                ..Default::default()
            };
            match api.vms.watch_vm(request).await {
                Err(e) => expected(e),
                Ok(mut watch) => {
                    picture.resumed += 1;
                    loop {
                        let message = tokio::select! {
                            message = watch.message() => message,
                            end = settled(&api, &enough), if until.is_none() => {
                                until = Some(end);
                                continue;
                            }
                            // Revisions that are about nothing watched are told now and then only.
                            () = tokio::time::sleep(QUIET), if until.is_some() => return,
                        };
                        match message {
                            Ok(Some(message)) => picture.take(&message.to_owned_message()),
                            Ok(None) => break,
                            Err(e) => {
                                expected(e);
                                break;
                            }
                        }
                        if until.is_some_and(|until| picture.revision >= until) {
                            return;
                        }
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    picture
}

/// Once it is enough and every task has ended: the revision of the list then.
async fn settled(api: &Api, enough: &CancellationToken) -> u64 {
    enough.cancelled().await;
    loop {
        if api.all_tasks().await.iter().all(has_ended) {
            return api.all_vms().await.1;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn soon_after(enough: &CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = async { enough.cancelled().await; soon("the watch to tell everything", std::future::pending()).await } => {}
    }
}

/// A server that dies may break a watch; it may not say that the revision is too old, or anything else.
fn expected(e: connectrpc::ConnectError) {
    let e = from_connect(e);
    assert!(
        matches!(
            e.kind(),
            ErrorKind::Unavailable | ErrorKind::Cancelled | ErrorKind::DeadlineExceeded
        ),
        "{e:?}"
    );
}

impl Picture {
    fn take(&mut self, event: &limiquantix_proto::compute::v1::WatchVMResponse) {
        let known = event.r#type.as_known().expect("a known change");
        // While the first list is told, objects come in the order of their ids.
        if self.revision > 0 {
            assert!(event.revision >= self.revision, "told backwards: {event:?}");
        }
        let vm = event.vm.as_option().cloned();
        match (known, vm) {
            (ChangeType::Bookmark, _) => self.revision = event.revision,
            (ChangeType::Added, Some(vm)) => {
                let before = self.vms.insert(vm.id.clone(), vm);
                assert!(before.is_none(), "added twice: {before:?}");
            }
            (ChangeType::Modified, Some(vm)) => {
                let before = self.vms.insert(vm.id.clone(), vm);
                assert!(before.is_some(), "changed before it was added: {:?}", event.vm);
            }
            (ChangeType::Deleted, Some(vm)) => {
                assert!(
                    self.vms.remove(&vm.id).is_some(),
                    "deleted before it was added: {vm:?}"
                );
            }
            (kind, vm) => panic!("{kind:?} {vm:?}"),
        }
    }
}
