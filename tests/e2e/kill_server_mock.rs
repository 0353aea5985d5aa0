//! The server is killed again and again while clients create, start, stop, reboot and delete VMs on two
//! simulated nodes.
//!
//! What would break for a user: a VM that was created and is gone, or was created twice; one that was stopped
//! and runs again; a node that is full though nothing is on it; a task that never ends.

mod check;
mod follower;
mod load;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use limiquantix_agent::{Agent, AgentConfig, BootClock, NodeIdentity, RpcUplink};
use limiquantix_core::identity::Name;
use limiquantix_core::resource::Labels;
use limiquantix_core::unit::{Cores, Mebibytes};
use limiquantix_mock::{Journal, MockConfig, MockNode, Verb};
use tokio_util::sync::CancellationToken;

use crate::harness::api::Api;
use crate::harness::program::{Program, free_address, ready};
use crate::harness::random::Random;

/// How often the server is killed.
const KILLS: u32 = 60;

/// How many clients work at once.
const CLIENTS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_all_the_time_loses_and_repeats_nothing() {
    let mut random = Random::of_run("kill_server_mock");
    let directory = tempfile::tempdir().unwrap();
    let address = free_address();
    let mut server = Program::server(address, &directory.path().join("data"), directory.path());
    server.start();
    ready(address).await;
    let api = Api::new(address);

    let journal = Journal::default();
    let stop_agents = CancellationToken::new();
    let nodes: Vec<MockNode> = ["node-1", "node-2"]
        .into_iter()
        .map(|name| node(name, journal.clone(), &format!("http://{address}"), &stop_agents))
        .collect();
    api.nodes_ready(2).await;

    let enough = CancellationToken::new();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = load::Client::new(number, api.clone(), random.fork());
            tokio::spawn(client.work(enough.clone()))
        })
        .collect();
    let follower = tokio::spawn(follower::follow(api.clone(), enough.clone()));

    let begun = Instant::now();
    for _ in 0..KILLS {
        // Sometimes in the middle of its start.
        if !random.percent(15) {
            ready(address).await;
            tokio::time::sleep(random.millis(0..500)).await;
        } else {
            tokio::time::sleep(random.millis(0..60)).await;
        }
        server.kill();
        if random.percent(20) {
            // Long enough for agents and clients to notice.
            tokio::time::sleep(random.millis(0..500)).await;
        }
        server.start();
    }
    ready(address).await;
    let killing = begun.elapsed();
    enough.cancel();

    let mut said = Vec::new();
    for client in clients {
        said.push(client.await.unwrap());
    }
    let ledger = load::Ledger::of(said);
    let seen = follower.await.unwrap();
    check::everything(&api, &ledger, &nodes, &journal, &seen).await;
    println!(
        "kill_server_mock: {KILLS} kills in {killing:.1?}, {} mutations accepted, {} refused, {} repeats compared, {} starts, settled after {:.1?}",
        ledger.accepted.len(),
        ledger.refused,
        ledger.compared,
        journal.entries().len(),
        begun.elapsed() - killing
    );
    assert!(ledger.accepted.len() > 60, "a load that is worth the name");
    stop_agents.cancel();
}

/// A node of 64 cores whose verbs take a moment, so that kills fall between them.
fn node(name: &str, journal: Journal, url: &str, stop: &CancellationToken) -> MockNode {
    let millis = Duration::from_millis;
    let node = MockNode::with_journal(
        MockConfig {
            cores: Cores(64),
            memory: Mebibytes(128 << 10),
            delays: BTreeMap::from([
                (Verb::EnsureVolume, millis(15)),
                (Verb::EnsureDefined, millis(10)),
                (Verb::EnsureRunning, millis(20)),
                (Verb::EnsureStopped, millis(10)),
                (Verb::EnsureAbsent, millis(10)),
                (Verb::EnsureVolumeAbsent, millis(10)),
            ]),
            ..MockConfig::new(name)
        },
        journal,
    );
    let config = AgentConfig {
        name: Name::parse("name", name).unwrap(),
        management_ip: String::new(),
        labels: Labels::new(),
        taints: Vec::new(),
        reserved_memory: Mebibytes(1024),
    };
    let agent = Agent::new(
        config,
        NodeIdentity::ephemeral(format!("boot-of-{name}")),
        Arc::new(RpcUplink::new(url).unwrap()),
        Arc::new(node.hypervisor()),
        Arc::new(node.storage()),
        Arc::new(BootClock),
    );
    tokio::spawn(agent.run(stop.clone()));
    node
}
