//! Compiles `proto/` into Rust without `protoc` or `buf`: protox parses the files, connectrpc-build
//! writes messages, service traits and clients.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use buffa_codegen::{BytesRepr, MapRepr, PointerRepr};
use connectrpc_build::CodeGenConfig;

fn main() -> Result<()> {
    let root = Path::new("proto");
    // A directory: a file added, removed or changed below it runs this script again.
    println!("cargo:rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    proto_files(root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).include_source_info(true);
    compiler
        .open_files(&files)
        .map_err(|error| anyhow::anyhow!("{error:?}"))?;

    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").context("OUT_DIR is not set")?);
    let with_comments = out_dir.join("descriptor_with_comments.bin");
    std::fs::write(&with_comments, compiler.encode_file_descriptor_set())?;
    // Reflection gets the descriptors without comments and positions, a fraction of the size.
    compiler.include_source_info(false);
    std::fs::write(
        out_dir.join("descriptor.bin"),
        compiler.encode_file_descriptor_set(),
    )?;

    let mut codegen = CodeGenConfig::default();
    codegen.generate_json = true;
    // Maps in key order, so that the same message always has the same bytes and the same JSON.
    codegen.map_fields = vec![(".".into(), MapRepr::BTreeMap)];
    // Console output is passed on from stream to stream without being copied.
    codegen.bytes_fields = vec![(".".into(), BytesRepr::Bytes)];

    // Submessages on the heap: inline, a VM with its placement report makes every future that holds one
    // kilobytes larger.
    codegen.pointer_fields = vec![(".".into(), PointerRepr::Box)];

    let names: Vec<_> = files
        .iter()
        .filter_map(|file| file.strip_prefix(root).ok())
        .collect();
    connectrpc_build::Config::new()
        .buffa_config(codegen)
        .descriptor_set(&with_comments)
        .files(&names)
        .include_file("_connectrpc.rs")
        .gate_client_feature(true)
        .emit_rerun_directives(false)
        .compile()
}

fn proto_files(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            proto_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    Ok(())
}
