//! `lqx network create`.

use std::net::IpAddr;

use limiquantix_proto::network::v1::{AddressRange, CreateNetworkRequest, NetworkSpec, Subnet};

use crate::app::App;
use crate::client::{new_request_id, retrying};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::label;

/// What to create. Gateways, ranges and name servers belong to the subnet of their IP version.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the network, unique in the project
    #[arg(value_name = "NAME")]
    name: String,
    /// Name of the libvirt network or bridge that every node has [default: default]
    #[arg(long, value_name = "NAME", default_value = "")]
    backing: String,
    /// Let VMs of all projects plug in; only in the project `default`
    #[arg(long)]
    shared: bool,
    /// Give ports addresses of this subnet; at most one of each IP version
    #[arg(long = "subnet", value_name = "CIDR")]
    subnets: Vec<String>,
    /// Address of a subnet's router
    #[arg(long = "gateway", value_name = "ADDRESS")]
    gateways: Vec<IpAddr>,
    /// Addresses to give out, rather than all; may be given more than once
    #[arg(long = "range", value_name = "FIRST-LAST", value_parser = range)]
    ranges: Vec<(IpAddr, IpAddr)>,
    /// Address of a name server; may be given more than once
    #[arg(long = "dns", value_name = "ADDRESS")]
    dns_servers: Vec<IpAddr>,
    /// Free text
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// A label; may be given more than once
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Check everything, tell the effect, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Reads `10.0.0.10-10.0.0.99`.
fn range(text: &str) -> Result<(IpAddr, IpAddr), String> {
    let both = text.split_once('-');
    let both = both.and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)));
    both.ok_or_else(|| "expected two addresses, as in 10.0.0.10-10.0.0.99".to_owned())
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let request = CreateNetworkRequest {
        name: args.name.clone(),
        project_id: app.project(),
        description: args.description.clone(),
        labels: args.labels.iter().cloned().collect(),
        spec: NetworkSpec {
            backing: args.backing.clone(),
            shared: args.shared,
            subnets: subnets(args)?,
            ..Default::default()
        }
        .into(),
        request_id: new_request_id(),
        validate_only: args.dry_run,
        ..Default::default()
    };
    let client = app.client()?;
    let network = retrying(async || client.networks().create_network(request.clone()).await)
        .await?
        .into_owned();
    app.out.talk(&match args.dry_run {
        true => format!("would create network {:?}; nothing was changed", network.name),
        false => format!("network {:?} created", network.name),
    });
    app.out.outcome(&network)?;
    Ok(Exit::Ok)
}

/// The subnets, each with what is of its version.
fn subnets(args: &Args) -> Result<Vec<Subnet>, Failure> {
    let mut subnets: Vec<(bool, Subnet)> = Vec::new();
    for cidr in &args.subnets {
        let subnet = Subnet {
            cidr: cidr.clone(),
            ..Default::default()
        };
        subnets.push((!cidr.contains(':'), subnet));
    }
    let home = |flag: &str, address: &IpAddr| {
        let fits = subnets.iter().position(|(v4, _)| *v4 == address.is_ipv4());
        let lost = || Failure::usage(format!("{flag} {address} belongs to no --subnet"));
        fits.ok_or_else(lost)
    };
    let gateways = placed(&args.gateways, |g| home("--gateway", g))?;
    let ranges = placed(&args.ranges, |(first, _)| home("--range", first))?;
    let servers = placed(&args.dns_servers, |s| home("--dns", s))?;
    for (i, gateway) in gateways {
        if !subnets[i].1.gateway.is_empty() {
            return Err(Failure::usage("a subnet has one --gateway"));
        }
        subnets[i].1.gateway = gateway.to_string();
    }
    for (i, (first, last)) in ranges {
        subnets[i].1.allocation_ranges.push(AddressRange {
            first: first.to_string(),
            last: last.to_string(),
            ..Default::default()
        });
    }
    for (i, server) in servers {
        subnets[i].1.dns_servers.push(server.to_string());
    }
    Ok(subnets.into_iter().map(|(_, subnet)| subnet).collect())
}

fn placed<T>(
    items: &[T],
    mut home: impl FnMut(&T) -> Result<usize, Failure>,
) -> Result<Vec<(usize, &T)>, Failure> {
    items.iter().map(|item| Ok((home(item)?, item))).collect()
}
