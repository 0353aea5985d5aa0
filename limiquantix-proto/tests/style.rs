//! Rules of the `.proto` files that no compiler checks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use protox::prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use protox::prost_reflect::prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

/// 64-bit fields print as strings in JSON, so they are for numbers that need it: bytes and positions in
/// them, store revisions, and what all VMs of a project have together.
const WIDE: [&str; 13] = [
    "available_bytes",
    "capacity_bytes",
    "disk_used_bytes",
    "from_revision",
    "memory_mib",
    "memory_used_bytes",
    "next_offset",
    "offset",
    "promisable_bytes",
    "promised_bytes",
    "revision",
    "size",
    "storage_gib",
];

fn files() -> Vec<FileDescriptorProto> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let mut compiler = protox::Compiler::new([&root]).unwrap();
    compiler.include_source_info(true).open_files(&paths).unwrap();
    compiler.file_descriptor_set().file
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
}

/// Calls `visit` with the path in the descriptor and the full name of every described element.
fn elements(file: &FileDescriptorProto, visit: &mut impl FnMut(&[i32], &str)) {
    fn message(path: &[i32], name: &str, item: &DescriptorProto, visit: &mut impl FnMut(&[i32], &str)) {
        visit(path, name);
        for (n, field) in (0..).zip(&item.field) {
            visit(&[path, &[2, n]].concat(), &format!("{name}.{}", field.name()));
        }
        for (n, nested) in (0..).zip(&item.nested_type) {
            // The entry type of a map is the compiler's, not ours.
            if !nested.options.as_ref().is_some_and(|options| options.map_entry()) {
                message(
                    &[path, &[3, n]].concat(),
                    &format!("{name}.{}", nested.name()),
                    nested,
                    visit,
                );
            }
        }
        for (n, nested) in (0..).zip(&item.enum_type) {
            enumeration(&[path, &[4, n]].concat(), nested, visit);
        }
    }
    fn enumeration(path: &[i32], item: &EnumDescriptorProto, visit: &mut impl FnMut(&[i32], &str)) {
        visit(path, item.name());
        for (n, value) in (0..).zip(&item.value) {
            visit(&[path, &[2, n]].concat(), value.name());
        }
    }
    for (n, item) in (0..).zip(&file.message_type) {
        message(&[4, n], item.name(), item, visit);
    }
    for (n, item) in (0..).zip(&file.enum_type) {
        enumeration(&[5, n], item, visit);
    }
    for (n, service) in (0..).zip(&file.service) {
        visit(&[6, n], service.name());
        for (m, method) in (0..).zip(&service.method) {
            visit(&[6, n, 2, m], &format!("{}.{}", service.name(), method.name()));
        }
    }
}

#[test]
fn everything_is_documented() {
    let mut missing = Vec::new();
    for file in files() {
        let locations = &file.source_code_info.as_ref().unwrap().location;
        elements(&file, &mut |path, name| {
            let documented = locations
                .iter()
                .any(|location| location.path == path && !location.leading_comments().trim().is_empty());
            if !documented {
                missing.push(format!("{}: {name}", file.name()));
            }
        });
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn packages_follow_directories_and_services_are_alone_in_theirs() {
    for file in files() {
        let directory = Path::new(file.name()).parent().unwrap();
        assert_eq!(
            directory,
            Path::new(&file.package().replace('.', "/")),
            "{}",
            file.name()
        );
        assert!(file.service.len() <= 1, "{}: one service per file", file.name());
        for service in &file.service {
            assert!(service.name().ends_with("Service"), "{}", service.name());
        }
    }
}

#[test]
fn enum_values_carry_their_prefix_and_zero_means_unspecified() {
    for file in files() {
        for item in &file.enum_type {
            let mut prefix = String::new();
            for letter in item.name().chars() {
                if letter.is_uppercase() && !prefix.is_empty() {
                    prefix.push('_');
                }
                prefix.push(letter.to_ascii_uppercase());
            }
            assert_eq!(item.value[0].name(), format!("{prefix}_UNSPECIFIED"));
            assert!(
                item.value
                    .iter()
                    .all(|value| value.name().starts_with(&format!("{prefix}_")))
            );
        }
    }
}

#[test]
fn wide_integers_are_only_where_they_are_needed() {
    for file in files() {
        for message in &file.message_type {
            for field in &message.field {
                let wide = matches!(field.r#type(), Type::Int64 | Type::Uint64 | Type::Sint64);
                assert!(
                    !wide || WIDE.contains(&field.name()),
                    "{}.{}",
                    message.name(),
                    field.name()
                );
                let float = matches!(field.r#type(), Type::Float | Type::Double);
                assert!(!float, "{}.{}: no floats", message.name(), field.name());
                assert_ne!(field.label(), Label::Required);
            }
        }
    }
}

#[test]
fn reads_are_marked_free_of_side_effects_and_nothing_else_is() {
    for file in files() {
        for method in file.service.iter().flat_map(|service| &service.method) {
            let name = method.name();
            let read = ["Get", "List", "Explain", "Wait"]
                .iter()
                .any(|prefix| name.starts_with(prefix));
            let level = method
                .options
                .as_ref()
                .map(|options| options.idempotency_level().as_str_name());
            assert_eq!(level == Some("NO_SIDE_EFFECTS"), read, "{name}");
        }
    }
}
