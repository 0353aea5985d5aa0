//! `lqx project list`.

use limiquantix_proto::project::v1::{ListProjectsRequest, ListProjectsResponse, Project};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::label;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Which projects.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only projects with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = ListProjectsRequest {
        labels: args.labels.iter().cloned().collect(),
        ..Default::default()
    };
    let answer = pages(&app.client()?, request).await?;
    app.out.list(&answer, &answer.projects)?;
    Ok(Exit::Ok)
}

/// Every project.
pub(crate) async fn all(client: &Client) -> Result<Vec<Project>, Failure> {
    Ok(pages(client, ListProjectsRequest::default()).await?.projects)
}

/// Reads page after page, and makes one answer of them.
async fn pages(client: &Client, mut request: ListProjectsRequest) -> Result<ListProjectsResponse, Failure> {
    request.page_size = PAGE;
    let service = client.projects();
    let mut all = service.list_projects(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = service.list_projects(request.clone()).await?.into_owned();
        all.projects.extend(page.projects);
        all.next_page_token = page.next_page_token;
    }
    Ok(all)
}
