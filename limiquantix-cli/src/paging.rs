//! What all list commands have in common: which objects, in which order, how many, and page after page.

use limiquantix_proto::alert::v1::{ListAlertsRequest, ListAlertsResponse};
use limiquantix_proto::cluster::v1::{
    ListClustersRequest, ListClustersResponse, ListRulesRequest, ListRulesResponse,
};
use limiquantix_proto::compute::v1::{
    ListNodesRequest, ListNodesResponse, ListSnapshotsRequest, ListSnapshotsResponse, ListVMsRequest,
    ListVMsResponse,
};
use limiquantix_proto::drs::v1::{ListRecommendationsRequest, ListRecommendationsResponse};
use limiquantix_proto::event::v1::{ListEventsRequest, ListEventsResponse};
use limiquantix_proto::network::v1::{
    ListNetworksRequest, ListNetworksResponse, ListPortsRequest, ListPortsResponse,
};
use limiquantix_proto::project::v1::{ListProjectsRequest, ListProjectsResponse};
use limiquantix_proto::storage::v1::{
    ListPoolsRequest, ListPoolsResponse, ListVolumesRequest, ListVolumesResponse,
};
use limiquantix_proto::task::v1::{ListTasksRequest, ListTasksResponse};

use crate::failure::Failure;

/// The largest page the server gives.
const PAGE: i32 = 1000;

/// Options of every list.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Listed {
    /// Only those for which this is true, for example "state = running AND labels.app = web*"
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// By create_time or name; "name desc" from the other end
    #[arg(long, value_name = "ORDER")]
    pub(crate) order_by: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
}

impl Listed {
    /// Puts the options into a request.
    pub(crate) fn apply<Q: Request>(&self, mut request: Q) -> Q {
        let (filter, order_by) = request.expressions();
        filter.clone_from(&self.filter.clone().unwrap_or_default());
        order_by.clone_from(&self.order_by.clone().unwrap_or_default());
        request
    }

    /// How many to show.
    pub(crate) fn most(&self) -> usize {
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok());
        limit.unwrap_or(usize::MAX)
    }
}

/// A request for a page.
pub(crate) trait Request: Clone {
    fn page(&mut self, size: i32, token: String);
    fn expressions(&mut self) -> (&mut String, &mut String);
}

/// A page.
pub(crate) trait Answer: Default {
    fn length(&self) -> usize;
    /// Takes the objects of the page after this one, and its token.
    fn append(&mut self, next: Self);
    fn token(&self) -> &str;
}

macro_rules! lists {
    ($($request:ty => $answer:ty, $items:ident;)*) => {$(
        impl Request for $request {
            fn page(&mut self, size: i32, token: String) {
                self.page_size = size;
                self.page_token = token;
            }
            fn expressions(&mut self) -> (&mut String, &mut String) {
                (&mut self.filter, &mut self.order_by)
            }
        }
        impl Answer for $answer {
            fn length(&self) -> usize {
                self.$items.len()
            }
            fn append(&mut self, next: Self) {
                self.$items.extend(next.$items);
                self.next_page_token = next.next_page_token;
            }
            fn token(&self) -> &str {
                &self.next_page_token
            }
        }
    )*};
}

lists! {
    ListClustersRequest => ListClustersResponse, clusters;
    ListEventsRequest => ListEventsResponse, events;
    ListNetworksRequest => ListNetworksResponse, networks;
    ListPortsRequest => ListPortsResponse, ports;
    ListProjectsRequest => ListProjectsResponse, projects;
    ListRecommendationsRequest => ListRecommendationsResponse, recommendations;
    ListRulesRequest => ListRulesResponse, rules;
    ListSnapshotsRequest => ListSnapshotsResponse, snapshots;
    ListAlertsRequest => ListAlertsResponse, alerts;
    ListVMsRequest => ListVMsResponse, vms;
    ListNodesRequest => ListNodesResponse, nodes;
    ListPoolsRequest => ListPoolsResponse, pools;
    ListVolumesRequest => ListVolumesResponse, volumes;
    ListTasksRequest => ListTasksResponse, tasks;
}

/// Reads page after page, and makes one answer of them. If there are more than `most`, its page token is that of the
/// rest.
pub(crate) async fn pages<Q: Request, A: Answer>(
    mut request: Q,
    most: usize,
    list: impl AsyncFn(Q) -> Result<A, Failure>,
) -> Result<A, Failure> {
    let mut all: Option<A> = None;
    let mut token = String::new();
    loop {
        let have = all.as_ref().map_or(0, A::length);
        let size = i32::try_from(most - have).unwrap_or(PAGE).min(PAGE);
        request.page(size, token);
        let page = list(request.clone()).await?;
        token = page.token().to_owned();
        let all = match &mut all {
            None => all.insert(page),
            Some(all) => {
                all.append(page);
                all
            }
        };
        if token.is_empty() || all.length() >= most {
            return Ok(std::mem::take(all));
        }
    }
}
