use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::error::Result;
use limiquantix_core::resource::PoolFacts;
use limiquantix_core::unit::Bytes;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use virt::error::ErrorNumber;
use virt::storage_pool::StoragePool;

use crate::connection::{Link, Pace, Session};
use crate::error::{CallResult, optional};
use crate::ffi;
use crate::places::{Places, Pool, storage_failed};
use crate::xml::{Document, path_text};

/// Changes that come close together are shown together: libvirt reads every file of a pool to show one more.
const PAUSE: Duration = Duration::from_secs(2);

/// The pools with their sizes, by name ascending.
pub(crate) fn pool_facts(places: &Places) -> Result<Vec<PoolFacts>> {
    let facts = places.pools().map(|pool| {
        let (capacity, available) = ffi::space(&pool.path)
            .map_err(|e| storage_failed(format!("cannot measure pool {}", pool.name), e))?;
        Ok(PoolFacts {
            name: pool.name.clone(),
            capacity: Bytes(capacity),
            available: Bytes(available),
        })
    });
    facts.collect()
}

/// Shows the pools to people who use libvirt's own tools: `virsh pool-list`, `virsh vol-list`. A courtesy that
/// nothing depends on, so it happens in the background and its failures are only logged.
#[derive(Debug)]
pub(super) struct Shown {
    changed: Arc<Notify>,
    task: AbortHandle,
}

impl Shown {
    pub(super) fn keep(link: Link, places: Arc<Places>) -> Self {
        let changed = Arc::new(Notify::new());
        let wake = Arc::clone(&changed);
        let task = tokio::spawn(async move {
            loop {
                let places = Arc::clone(&places);
                let work = move |session: &Session| places.pools().try_for_each(|pool| show(session, pool));
                if let Err(e) = link
                    .call("cannot show the pools in libvirt", Pace::Quick, work)
                    .await
                {
                    tracing::debug!("{e}");
                }
                wake.notified().await;
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self {
            changed,
            task: task.abort_handle(),
        }
    }

    /// Volumes came or went.
    pub(super) fn changed(&self) {
        self.changed.notify_one();
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn show(session: &Session, pool: &Pool) -> CallResult<()> {
    let connect = session.connect();
    let path = path_text(&pool.path)?;
    let known = connect.lookup_storage_pool_by_target_path(&path);
    match optional(known, ErrorNumber::NoStoragePool)? {
        // Whatever it is called there.
        Some(known) if known.is_active()? => Ok(known.refresh(0)?),
        Some(known) => Ok(known.create(0)?),
        None => {
            let made = connect.define_storage_pool_xml(&definition(pool, &path)?, 0)?;
            start(&made)
        }
    }
}

fn start(pool: &StoragePool) -> CallResult<()> {
    pool.create(0)?;
    pool.set_autostart(true)?;
    Ok(())
}

fn definition(pool: &Pool, path: &str) -> Result<String> {
    let mut xml = Document::default();
    xml.element("pool", &[("type", "dir".to_owned())], |xml| {
        // Distributions have a pool `default` of their own.
        xml.text("name", &[], &format!("lqx-{}", pool.name))?;
        xml.element("target", &[], |xml| xml.text("path", &[], path))
    })?;
    xml.finish()
}
