//! `lqx rule list`.

use limiquantix_proto::cluster::v1::{ListRulesRequest, ListRulesResponse, PlacementRule};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::label;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Which rules.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only rules with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let labels = args.labels.iter().cloned().collect();
    let request = ListRulesRequest {
        project_id: app.project(),
        labels,
        ..Default::default()
    };
    let answer = pages(&app.client()?, request).await?;
    app.out.list(&answer, &answer.rules)?;
    Ok(Exit::Ok)
}

/// Every rule of the project.
pub(crate) async fn all(app: &App, client: &Client) -> Result<Vec<PlacementRule>, Failure> {
    let request = ListRulesRequest {
        project_id: app.project(),
        ..Default::default()
    };
    Ok(pages(client, request).await?.rules)
}

/// Reads page after page, and makes one answer of them.
async fn pages(client: &Client, mut request: ListRulesRequest) -> Result<ListRulesResponse, Failure> {
    request.page_size = PAGE;
    let service = client.rules();
    let mut all = service.list_rules(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = service.list_rules(request.clone()).await?.into_owned();
        all.rules.extend(page.rules);
        all.next_page_token = page.next_page_token;
    }
    Ok(all)
}
