//! `lqx event list`.

use limiquantix_proto::event::v1::ListEventsRequest;

use super::FilterArgs;
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Which events.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterArgs,
}

/// Reads page after page, and makes one answer of them.
pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let filter = args.filter.read(app, &client).await?;
    let mut request = ListEventsRequest {
        resource_type: filter.resource_type,
        resource_id: filter.resource_id,
        event_types: filter.event_types,
        project_id: filter.project_id,
        node_id: filter.node_id,
        page_size: PAGE,
        ..Default::default()
    };
    let mut all = client.events().list_events(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = client.events().list_events(request.clone()).await?.into_owned();
        all.events.extend(page.events);
        all.next_page_token = page.next_page_token;
    }
    app.out.list(&all, &all.events)?;
    Ok(Exit::Ok)
}
