"""Random documents and devices, against a plain reading that shares nothing with the engine."""

import re
from random import Random

from hypothesis import given, note, settings
from hypothesis import strategies as st

from emulator.ioc import Instance, Snapshot, Sweep, evaluate
from tests.emulator.ioc.makers import DATES, DURATIONS, TYPES, Leaf, Maker, Tree, read

# A seed and a size are drawn and make the rest: drawing every part by itself gives hardly a match.
makers = st.builds(lambda seed, size: Maker(Random(seed), size), st.integers(0, 2**32), st.integers(1, 4))


def integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    if isinstance(value, int):
        return value
    return {"1": 1, "2": 2, "0x2": 2, "+1": 1, "60": 60}.get(value.strip())


def moment(value: object) -> int | None:
    return DATES.index(value) if isinstance(value, str) and value in DATES else None


def seconds(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return value if isinstance(value, int) else {**DURATIONS, "2": 2}.get(value.strip())


def text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def one_value(leaf: Leaf, positive: str, version: str, value: object) -> bool | None:
    if leaf.kind != "string":
        reader = {"int": integer, "date": moment, "duration": seconds}[leaf.kind]
        number = reader(value)
        if number is None:
            return None
        if " TO " in leaf.content:
            low, high = (reader(end) for end in leaf.content.strip("[]").split(" TO "))
        else:
            low = high = reader(leaf.content)
        assert low is not None
        assert high is not None
        if positive == "is":
            return low <= number <= high
        return number > low if positive == "greater-than" else number < low
    seen = text(value)
    if seen is None:
        return None
    kept = version == "1.1" and leaf.preserve_case == "true"
    if positive == "matches":
        return re.search(leaf.content, seen, 0 if kept else re.IGNORECASE) is not None
    wanted = leaf.content
    if not kept:
        seen, wanted = seen.casefold(), wanted.casefold()
    return {
        "is": seen == wanted,
        "contains": wanted in seen,
        "starts-with": seen.startswith(wanted),
        "ends-with": seen.endswith(wanted),
    }[positive]


def usable(leaf: Leaf, version: str) -> bool:
    allowed = {
        "1.0": {"is", "isnot", "contains", "containsnot"},
        "1.1": {"is", "contains", "starts-with", "ends-with", "matches", "greater-than", "less-than"},
    }[version]
    if leaf.condition not in allowed or leaf.item_type == "DriverItem":
        return False
    if version == "1.1" and {leaf.negate, leaf.preserve_case} - {None, "true", "false"}:
        return False
    ordered = leaf.kind != "string"
    if ordered and leaf.condition not in {"is", "isnot", "greater-than", "less-than"}:
        return False
    if not ordered and leaf.condition in {"greater-than", "less-than"}:
        return False
    if leaf.content == "2 TO 1":
        return not ordered
    if ordered and " TO " in leaf.content:
        return leaf.kind == "int" and leaf.condition in {"is", "isnot"}
    if leaf.kind == "int":
        return integer(leaf.content) is not None
    if leaf.kind == "date":
        return moment(leaf.content) is not None
    if leaf.kind == "duration":
        return seconds(leaf.content) is not None
    return True


def satisfies(leaf: Leaf, version: str, instance: Instance) -> bool:
    if not usable(leaf, version):
        return False
    held = instance.get(leaf.field)
    values = list(held) if isinstance(held, (list, tuple)) else [held]
    positive = {"isnot": "is", "containsnot": "contains"}.get(leaf.condition, leaf.condition)
    negated = leaf.condition != positive or (version == "1.1" and leaf.negate == "true")
    verdicts = [verdict for value in values if (verdict := one_value(leaf, positive, version, value)) is not None]
    if not verdicts:
        return False
    return not any(verdicts) if negated else any(verdicts)


def tree_holds(tree: Tree, version: str, device: Snapshot) -> bool:
    leaves = [child for child in tree.children if isinstance(child, Leaf)]
    trees = [child for child in tree.children if isinstance(child, Tree)]
    foreign = [child for child in tree.children if isinstance(child, str) and "Comment" not in child]
    if tree.operator.upper() not in ("AND", "OR") or not leaves + trees + foreign:
        return False
    if tree.operator.upper() == "OR":
        single = any(satisfies(leaf, version, one) for leaf in leaves for one in device.instances(leaf.item_type))
        return single or any(tree_holds(inside, version, device) for inside in trees)
    if foreign or not all(tree_holds(inside, version, device) for inside in trees):
        return False
    return all(
        any(
            all(satisfies(leaf, version, one) for leaf in leaves if leaf.item_type == item_type)
            for one in device.instances(item_type)
        )
        for item_type in {leaf.item_type for leaf in leaves}
    )


def named(tree: Tree, version: str, device: Snapshot) -> list[str]:
    """The items of a tree, in document order, by which it holds."""
    if not tree_holds(tree, version, device):
        return []
    names = []
    for child in tree.children:
        if isinstance(child, Tree):
            names += named(child, version, device)
        elif isinstance(child, Leaf) and any(
            satisfies(child, version, one) for one in device.instances(child.item_type)
        ):
            names.append(child.id)
    return names


@settings(max_examples=1000, deadline=None)
@given(makers)
def test_a_verdict_equals_the_plain_reading(maker: Maker) -> None:
    version, alternatives = maker.document()
    device = maker.device()
    note(f"{version} {[tree.xml() for tree in alternatives]} on {device.items}")
    file = read(version, alternatives)
    assert file.supported
    verdict = evaluate(file, device)
    assert verdict.matched == any(tree_holds(tree, version, device) for tree in alternatives)
    expected = [name for tree in alternatives for name in named(tree, version, device)]
    assert verdict.matched_items == tuple(dict.fromkeys(expected))


@settings(max_examples=500, deadline=None)
@given(makers)
def test_a_sweep_equals_judging_each_whole_device(maker: Maker) -> None:
    files = [read(*maker.document()) for _ in range(maker.size)]
    image = maker.device()
    sweep = Sweep(files)
    for _ in range(3):
        changes = maker.changes()
        note(f"{changes} on {image.items}")
        whole = image.with_changes(changes)
        for item_type in TYPES:
            assert list(whole.instances(item_type)) == list(image.instances_with(changes, item_type))
        assert sweep.on_device(image, changes) == tuple(evaluate(file, whole) for file in files)
    assert sweep.on_image(image) == tuple(evaluate(file, image) for file in files)
