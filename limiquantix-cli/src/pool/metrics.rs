//! `lqx pool metrics`.

use limiquantix_proto::storage::v1::GetPoolMetricsRequest;

use super::show::Args;
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve;

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let mut metrics = Vec::new();
    for pool in resolve::pools(&client, &args.names).await? {
        let request = GetPoolMetricsRequest {
            id: pool.id,
            ..Default::default()
        };
        metrics.push(client.pools().get_pool_metrics(request).await?.into_owned());
    }
    app.out.records(&metrics)?;
    Ok(Exit::Ok)
}
