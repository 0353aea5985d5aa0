//! `lqx port list`.

use limiquantix_proto::network::v1::{ListPortsRequest, ListPortsResponse, Port};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

/// The largest page the server gives.
const PAGE: i32 = 1000;

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
    let answer = pages(&client, request).await?;
    app.out.list(&answer, &answer.ports)?;
    Ok(Exit::Ok)
}

/// Every port of the project.
pub(crate) async fn all(app: &App, client: &Client) -> Result<Vec<Port>, Failure> {
    let request = ListPortsRequest {
        project_id: app.project(),
        ..Default::default()
    };
    Ok(pages(client, request).await?.ports)
}

/// Reads page after page, and makes one answer of them.
async fn pages(client: &Client, mut request: ListPortsRequest) -> Result<ListPortsResponse, Failure> {
    request.page_size = PAGE;
    let service = client.ports();
    let mut all = service.list_ports(request.clone()).await?.into_owned();
    while !all.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut all.next_page_token);
        let page = service.list_ports(request.clone()).await?.into_owned();
        all.ports.extend(page.ports);
        all.next_page_token = page.next_page_token;
    }
    Ok(all)
}
