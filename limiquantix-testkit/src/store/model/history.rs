use std::sync::Arc;

use limiquantix_core::contract::{PageRequest, Query, Selector, Store, WatchFilter};
use limiquantix_core::resource::{Kind, Revision};

use super::{Model, Step};
use crate::store::{Harness, StoreSettings, follow, walk};

/// Runs one history on a fresh store and on the model. The error says where they disagree.
pub async fn check_history(h: Harness<'_>, history: &[Step]) -> Result<(), String> {
    let mut store = h.open(StoreSettings::default()).await;
    let mut model = Model::default();
    for (n, step) in history.iter().enumerate() {
        if let Step::Restart = step {
            h.close(store).await;
            store = h.open(StoreSettings::default()).await;
        }
        apply(&store, &mut model, step)
            .await
            .map_err(|why| format!("step {n}: {why}"))?;
        let revision = store.revision().await.map_err(|e| e.to_string())?;
        agree("the revision", &revision, &model.revision()).map_err(|why| format!("step {n}: {why}"))?;
    }
    let outcome = at_the_end(&store, &model).await;
    h.close(store).await;
    outcome
}

async fn apply(store: &Arc<dyn Store>, model: &mut Model, step: &Step) -> Result<(), String> {
    match step {
        Step::Restart => Ok(()),
        Step::Commit(intents) => {
            let changes = Step::changeset(intents, |key| model.version(key));
            match (store.commit(changes.clone()).await, model.commit(&changes)) {
                (Ok(store), Ok(model)) => agree("the commit", &store, &model),
                (Err(e), Err(reasons)) if reasons.contains(&e.reason()) => Ok(()),
                (Ok(_), Err(reasons)) => Err(format!("the store accepted what is {reasons:?}: {changes:?}")),
                (Err(e), model) => Err(format!(
                    "the store refused with {e:?}, the model says {model:?}: {changes:?}"
                )),
            }
        }
        Step::Get(key) => {
            let found = store.get(key).await.map_err(|e| e.to_string())?;
            agree("an object", &found.as_ref(), &model.get(key))
        }
        Step::List {
            kind,
            selector,
            limit,
            after,
            order,
        } => {
            let query = Query {
                kind: *kind,
                selector: selector.clone(),
                page: PageRequest {
                    limit: *limit,
                    after: after.as_ref().map(|object| order.cursor(object)),
                    order: *order,
                    count: limit % 2 == 0,
                },
            };
            let page = store.list(&query).await.map_err(|e| e.to_string())?;
            agree("a page", &page, &model.list(&query))
        }
        Step::Watch { from, filter } => {
            let from = Revision(model.revision().0 * u64::from(*from) / 256);
            let expected = model.watch(from, filter);
            let seen = follow(&**store, from, filter.clone())
                .await
                .take(expected.len())
                .await;
            agree("a watch", &seen, &expected)
        }
    }
}

/// The whole state and the whole log.
async fn at_the_end(store: &Arc<dyn Store>, model: &Model) -> Result<(), String> {
    let all: Vec<_> = model.objects().cloned().collect();
    let mut found = Vec::new();
    for kind in Kind::ALL {
        found.extend(walk(&**store, *kind, &Selector::default(), 3).await);
    }
    agree("the state at the end", &found, &all)?;
    let filter = WatchFilter::default();
    let expected = model.watch(Revision::ZERO, &filter);
    let mut watch = follow(&**store, Revision::ZERO, filter).await;
    agree("the log at the end", &watch.take(expected.len()).await, &expected)
}

fn agree<T: PartialEq + std::fmt::Debug>(what: &str, store: &T, model: &T) -> Result<(), String> {
    if store == model {
        return Ok(());
    }
    Err(format!("{what} differs\n store: {store:?}\n model: {model:?}"))
}
