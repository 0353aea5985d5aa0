//! `lqx explain placement`.

use limiquantix_proto::compute::v1::node_verdict::Outcome;
use limiquantix_proto::compute::v1::{ExplainPlacementRequest, NodeVerdict, PlacementReport};

use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Format, Table, Tone};
use crate::resolve;
use crate::vm::SpecArgs;

/// Which VM, or what sort of VM.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lqx explain placement vm/web
  lqx explain placement --cpus 4 --memory 8G")]
pub(crate) struct Args {
    /// VM to explain; without one, explain a VM with the specification of the flags
    #[arg(value_name = "vm/NAME")]
    vm: Option<String>,
    /// Image that the first disk would be made from
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    #[command(flatten)]
    spec: SpecArgs,
}

pub(super) async fn run(app: &App, args: &Args) -> Result<Exit, Failure> {
    let client = app.client()?;
    let mut request = ExplainPlacementRequest::default();
    match &args.vm {
        Some(name) => request.vm_id = resolve::vm(app, &client, name).await?.id,
        None => request.spec = args.spec.spec(args.image.as_deref())?.into(),
    }
    let answer = client.vms().explain_placement(request).await?.into_owned();
    match app.out.format() {
        Format::Table | Format::Wide => {
            if !answer.summary.is_empty() {
                app.out.data(&answer.summary)?;
            }
            app.out.table(&table(&answer.report))?;
        }
        Format::Csv => app.out.table(&table(&answer.report))?,
        Format::Name => app.out.data(&answer.report.node_name)?,
        Format::Json | Format::Yaml | Format::JsonPath(_) => app.out.message(&answer)?,
    }
    Ok(Exit::Ok)
}

/// The fate of every node, the best first.
fn table(report: &PlacementReport) -> Table {
    let mut verdicts: Vec<&NodeVerdict> = report.nodes.iter().collect();
    // The sort keeps the order by id among equals.
    verdicts.sort_by_key(|verdict| match &verdict.outcome {
        Some(Outcome::Scored(scored)) => (verdict.node_id != report.node_id, -i64::from(scored.total)),
        _ => (true, i64::MAX),
    });
    let mut table = Table::new(["NODE", "VERDICT", "SCORE", "WHY"]);
    for verdict in verdicts {
        let chosen = !report.node_id.is_empty() && verdict.node_id == report.node_id;
        let name = if verdict.node_name.is_empty() {
            &verdict.node_id
        } else {
            &verdict.node_name
        };
        let (fate, score, why) = match &verdict.outcome {
            Some(Outcome::Scored(scored)) => {
                let terms = scored
                    .terms
                    .iter()
                    .map(|term| format!("{} {}×{}", term.scorer, term.value, term.weight));
                let fate = if chosen {
                    Cell::new("chosen").tone(Tone::Good)
                } else {
                    Cell::new("fits")
                };
                (
                    fate,
                    scored.total.to_string(),
                    terms.collect::<Vec<_>>().join(" + "),
                )
            }
            Some(Outcome::Rejected(rejected)) => (
                Cell::new("rejected").tone(Tone::Bad),
                String::new(),
                format!("{}: {}", rejected.filter, rejected.text),
            ),
            None => (Cell::new("unknown"), String::new(), String::new()),
        };
        table.add([Cell::new(name), fate, Cell::new(score), Cell::new(why)]);
    }
    table
}
