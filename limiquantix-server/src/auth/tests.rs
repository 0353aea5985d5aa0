use super::*;

#[test]
fn only_the_development_user_logs_in_and_only_where_there_is_one() {
    let auth = Auth::new(true);
    assert!(auth.login("admin", "admin").is_ok());
    for (user, password) in [("admin", "wrong"), ("root", "admin"), ("", ""), ("admin", "")] {
        assert_eq!(
            auth.login(user, password).err().map(|e| e.reason()),
            Some(Reason::Unauthenticated)
        );
    }
    assert!(Auth::new(false).login("admin", "admin").is_err());
}

#[test]
fn a_wrong_token_is_refused_rather_than_ignored() {
    let auth = Auth::new(true);
    assert_eq!(auth.identify(None).unwrap().name, "local");
    let pair = auth.login("admin", "admin").unwrap();
    assert_eq!(
        auth.identify(Some(&format!("Bearer {}", pair.access)))
            .unwrap()
            .name,
        "admin"
    );
    for header in [
        "Bearer x",
        "Bearer ",
        "Basic YWRtaW46YWRtaW4=",
        &pair.access,
        &format!("Bearer {}", pair.refresh),
    ] {
        assert!(auth.identify(Some(header)).is_err(), "{header}");
    }
}

#[test]
fn a_refresh_token_works_once_and_its_theft_ends_the_session() {
    let auth = Auth::new(true);
    let first = auth.login("admin", "admin").unwrap();
    let second = auth.refresh(&first.refresh).unwrap();
    assert!(
        auth.identify(Some(&format!("Bearer {}", first.access))).is_err(),
        "the old access token is gone"
    );
    assert!(auth.refresh(&first.refresh).is_err(), "spent");
    assert!(
        auth.identify(Some(&format!("Bearer {}", second.access))).is_err(),
        "the session has ended"
    );
    assert!(auth.refresh(&second.refresh).is_err());
}

#[test]
fn an_access_token_is_no_refresh_token() {
    let auth = Auth::new(true);
    let pair = auth.login("admin", "admin").unwrap();
    assert!(auth.refresh(&pair.access).is_err());
}

#[test]
fn logging_out_ends_the_session() {
    let auth = Auth::new(true);
    let pair = auth.login("admin", "admin").unwrap();
    auth.logout(&pair.refresh, None);
    assert!(auth.identify(Some(&format!("Bearer {}", pair.access))).is_err());
    assert!(auth.refresh(&pair.refresh).is_err());
}

#[test]
fn the_access_token_alone_is_enough_to_log_out() {
    let auth = Auth::new(true);
    let pair = auth.login("admin", "admin").unwrap();
    let header = format!("Bearer {}", pair.access);
    auth.logout("", Some(&header));
    assert!(auth.identify(Some(&header)).is_err());
    assert!(
        auth.refresh(&pair.refresh).is_err(),
        "the whole session has ended"
    );
    auth.logout("", Some(&header));
}
