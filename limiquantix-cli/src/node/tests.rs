use limiquantix_proto::compute::v1::TaintEffect;

use super::label::{Edit, edit, edited};
use super::taint::{mark, taint};

#[test]
fn taints_are_written_as_kubectl_writes_them() {
    let gpu = taint("gpu=a100:no-schedule").unwrap();
    assert_eq!((gpu.key.as_str(), gpu.value.as_str()), ("gpu", "a100"));
    assert_eq!(gpu.effect, TaintEffect::NoSchedule);
    let soft = taint("spare:PreferNoSchedule").unwrap();
    assert_eq!(
        (soft.value.as_str(), soft.effect),
        ("", TaintEffect::PreferNoSchedule.into())
    );
    for odd in ["gpu", "gpu=a", ":no-schedule", "=a:no-schedule", "gpu:never"] {
        assert!(taint(odd).is_err(), "{odd}");
    }
    let any = mark("gpu").unwrap();
    assert_eq!((any.key.as_str(), any.effect), ("gpu", TaintEffect::Unspecified));
    assert_eq!(mark("gpu:no-schedule").unwrap().effect, TaintEffect::NoSchedule);
    assert!(mark("gpu=a").is_err() && mark("").is_err() && mark("gpu:x").is_err());
}

#[test]
fn labels_are_set_and_removed_one_by_one() {
    assert_eq!(edit("rack=7").unwrap(), Edit::Set("rack".into(), "7".into()));
    assert_eq!(edit("rack=").unwrap(), Edit::Set("rack".into(), String::new()));
    assert_eq!(edit("a=b-").unwrap(), Edit::Set("a".into(), "b-".into()));
    assert_eq!(edit("rack-").unwrap(), Edit::Remove("rack".into()));
    assert!(edit("rack").is_err() && edit("=x").is_err() && edit("-").is_err());
    let before = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())].into();
    let edits = ["b-", "c=3", "a=4"].map(|text| edit(text).unwrap());
    let after = [("a".to_owned(), "4".to_owned()), ("c".to_owned(), "3".to_owned())].into();
    assert_eq!(edited(&before, &edits), after);
}
