//! The methods of the API, from the descriptors that were compiled in.

use buffa::Message;
use buffa_descriptor::generated::descriptor::FileDescriptorSet;

use crate::failure::Failure;

/// One method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Method {
    /// With its package.
    pub(super) service: String,
    pub(super) name: String,
    /// Name of the request's message, without package.
    pub(super) input: String,
    /// Name of the answer's message, without package.
    pub(super) output: String,
    pub(super) shape: Shape,
}

/// Who sends how many messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One each.
    Unary,
    /// One request, many answers.
    ServerStream,
    /// Many requests.
    ClientStream,
}

/// All methods.
#[derive(Debug)]
pub(super) struct Methods(Vec<Method>);

impl Method {
    /// `/package.Service/Method`.
    pub(super) fn path(&self) -> String {
        format!("/{}/{}", self.service, self.name)
    }
}

impl Methods {
    /// Reads the descriptors.
    pub(super) fn load() -> Result<Self, Failure> {
        let set = FileDescriptorSet::decode_from_slice(limiquantix_proto::FILE_DESCRIPTOR_SET)
            .map_err(|error| Failure::internal(format!("the descriptors do not decode: {error}")))?;
        let mut methods = Vec::new();
        for file in set.file {
            let package = file.package.unwrap_or_default();
            for service in file.service {
                let service_name = format!("{package}.{}", service.name.unwrap_or_default());
                methods.extend(service.method.into_iter().map(|method| Method {
                    service: service_name.clone(),
                    name: method.name.unwrap_or_default(),
                    input: last_part(&method.input_type.unwrap_or_default()),
                    output: last_part(&method.output_type.unwrap_or_default()),
                    shape: match (method.client_streaming, method.server_streaming) {
                        (Some(true), _) => Shape::ClientStream,
                        (_, Some(true)) => Shape::ServerStream,
                        _ => Shape::Unary,
                    },
                }));
            }
        }
        methods.sort_by_key(Method::path);
        Ok(Self(methods))
    }

    /// By service and name.
    pub(super) fn all(&self) -> &[Method] {
        &self.0
    }

    /// The method that `call` means: `/package.Service/Method`, `Service/Method`, `Service.Method` or
    /// `Method`; case counts only where it must.
    pub(super) fn find(&self, call: &str) -> Result<Method, Failure> {
        let call = call.trim_start_matches('/');
        for fits in [matches as fn(&Method, &str) -> bool, matches_loosely] {
            let found: Vec<&Method> = self.0.iter().filter(|method| fits(method, call)).collect();
            match found.as_slice() {
                [] => {}
                [method] => return Ok((*method).clone()),
                several => {
                    let failure = Failure::usage(format!("{call:?} could be any of {} calls", several.len()));
                    return Err(several
                        .iter()
                        .fold(failure, |failure, method| failure.fact(method.path(), "")));
                }
            }
        }
        // A server may be newer than we are; with its full name any call can be made.
        if let Some((service, name)) = call.split_once('/')
            && service.contains('.')
            && !name.is_empty()
        {
            return Ok(Method {
                service: service.to_owned(),
                name: name.to_owned(),
                input: String::new(),
                output: String::new(),
                shape: Shape::Unary,
            });
        }
        Err(Failure::usage(format!("there is no call {call:?}")).fix("lqx api"))
    }
}

fn matches(method: &Method, call: &str) -> bool {
    let Method { service, name, .. } = method;
    let (asked_service, asked_name) = match call.split_once('/') {
        Some(parts) => parts,
        None => call.rsplit_once('.').unwrap_or(("", call)),
    };
    let service_fits =
        asked_service.is_empty() || asked_service == service || asked_service == last_part(service);
    service_fits && asked_name == name
}

fn matches_loosely(method: &Method, call: &str) -> bool {
    let lower = Method {
        service: method.service.to_lowercase(),
        name: method.name.to_lowercase(),
        ..method.clone()
    };
    matches(&lower, &call.to_lowercase())
}

fn last_part(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).to_owned()
}
