//! Configuration, login, completion, version.

use crate::fake::Fake;
use crate::run::{command, end_of};

#[tokio::test]
async fn a_login_keeps_the_token_and_later_calls_send_it() {
    let server = Fake::start().await;
    let home = tempfile::tempdir().unwrap();
    let lqx = |line: &str| {
        let mut command = server.command(line);
        command.env("XDG_CONFIG_HOME", home.path());
        command
    };
    end_of(lqx("vm list"), None).await.exits(0);
    assert_eq!(server.state.lock().unwrap().authorization, None);

    let ended = end_of(lqx("login --username admin --password-stdin"), Some("wrong\n")).await;
    ended
        .exits(5)
        .says("error[UNAUTHENTICATED]: unknown user or wrong password");
    let ended = end_of(
        lqx("login --username admin --password-stdin"),
        Some("s3cret word\n"),
    )
    .await
    .exits(0);
    assert!(
        !ended.err.contains("access-1") && !ended.err.contains("s3cret"),
        "{ended:?}"
    );
    for line in ["vm list", "api GetVM {\"name\":\"web\"}"] {
        server.state.lock().unwrap().authorization = None;
        end_of(lqx(line), None).await.exits(0);
        assert_eq!(
            server.state.lock().unwrap().authorization.as_deref(),
            Some("Bearer access-1"),
            "{line}"
        );
    }
    let mut other = lqx("vm list");
    other.env("LQX_TOKEN", "from-environment");
    end_of(other, None).await.exits(0);
    assert_eq!(
        server.state.lock().unwrap().authorization.as_deref(),
        Some("Bearer from-environment")
    );
    end_of(lqx("login"), None).await.exits(2).says("--password-stdin");
}

#[tokio::test]
async fn the_configuration_tells_its_origins() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("limiquantix");
    std::fs::create_dir(&folder).unwrap();
    let text = "current = \"lab\"\n[contexts.lab]\nserver = \"http://lab:1\"\nproject = \"research\"\n";
    std::fs::write(folder.join("config.toml"), text).unwrap();
    let mut show = command("config show --origin --timeout 5m");
    show.env("XDG_CONFIG_HOME", home.path()).env("LQX_PROJECT", "ops");
    let ended = end_of(show, None).await.exits(0);
    for (name, value, origin) in [
        ("server:", "http://lab:1", "context lab"),
        ("project:", "ops", "environment LQX_PROJECT"),
        ("timeout:", "5m00s", "flag --timeout"),
        ("output:", "table", "default"),
        ("context:", "lab", "configuration file"),
    ] {
        let found = ended
            .out
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        assert!(
            found.contains(value) && found.ends_with(origin),
            "{name} in {ended:?}"
        );
    }
    std::fs::write(folder.join("config.toml"), "sever = \"x\"").unwrap();
    let mut list = command("vm list");
    list.env("XDG_CONFIG_HOME", home.path());
    end_of(list, None).await.exits(2).says("sever");
    let mut version = command("version -o json");
    version.env("XDG_CONFIG_HOME", home.path());
    end_of(version, None).await.exits(0);
}

#[tokio::test]
async fn shells_complete() {
    for shell in ["bash", "zsh", "fish"] {
        let ended = end_of(command(&format!("completion {shell}")), None)
            .await
            .exits(0);
        assert!(
            ended.out.contains("lqx") && ended.out.contains("launch"),
            "{shell}"
        );
    }
}

#[tokio::test]
async fn the_version_is_told() {
    let ended = end_of(command("version"), None).await.exits(0);
    assert!(ended.out.contains(env!("CARGO_PKG_VERSION")), "{ended:?}");
    end_of(command("--version"), None).await.exits(0);
    end_of(command("--help"), None).await.exits(0);
}
