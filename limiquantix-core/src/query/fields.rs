//! Which fields of which kind filters may name, as the API spells them.

use super::field::{Field, FieldInfo, FieldType, Index, Value};
use crate::resource::{Kind, NodePhase, Object, TaskState, VmPhase};

/// One row per field: path, short name, type, index, and how it is read.
macro_rules! rows {
    ($($path:literal $(or $alias:literal)?, $of:expr $(, by $index:ident)? => |$object:ident| $read:expr;)*) => {
        &[$(Field {
            path: $path,
            alias: rows!(@alias $($alias)?),
            of: $of,
            index: rows!(@index $($index)?),
            read: |$object| $read,
        },)*]
    };
    (@alias) => { None };
    (@alias $alias:literal) => { Some($alias) };
    (@index) => { None };
    (@index $index:ident) => { Some(Index::$index) };
}

/// Reads a field of one kind out of any object.
macro_rules! of {
    ($variant:ident, $object:expr, |$it:ident| $read:expr) => {
        match $object {
            Object::$variant($it) => $read,
            _ => Value::Missing,
        }
    };
}

/// What every kind has.
const COMMON: &[Field] = rows! {
    "id", FieldType::Text => |o| Value::shown(&o.key().id);
    "name", FieldType::Text, by Name => |o| o.index().name.map_or(Value::Missing, Value::text);
    "project_id", FieldType::Text, by Project => |o| o.index().project.map_or(Value::Missing, |p| Value::text(p.as_str()));
    "created_at" or "create_time", FieldType::Time => |o| Value::Time(o.meta().created_at);
    "updated_at" or "update_time", FieldType::Time => |o| Value::Time(o.meta().updated_at);
};

/// What the kinds have that no table below is about.
const OTHERS: &[Field] = rows! {
    "node_id", FieldType::Text, by Node => |o| o.index().node.map_or(Value::Missing, Value::shown);
    "state" or "phase", FieldType::Text => |o| o.index().phase.map_or(Value::Missing, Value::text);
};

const VM: &[Field] = rows! {
    "description", FieldType::Text => |o| of!(Vm, o, |vm| Value::filled(&vm.description));
    "status.state" or "state", FieldType::Choice(vm_states), by Phase => |o| of!(Vm, o, |vm| Value::text(vm.status.phase.as_str()));
    "status.node_id" or "node_id", FieldType::Text, by Node => |o| of!(Vm, o, |vm| vm.placement.map_or(Value::Missing, |p| Value::shown(p.node)));
    "status.message" or "message", FieldType::Text => |o| of!(Vm, o, |vm| Value::filled(&vm.status.message));
    "status.started_at" or "started_at", FieldType::Time => |o| of!(Vm, o, |vm| Value::time(vm.status.started_at));
    "status.ip_addresses" or "ip", FieldType::Texts => |o| of!(Vm, o, |vm| Value::texts(vm.status.addresses.iter().map(String::as_str)));
    "spec.cpu.cores" or "cores", FieldType::Number => |o| of!(Vm, o, |vm| Value::number(vm.spec.cpu.cores.get()));
    "spec.memory.size_mib" or "memory_mib", FieldType::Number => |o| of!(Vm, o, |vm| whole(vm.spec.memory.get()));
    "spec.nics.network" or "network", FieldType::Texts => |o| of!(Vm, o, |vm| Value::texts(vm.spec.nics.iter().map(|n| n.network.as_str())));
    "spec.disks.pool" or "pool", FieldType::Texts => |o| of!(Vm, o, |vm| Value::texts(vm.spec.disks.iter().map(|d| d.pool.as_str())));
    "spec.disks.image" or "image", FieldType::Texts => |o| of!(Vm, o, |vm| Value::texts(vm.spec.disks.iter().filter_map(|d| d.image.as_ref()).map(|i| i.as_str())));
    "deleting", FieldType::Flag => |o| of!(Vm, o, |vm| Value::Flag(vm.deleting));
};

const NODE: &[Field] = rows! {
    "hostname", FieldType::Text, by Name => |o| of!(Node, o, |node| Value::text(node.name.as_str()));
    "management_ip", FieldType::Text => |o| of!(Node, o, |node| Value::filled(&node.management_ip));
    "status.phase" or "phase", FieldType::Choice(node_phases), by Phase => |o| of!(Node, o, |node| Value::text(node.status.phase.as_str()));
    "status.agent_version" or "agent_version", FieldType::Text => |o| of!(Node, o, |node| Value::filled(&node.status.agent_version));
    "admin.cordoned" or "cordoned", FieldType::Flag => |o| of!(Node, o, |node| Value::Flag(node.admin.cordoned));
    "admin.maintenance" or "maintenance", FieldType::Flag => |o| of!(Node, o, |node| Value::Flag(node.admin.maintenance));
    "spec.cpu_cores" or "cores", FieldType::Number => |o| of!(Node, o, |node| Value::number(node.spec.cores.get()));
    "spec.memory_mib" or "memory_mib", FieldType::Number => |o| of!(Node, o, |node| whole(node.spec.memory.get()));
};

const TASK: &[Field] = rows! {
    "state", FieldType::Choice(task_states), by Phase => |o| of!(Task, o, |task| Value::text(task.state.as_str()));
    "kind", FieldType::Text => |o| of!(Task, o, |task| Value::text(task.kind.as_str()));
    "target.id", FieldType::Text => |o| of!(Task, o, |task| Value::text(&task.target.id));
    "target.name", FieldType::Text, by Name => |o| of!(Task, o, |task| Value::text(&task.target.name));
    "target.node_id" or "node_id", FieldType::Text, by Node => |o| of!(Task, o, |task| task.target.node.map_or(Value::Missing, Value::shown));
    "finished_at", FieldType::Time => |o| of!(Task, o, |task| Value::time(task.finished_at));
};

fn vm_states() -> Vec<&'static str> {
    VmPhase::ALL.iter().map(|phase| phase.as_str()).collect()
}

fn node_phases() -> Vec<&'static str> {
    NodePhase::ALL.iter().map(|phase| phase.as_str()).collect()
}

fn task_states() -> Vec<&'static str> {
    TaskState::ALL.iter().map(|state| state.as_str()).collect()
}

fn whole(number: impl TryInto<i64>) -> Value<'static> {
    Value::Number(number.try_into().unwrap_or(i64::MAX))
}

fn tables(kind: Kind) -> [&'static [Field]; 2] {
    let own = match kind {
        Kind::Vm => VM,
        Kind::Node => NODE,
        Kind::Task => TASK,
        _ => OTHERS,
    };
    [COMMON, own]
}

/// The field of a kind that is called so.
pub(super) fn find(kind: Kind, name: &str) -> Option<&'static Field> {
    let mut all = tables(kind).into_iter().flatten();
    all.find(|field| field.path == name || field.alias == Some(name))
}

/// What can be named in filters of a kind, for an error message.
pub(super) fn names(kind: Kind) -> String {
    let paths = tables(kind).into_iter().flatten().map(|field| field.path);
    paths.chain(["labels.KEY"]).collect::<Vec<_>>().join(", ")
}

/// The fields that filters of a kind may name, beside `labels.KEY`.
pub fn fields(kind: Kind) -> Vec<FieldInfo> {
    let all = tables(kind).into_iter().flatten();
    all.map(|field| FieldInfo {
        path: field.path,
        alias: field.alias,
        of: field.of,
    })
    .collect()
}
