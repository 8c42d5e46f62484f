import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.policy.errors import GroupError
from emulator.policy.groups import DEPTH_MAX, GROUPS_MAX, ROOT, GroupTree

HQ = f"{ROOT}/HQ"


def test_the_root_always_exists() -> None:
    assert list(GroupTree()) == [ROOT]  # KEA-POL-015
    assert GroupTree().ancestors(ROOT) == ()
    assert GroupTree().descendants(ROOT) == ()


def test_creating_a_group_makes_its_parents() -> None:
    tree = GroupTree([f"{HQ}/Office"])  # KEA-POL-016
    assert list(tree) == [ROOT, HQ, f"{HQ}/Office"]
    assert len(tree) == 3


def test_creating_a_group_that_exists_changes_nothing() -> None:
    tree = GroupTree([f"{HQ}/Office"])
    tree.add(HQ)
    tree.add(ROOT)
    assert list(tree) == [ROOT, HQ, f"{HQ}/Office"]


def test_ancestors_come_nearest_first() -> None:
    assert GroupTree([f"{HQ}/Office"]).ancestors(f"{HQ}/Office") == (HQ, ROOT)


def test_descendants_come_in_order_of_their_names_whatever_the_order_of_creation() -> None:
    paths = [f"{HQ}/b", f"{ROOT}/A", f"{HQ}/a/x", f"{HQ}/a"]
    expected = (f"{ROOT}/A", HQ, f"{HQ}/a", f"{HQ}/a/x", f"{HQ}/b")
    assert GroupTree(paths).descendants(ROOT) == expected
    assert GroupTree(reversed(paths)).descendants(ROOT) == expected
    assert GroupTree(paths).descendants(f"{HQ}/a") == (f"{HQ}/a/x",)


def test_a_group_contains_itself_and_what_is_below_and_nothing_that_only_looks_so() -> None:
    tree = GroupTree([f"{HQ}/Office", f"{ROOT}/HQ2"])
    assert tree.contains(HQ, HQ)
    assert tree.contains(HQ, f"{HQ}/Office")
    assert not tree.contains(HQ, f"{ROOT}/HQ2")
    assert not tree.contains(HQ, ROOT)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("HQ/Office", "not under the root"),
        ("", "not under the root"),
        (f"{ROOT}/", "empty"),
        (f"{ROOT}//x", "empty"),
        (f"{ROOT}/ x", "blanks"),
        (f"{ROOT}/a\nb", "control character"),
        (f"{ROOT}/" + "x" * 201, "201 characters"),
        ("/".join([ROOT, *"x" * DEPTH_MAX]), f"{DEPTH_MAX + 1} levels"),
    ],
)
def test_a_wrong_path_is_refused(path: str, says: str) -> None:
    with pytest.raises(GroupError, match=says):
        GroupTree([path])


def test_a_refused_path_creates_nothing() -> None:
    tree = GroupTree()
    with pytest.raises(GroupError):
        tree.add(f"{ROOT}/a/ b")
    assert list(tree) == [ROOT]


def test_a_question_about_an_unknown_group_is_refused() -> None:
    for ask in (GroupTree().ancestors, GroupTree().descendants):
        with pytest.raises(GroupError, match="there is no group"):
            ask(HQ)


def test_the_number_of_groups_is_bounded() -> None:
    tree = GroupTree(f"{ROOT}/{number}" for number in range(GROUPS_MAX - 1))
    with pytest.raises(GroupError, match="already"):
        tree.add(f"{ROOT}/one more")


def test_a_table_of_parents_becomes_a_tree_in_any_order() -> None:
    expected = [ROOT, HQ, f"{HQ}/Office"]
    assert list(GroupTree.from_parents({"Office": "HQ", "HQ": ROOT})) == expected
    assert list(GroupTree.from_parents({"HQ": ROOT, "Office": "HQ"})) == expected


def test_a_cycle_is_refused_and_named() -> None:
    parents = {"Z": "A", "A": "B", "B": "C", "C": "A", "HQ": ROOT}
    with pytest.raises(GroupError) as caught:
        GroupTree.from_parents(parents)
    assert caught.value.cause == "the groups 'A' -> 'B' -> 'C' -> 'A' are a cycle"


def test_a_group_that_is_its_own_parent_is_a_cycle() -> None:
    with pytest.raises(GroupError, match="'A' -> 'A'"):
        GroupTree.from_parents({"A": "A"})


def test_an_unknown_parent_is_refused() -> None:
    with pytest.raises(GroupError, match="the parent 'Nowhere' of 'B' is unknown"):
        GroupTree.from_parents({"A": "B", "B": "Nowhere"})


@pytest.mark.parametrize("parents", [{ROOT: "A", "A": ROOT}, {"A/B": ROOT}, {"": ROOT}])
def test_a_table_with_a_wrong_name_is_refused(parents: dict[str, str]) -> None:
    with pytest.raises(GroupError):
        GroupTree.from_parents(parents)


def test_a_table_that_is_too_deep_is_refused_at_once() -> None:
    chain = {str(number): str(number + 1) for number in range(GROUPS_MAX)}
    with pytest.raises(GroupError, match="levels"):
        GroupTree.from_parents(chain)


names = st.sampled_from("abcde")


@given(st.dictionaries(names, names | st.just(ROOT) | st.just("?")))
def test_a_table_is_a_tree_exactly_if_every_group_reaches_the_root(parents: dict[str, str]) -> None:
    def reaches(name: str) -> bool:
        for _ in range(len(parents) + 1):
            if name == ROOT:
                return True
            name = parents.get(name, "?")
        return False

    try:
        tree = GroupTree.from_parents(parents)
    except GroupError:
        assert not all(reaches(name) for name in parents)
    else:
        assert all(reaches(name) for name in parents)
        assert len(tree) == len(parents) + 1


@given(st.lists(st.lists(names, max_size=4).map(lambda parts: "/".join([ROOT, *parts]))))
def test_ancestors_and_descendants_are_two_sides_of_one_relation(paths: list[str]) -> None:
    tree = GroupTree(paths)
    for upper in tree:
        for lower in tree:
            assert (upper in tree.ancestors(lower)) == (lower in tree.descendants(upper))
            assert tree.contains(upper, lower) == (upper == lower or upper in tree.ancestors(lower))
