//! `lqx event list`.

use limiquantix_proto::event::v1::ListEventsRequest;

use super::FilterArgs;
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging;

/// Which events.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterArgs,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let filter = args.filter.read(app, &client).await?;
    let request = ListEventsRequest {
        resource_type: filter.resource_type,
        resource_id: filter.resource_id,
        event_types: filter.event_types,
        project_id: filter.project_id,
        node_id: filter.node_id,
        order_by: "create_time desc".to_owned(),
        ..Default::default()
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut answer = paging::pages(request, limit, async |request| {
        Ok(client.events().list_events(request).await?.into_owned())
    })
    .await?;
    // The newest are read, and shown last, next to the prompt.
    answer.events.reverse();
    if !answer.next_page_token.is_empty() {
        app.out.talk("older events are not shown: --limit N");
    }
    app.out.list(&answer, &answer.events)?;
    Ok(Exit::Ok)
}
