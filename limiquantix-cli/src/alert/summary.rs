//! `lqx alert summary`.

use limiquantix_proto::alert::v1::{GetAlertSummaryRequest, SeverityCounts};

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) async fn run(app: &App) -> Result<Exit, Failure> {
    let client = app.client()?;
    let summary = client
        .alerts()
        .get_alert_summary(GetAlertSummaryRequest::default())
        .await?
        .into_owned();
    let lines = || {
        vec![
            ("Open", show(&summary.open)),
            ("Acknowledged", show(&summary.acknowledged)),
            ("Resolved", show(&summary.resolved)),
        ]
    };
    app.out.document(&summary, lines)?;
    Ok(Exit::Ok)
}

fn show(counts: &SeverityCounts) -> String {
    let SeverityCounts {
        critical,
        warning,
        info,
        ..
    } = counts;
    format!("{critical} critical, {warning} warning, {info} info")
}
