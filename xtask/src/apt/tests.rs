//! Reading dpkg's and apt's answers.

use super::backports::{candidate, codename, mirror, stranded_version, write};
use super::installed;
use super::sets::{Set, union};

const OFFERED: &str = "\
qemu-utils:
  Installed: 1:10.0.2+ds-2~bpo12+1
  Candidate: 1:10.0.2+ds-2~bpo12+1
  Version table:
 *** 1:10.0.2+ds-2~bpo12+1 900
        100 http://mirror.invalid/debian bookworm-backports/main amd64 Packages
        100 /var/lib/dpkg/status
     1:7.2+dfsg-7 500
        500 http://mirror.invalid/debian bookworm/main amd64 Packages
";

const STRANDED: &str = "\
qemu-utils:
  Installed: 1:10.0.2+ds-2~bpo12+1
  Candidate: 1:10.0.2+ds-2~bpo12+1
  Version table:
 *** 1:10.0.2+ds-2~bpo12+1 100
        100 /var/lib/dpkg/status
     1:7.2+dfsg-7 500
        500 http://mirror.invalid/debian bookworm/main amd64 Packages
";

const ABSENT: &str = "\
qemu-utils:
  Installed: (none)
  Candidate: 1:7.2+dfsg-7
  Version table:
     1:7.2+dfsg-7 500
        500 http://mirror.invalid/debian bookworm/main amd64 Packages
";

#[test]
fn a_half_configured_package_is_not_installed() {
    let listing = "gcc installed\nqemu-utils half-configured\nlz4 not-installed\nzstd config-files";
    assert_eq!(installed(listing), ["gcc"]);
}

#[test]
fn only_a_version_without_a_source_is_stranded() {
    assert_eq!(stranded_version(OFFERED), None);
    assert_eq!(stranded_version(ABSENT), None);
    assert_eq!(stranded_version(STRANDED), Some("1:10.0.2+ds-2~bpo12+1"));
}

#[test]
fn a_package_no_index_offers_has_no_candidate() {
    assert_eq!(candidate(ABSENT), Some("1:7.2+dfsg-7"));
    assert_eq!(
        candidate("x:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n"),
        None
    );
    assert_eq!(candidate(""), None);
}

#[test]
fn backports_come_from_the_mirror_of_the_release_itself_and_only_for_the_pinned_sources() {
    let targets = "\
Packages|bookworm-security|http://mirror.invalid/security/
DEP-11|bookworm|http://wrong.invalid/debian/
Packages|bookworm|http://mirror.invalid/debian/";
    let uri = mirror(targets, "bookworm").unwrap();
    let files = write("bookworm", &uri, "/usr/share/keyrings/k.gpg");
    assert_eq!(
        files.list,
        "deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.invalid/debian/ bookworm-backports main\n"
    );
    assert!(files.preferences.contains("src:qemu"), "{}", files.preferences);
    assert!(!files.preferences.contains("Package: *"), "{}", files.preferences);
    assert!(mirror(targets, "trixie").is_err());
}

#[test]
fn the_release_is_read_with_and_without_quotes() {
    assert_eq!(
        codename("ID=debian\nVERSION_CODENAME=bookworm\n").unwrap(),
        "bookworm"
    );
    assert_eq!(codename("VERSION_CODENAME=\"noble\"\n").unwrap(), "noble");
    assert!(codename("ID=arch\n").is_err());
}

#[test]
fn the_test_set_holds_all_others_once() {
    let test = union(&[Set::Test]);
    assert_eq!(union(&[Set::Build, Set::Run, Set::Guest, Set::Test]), test);
}
