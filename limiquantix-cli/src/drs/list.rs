//! `lqx drs list`.

use limiquantix_proto::drs::v1::{
    ListRecommendationsRequest, ListRecommendationsResponse, Recommendation, RecommendationStatus,
};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::resolve;

/// Which recommendations.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also recommendations that have ended
    #[arg(short, long)]
    all: bool,
    /// Only recommendations for this VM
    #[arg(long, value_name = "NAME")]
    vm: Option<String>,
    #[command(flatten)]
    listed: Listed,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let statuses = match args.all {
        true => Vec::new(),
        false => vec![
            RecommendationStatus::Pending,
            RecommendationStatus::Approved,
            RecommendationStatus::Applying,
        ],
    };
    let vm_id = match &args.vm {
        Some(name) => resolve::vm(app, &client, name).await?.id,
        None => String::new(),
    };
    let request = ListRecommendationsRequest {
        statuses: statuses.into_iter().map(Into::into).collect(),
        vm_id,
        ..Default::default()
    };
    let answer = pages(&client, args.listed.apply(request), args.listed.most()).await?;
    app.out.list(&answer, &answer.recommendations)?;
    Ok(Exit::Ok)
}

/// Every recommendation, also those that have ended.
pub(crate) async fn all(client: &Client) -> Result<Vec<Recommendation>, Failure> {
    Ok(pages(client, ListRecommendationsRequest::default(), usize::MAX)
        .await?
        .recommendations)
}

async fn pages(
    client: &Client,
    request: ListRecommendationsRequest,
    most: usize,
) -> Result<ListRecommendationsResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.drs().list_recommendations(request).await?.into_owned())
    })
    .await
}
