//! `lqx drs list`.

use limiquantix_proto::drs::v1::{
    ListRecommendationsRequest, ListRecommendationsResponse, Recommendation, RecommendationStatus,
};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Which recommendations.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also recommendations that have ended
    #[arg(short, long)]
    all: bool,
    /// Only recommendations for this VM
    #[arg(long, value_name = "NAME")]
    vm: Option<String>,
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
    let answer = pages(&client, request).await?;
    app.out.list(&answer, &answer.recommendations)?;
    Ok(Exit::Ok)
}

/// Every recommendation, also those that have ended.
pub(crate) async fn all(client: &Client) -> Result<Vec<Recommendation>, Failure> {
    Ok(pages(client, ListRecommendationsRequest::default())
        .await?
        .recommendations)
}

/// Reads page after page, and makes one answer of them.
async fn pages(
    client: &Client,
    mut request: ListRecommendationsRequest,
) -> Result<ListRecommendationsResponse, Failure> {
    request.page_size = PAGE;
    let drs = client.drs();
    let mut all = drs.list_recommendations(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = drs.list_recommendations(request.clone()).await?.into_owned();
        all.recommendations.extend(page.recommendations);
        all.next_page_token = page.next_page_token;
    }
    Ok(all)
}
