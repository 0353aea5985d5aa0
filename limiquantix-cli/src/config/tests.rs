use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::exit::Exit;
use crate::failure::Failure;

/// A home with a configuration file, and an environment.
struct Home {
    directory: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Home {
    fn new(config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("limiquantix");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), config).unwrap();
        let path = directory.path().to_str().unwrap().to_owned();
        Self {
            directory,
            variables: [("XDG_CONFIG_HOME".to_owned(), path)].into(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn resolve(&self, flags: Flags) -> Result<Settings, Failure> {
        resolve(flags, &|name| self.variables.get(name).cloned())
    }
}

const CONFIG: &str = r#"
current = "lab"

[contexts.lab]
server = "http://lab:1"
project = "research"
output = "wide"
timeout = "2m"

[contexts.home]
server = "http://home:2"
"#;

#[test]
fn without_anything_the_defaults_count() {
    let settings = resolve(Flags::default(), &|_| None).unwrap();
    assert_eq!(
        settings.server,
        Setting {
            value: "http://127.0.0.1:8080".into(),
            origin: Origin::Default
        }
    );
    assert_eq!(settings.output.value, Format::Table);
    assert_eq!(settings.timeout.value, None);
    assert_eq!(settings.context, None);
}

#[test]
fn flag_beats_environment_beats_context() {
    let home = Home::new(CONFIG);
    let settings = home.resolve(Flags::default()).unwrap();
    assert_eq!(
        settings.server,
        Setting {
            value: "http://lab:1".into(),
            origin: Origin::Context("lab".into())
        }
    );
    assert_eq!(settings.project.value, "research");
    assert_eq!(settings.output.value, Format::Wide);
    assert_eq!(settings.timeout.value, Some(Duration::from_secs(120)));
    assert_eq!(settings.context.unwrap().origin, Origin::File);

    let home = home.with("LQX_SERVER", "env:3").with("LQX_PROJECT", "");
    let settings = home.resolve(Flags::default()).unwrap();
    let expected = Setting {
        value: "http://env:3".to_owned(),
        origin: Origin::Environment("LQX_SERVER"),
    };
    assert_eq!(settings.server, expected);
    assert_eq!(
        settings.project.value, "research",
        "an empty variable says nothing"
    );

    let flags = Flags {
        server: Some("http://flag:4/".into()),
        ..Default::default()
    };
    let settings = home.resolve(flags).unwrap();
    assert_eq!(
        settings.server,
        Setting {
            value: "http://flag:4".into(),
            origin: Origin::Flag("--server")
        }
    );
}

#[test]
fn a_context_is_chosen_by_flag_environment_and_file() {
    let home = Home::new(CONFIG).with("LQX_CONTEXT", "home");
    assert_eq!(
        home.resolve(Flags::default()).unwrap().server.value,
        "http://home:2"
    );
    let flags = Flags {
        context: Some("lab".into()),
        ..Default::default()
    };
    assert_eq!(home.resolve(flags).unwrap().server.value, "http://lab:1");
}

#[test]
fn what_is_wrong_in_the_configuration_is_named() {
    let wrong = |config: &str| Home::new(config).resolve(Flags::default()).unwrap_err();
    for (config, hint) in [
        ("curent = \"lab\"", "curent"),
        ("[contexts.lab]\nsever = \"x\"", "sever"),
        ("current = ", "config.toml"),
        ("current = \"nowhere\"", "nowhere"),
        ("current = \"a\"\n[contexts.a]\noutput = \"xml\"", "context a"),
        ("current = \"a\"\n[contexts.a]\ntimeout = \"soon\"", "context a"),
    ] {
        let failure = wrong(config);
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(failure.to_string().contains(hint), "{failure}");
    }
}

#[test]
fn addresses_are_checked() {
    let server = |address: &str| {
        let flags = Flags {
            server: Some(address.into()),
            ..Default::default()
        };
        resolve(flags, &|_| None).map(|settings| settings.server.value)
    };
    assert_eq!(server("lab:8080").unwrap(), "http://lab:8080");
    assert_eq!(server("http://[::1]:80/").unwrap(), "http://[::1]:80");
    for address in [
        "",
        "http://",
        "ftp://lab",
        "https://lab",
        "http://lab/api",
        "http://me@lab",
        "a b",
    ] {
        assert_eq!(server(address).unwrap_err().exit(), Exit::Usage, "{address}");
    }
}

fn token(access_token: &str) -> Token {
    Token {
        username: "admin".into(),
        access_token: access_token.into(),
        refresh_token: "r".into(),
        expires_at: String::new(),
    }
}

#[test]
fn a_token_is_kept_for_its_server_alone_and_for_its_owner_alone() {
    let home = Home::new("");
    let at = |server: &str| {
        home.resolve(Flags {
            server: Some(server.into()),
            ..Default::default()
        })
        .unwrap()
    };
    let path = at("lab:1").keep_token(token("lab-token")).unwrap();
    at("home:2").keep_token(token("home-token")).unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        at("http://lab:1/").access_token().unwrap().as_deref(),
        Some("lab-token")
    );
    assert_eq!(
        at("home:2").access_token().unwrap().as_deref(),
        Some("home-token")
    );
    assert_eq!(at("other:3").access_token().unwrap(), None);
    let left: Vec<_> = std::fs::read_dir(home.directory.path().join("limiquantix"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 2, "configuration and tokens, and no draft");
}

#[test]
fn tokens_that_others_may_read_are_refused_and_never_quoted() {
    let home = Home::new("");
    let settings = home.resolve(Flags::default()).unwrap();
    let path = settings.keep_token(token("secret")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let failure = settings.access_token().unwrap_err();
    assert!(failure.to_string().contains("chmod 600"), "{failure}");

    std::fs::write(&path, "access_token = \"secret\"").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let failure = settings.access_token().unwrap_err().to_string();
    assert!(!failure.contains("secret"), "{failure}");
}
