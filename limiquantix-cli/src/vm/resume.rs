//! `lqx vm resume`.

use limiquantix_proto::compute::v1::ResumeVMRequest;

use super::change::{self, Verb, Vms};
use crate::app::App;
use crate::exit::Exit;
use crate::failure::Failure;

const VERB: Verb = Verb {
    infinitive: "resume",
    achieved: "running",
    noun: "resumption",
    removes: false,
};

pub(super) async fn run(app: &App, args: &Vms) -> Result<Exit, Failure> {
    change::named(app, args, &VERB, None, async |service, change| {
        let request = ResumeVMRequest {
            id: change.vm.id.clone(),
            request_id: change.request_id.clone(),
            validate_only: change.validate_only,
            ..Default::default()
        };
        Ok(service.resume_vm(request).await?.into_owned())
    })
    .await
}
