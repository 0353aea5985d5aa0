//! Looks for libvirt's library and says in one sentence what to do where it is absent.
//!
//! The crate that links it would look too, but fail with a page of what `pkg-config` said; `.cargo/config.toml` of the
//! workspace keeps it from doing so. Outside of this workspace both look, and both complain.

use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "DOCS_RS"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if std::env::var_os("DOCS_RS").is_some() {
        return;
    }
    let Some(libraries) = pkg_config(&["--libs-only-L", "libvirt >= 6.0.0"]) else {
        println!(
            "cargo::error=libvirt's library (6.0 or newer) or pkg-config is not installed, and this crate links it. \
             Debian, Ubuntu: apt install libvirt-dev pkg-config. Fedora: dnf install libvirt-devel pkgconf. \
             Or build without it: leave out the feature `libvirt`."
        );
        return;
    };
    // Only where it is in an unusual place.
    for place in libraries
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("-L"))
    {
        println!("cargo::rustc-link-search=native={place}");
    }
}

fn pkg_config(arguments: &[&str]) -> Option<String> {
    let tool = std::env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".to_owned());
    let output = Command::new(tool)
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
