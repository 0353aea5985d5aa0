//! `lqx port list`.

use limiquantix_proto::network::v1::{ListPortsRequest, ListPortsResponse, Port};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paging::{self, Listed};
use crate::resolve;

/// Which ports.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only ports of this network, whosever they are
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Only ports of this VM
    #[arg(long, value_name = "NAME")]
    vm: Option<String>,
    /// Only ports with this MAC address
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    mac: String,
    #[command(flatten)]
    listed: Listed,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let mut request = ListPortsRequest {
        project_id: app.project(),
        mac: args.mac.clone(),
        ..Default::default()
    };
    if let Some(name) = &args.network {
        request.network_id = resolve::network(app, &client, name).await?.id;
        request.project_id.clear();
    }
    if let Some(name) = &args.vm {
        request.vm_id = resolve::vm(app, &client, name).await?.id;
    }
    let answer = pages(&client, args.listed.apply(request), args.listed.most()).await?;
    app.out.list(&answer, &answer.ports)?;
    Ok(Exit::Ok)
}

/// Every port of the project.
pub(crate) async fn all(app: &App, client: &Client) -> Result<Vec<Port>, Failure> {
    let request = ListPortsRequest {
        project_id: app.project(),
        ..Default::default()
    };
    Ok(pages(client, request, usize::MAX).await?.ports)
}

async fn pages(
    client: &Client,
    request: ListPortsRequest,
    most: usize,
) -> Result<ListPortsResponse, Failure> {
    paging::pages(request, most, async |request| {
        Ok(client.ports().list_ports(request).await?.into_owned())
    })
    .await
}
