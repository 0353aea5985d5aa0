use limiquantix_core::identity::{ImageName, Name, ProjectId};
use limiquantix_core::resource::Labels;
use proptest::prelude::*;

/// Any valid name: mostly short ASCII, sometimes 255 characters, sometimes of several scripts.
pub fn any_name() -> impl Strategy<Value = Name> {
    let short = "[a-z][a-z0-9-]{0,14}[a-z0-9]";
    let free = "[\\p{L}\\p{Nd}]([\\p{L}\\p{Nd} ._-]{0,30}[\\p{L}\\p{Nd}])?";
    let long = "[A-Za-z0-9]{255}";
    prop_oneof![8 => short, 3 => free, 1 => long]
        .prop_filter_map("not alphanumeric to the standard library", |s| {
            Name::parse("name", &s).ok()
        })
}

/// Any valid project id.
pub fn any_project() -> impl Strategy<Value = ProjectId> {
    "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
        .prop_filter_map("not a project id", |s| ProjectId::parse("project", &s).ok())
}

/// Any valid image name.
pub fn any_image() -> impl Strategy<Value = ImageName> {
    "[A-Za-z0-9_][A-Za-z0-9._-]{0,20}"
        .prop_filter_map("not an image name", |s| ImageName::parse("image", &s).ok())
}

/// Up to four labels with keys and values that a naive query would trip over: quotes, wildcards, control
/// characters, nothing at all.
pub fn any_labels() -> impl Strategy<Value = Labels> {
    let word = || {
        prop_oneof![
            6 => "[a-z]{1,8}",
            1 => "[a-z./-]{1,20}",
            1 => "['\"%_\\\\;\u{0}\n\t]{0,6}",
            1 => "\\PC{0,12}",
        ]
    };
    prop::collection::btree_map(word(), word(), 0..4)
}
