//! `lqx project list`.

use limiquantix_proto::project::v1::{ListProjectsRequest, ListProjectsResponse, Project};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::vm::label;

/// Which projects.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only projects with this label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    listed: Listed,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = ListProjectsRequest {
        labels: args.labels.iter().cloned().collect(),
        ..Default::default()
    };
    let answer = pages(&app.client()?, args.listed.apply(request), args.listed.most()).await?;
    app.out.list(&answer, &answer.projects)?;
    Ok(Exit::Ok)
}

/// Every project.
pub(crate) async fn all(client: &Client) -> Result<Vec<Project>, Failure> {
    Ok(pages(client, ListProjectsRequest::default(), usize::MAX)
        .await?
        .projects)
}

async fn pages(
    client: &Client,
    request: ListProjectsRequest,
    most: usize,
) -> Result<ListProjectsResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.projects().list_projects(request).await?.into_owned())
    })
    .await
}
