use super::natural;

#[test]
fn names_are_ordered_as_people_order_them() {
    let mut names = ["n10", "n2", "n1-b", "n1", "m3", "n02"];
    names.sort_by_key(|name| natural(name));
    assert_eq!(names, ["m3", "n1", "n1-b", "n2", "n02", "n10"]);
}
