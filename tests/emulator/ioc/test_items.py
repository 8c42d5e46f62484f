"""IndicatorItems, conditions, attributes and types: points 7 to 11, whose number each name carries."""

import pytest

from emulator.ioc import ITEM_TYPES, Instance, Snapshot, evaluate
from tests.emulator.ioc.documents import alone, holds, indicator, item, judge, meets, read

NAME_A = item("FileItem/FileName", "is", "a.exe", id="name-a")
FILE_A: Instance = {"FileName": "a.exe"}


# 7: items and terms


def test_07_the_term_is_split_at_the_first_stroke() -> None:
    one = item("FileItem/PEInfo/Type", "is", "dll")
    assert holds("1.0", indicator("OR", one), {"PEInfo/Type": "Dll"})
    assert not holds("1.0", indicator("OR", one), {"Type": "Dll"})


def test_07_outer_white_space_of_a_term_is_ignored() -> None:
    file = read("1.0", indicator("OR", item("  FileItem/FileName\n", "is", "a.exe")))
    assert file.terms == ("FileItem/FileName",)
    assert evaluate(file, Snapshot.of({"FileItem": [FILE_A]})).matched


def test_07_case_matters_in_terms() -> None:
    assert not holds("1.0", indicator("OR", item("FileItem/filename", "is", "a.exe")), FILE_A)
    assert not holds("1.0", indicator("OR", item("fileitem/FileName", "is", "a.exe")), FILE_A)


@pytest.mark.parametrize("item_type", ITEM_TYPES)
def test_07_every_listed_item_type_can_match(item_type: str) -> None:
    body = indicator("OR", item(f"{item_type}/x", "is", "1"))
    assert judge("1.1", body, {item_type: [{"x": "1"}]}).matched


@pytest.mark.parametrize("term", ["DriverItem/x", "Network/x", "FileItem", "FileItem/", "/x", "", " ", "FileItem /x"])
def test_07_other_types_and_terms_without_a_field_are_unsupported(term: str) -> None:
    body = indicator("OR", item(term, "is", "1"))
    assert len(read("1.1", body).faults) == 1
    device = {name: [{"x": "1", "": "1"}] for name in ("DriverItem", "Network", "FileItem", "", "FileItem ")}
    assert not judge("1.1", body, device).matched


CONTEXT = "<Context search='FileItem/FileName'/>"
CONTENT = "<Content>a.exe</Content>"


@pytest.mark.parametrize(
    "inside",
    [
        "",
        CONTEXT,
        CONTENT,
        CONTEXT + CONTEXT + CONTENT,
        CONTEXT + CONTENT + CONTENT,
        "<Context/>" + CONTENT,
        CONTEXT + "<Content>a.exe<b/></Content>",
        CONTEXT + "<Content><b>a.exe</b></Content>",
    ],
)
def test_07_an_item_needs_one_context_and_one_plain_content(inside: str) -> None:
    broken = f"<IndicatorItem condition='is'>{inside}</IndicatorItem>"
    assert not holds("1.1", indicator("OR", broken), FILE_A)
    assert holds("1.1", indicator("OR", broken, NAME_A), FILE_A)
    assert [fault.element for fault in read("1.1", indicator("OR", broken)).faults] == ["IndicatorItem"]


@pytest.mark.parametrize("content", ["a<!-- b -->.exe", "<![CDATA[a.exe]]>", "a&#46;exe", "a<?b c?>.exe"])
def test_07_a_content_is_its_whole_text(content: str) -> None:
    whole = f"<IndicatorItem condition='is'>{CONTEXT}<Content>{content}</Content></IndicatorItem>"
    assert holds("1.1", indicator("OR", whole), FILE_A)


# 8: conditions of each version

V10 = ["is", "isnot", "contains", "containsnot"]
V11 = ["is", "contains", "starts-with", "ends-with", "matches", "greater-than", "less-than"]


@pytest.mark.parametrize(("version", "condition"), [*(("1.0", name) for name in V10), *(("1.1", name) for name in V11)])
def test_08_the_conditions_of_a_version_are_supported(version: str, condition: str) -> None:
    kind = "int" if condition.endswith("-than") else "string"
    assert alone(condition, "1", kind, version=version).faults == ()


@pytest.mark.parametrize(
    ("version", "condition"),
    [
        *(("1.0", name) for name in V11 if name not in V10),
        *(("1.1", name) for name in V10 if name not in V11),
        ("1.0", "IS"),
        ("1.1", "Contains"),
        ("1.1", " is"),
        ("1.1", ""),
    ],
)
def test_08_a_condition_of_the_other_version_or_spelling_is_unsupported(version: str, condition: str) -> None:
    file = alone(condition, "1", "int" if condition.endswith("-than") else "string", version=version)
    assert "is not supported in OpenIOC" in file.faults[0].reason
    assert not meets(file, "1")
    assert not meets(file, "2")


def test_08_an_item_without_a_condition_is_broken() -> None:
    body = indicator("OR", item("FileItem/FileName", None, "a.exe"))
    assert read("1.0", body).faults[0].reason == "it has no condition"
    assert not holds("1.0", body, FILE_A)


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        ("is", "abc", "abcd"),
        ("contains", "xabcx", "xabx"),
        ("starts-with", "abcx", "xabc"),
        ("ends-with", "xabc", "abcx"),
        ("matches", "xabcx", "ab"),
    ],
)
def test_08_each_string_condition_compares_its_way(condition: str, yes: str, no: str) -> None:
    assert meets(alone(condition, "abc"), yes)
    assert not meets(alone(condition, "abc"), no)


# 9: attributes


@pytest.mark.parametrize(
    ("value", "negated"),
    [(None, False), ("false", False), ("0", False), ("FALSE", False), ("true", True), ("1", True), ("True", True)],
)
def test_09_negate_is_read_in_any_case_and_is_false_when_absent(value: str | None, negated: bool) -> None:
    file = alone("is", "a", negate=value)
    assert meets(file, "a") is not negated
    assert meets(file, "b") is negated


@pytest.mark.parametrize("value", [None, "false", "0", "true", "1", "TRUE"])
def test_09_preserve_case_is_read_in_any_case_and_is_false_when_absent(value: str | None) -> None:
    file = alone("is", "Ab", preserve_case=value)
    assert meets(file, "Ab")
    assert meets(file, "aB") is (value in (None, "false", "0"))


@pytest.mark.parametrize("value", ["", "yes", "2", " true", "on"])
def test_09_another_value_makes_the_item_broken(value: str) -> None:
    for file in (alone("is", "a", negate=value), alone("is", "a", preserve_case=value)):
        assert "neither true nor false" in file.faults[0].reason
        assert not meets(file, "a")
        assert not meets(file, "b")


@pytest.mark.parametrize("value", ["true", "nonsense"])
def test_09_both_attributes_are_ignored_in_1_0(value: str) -> None:
    file = alone("is", "a", version="1.0", negate=value, preserve_case=value)
    assert file.faults == ()
    assert meets(file, "A")
    assert not meets(file, "b")


# 10: data types


@pytest.mark.parametrize("kind", [None, "", "string", "md5", "sha1", "IP", "base64Binary", "boolean string", "float"])
def test_10_every_other_type_is_a_string(kind: str | None) -> None:
    assert meets(alone("is", "0x10", kind), "0X10")
    assert not meets(alone("is", "0x10", kind), 16)
    assert meets(alone("contains", "x1", kind), "0x10")


@pytest.mark.parametrize("kind", ["int", "INT", "Int"])
def test_10_type_names_are_read_in_any_case(kind: str) -> None:
    assert meets(alone("is", "0x10", kind), 16)


PAIRS = {"int": "5", "date": "2026-01-01T00:00:00Z", "duration": "5"}


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("condition", ["is", "greater-than", "less-than"])
def test_10_ordered_types_take_is_and_the_orderings(kind: str, condition: str) -> None:
    assert alone(condition, PAIRS[kind], kind).faults == ()


@pytest.mark.parametrize("kind", PAIRS)
def test_10_ordered_types_take_isnot_in_1_0(kind: str) -> None:
    assert alone("isnot", PAIRS[kind], kind, version="1.0").faults == ()


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("condition", ["contains", "starts-with", "ends-with", "matches"])
def test_10_ordered_types_take_no_string_condition(kind: str, condition: str) -> None:
    file = alone(condition, PAIRS[kind], kind)
    assert "does not compare the type" in file.faults[0].reason
    assert not meets(file, PAIRS[kind])


@pytest.mark.parametrize("condition", ["greater-than", "less-than"])
@pytest.mark.parametrize("kind", ["string", None, "md5"])
def test_10_strings_take_no_ordering(kind: str | None, condition: str) -> None:
    file = alone(condition, "5", kind)
    assert "not strings" in file.faults[0].reason
    assert not meets(file, 4, 6)


# 11: unsupported items


@pytest.mark.parametrize("negate", [None, "true"])
def test_11_an_unsupported_item_never_matches_negated_or_not(negate: str | None) -> None:
    broken = item("FileItem/FileName", "isnot", "x", negate=negate)
    assert not holds("1.1", indicator("OR", broken), FILE_A)
    assert not holds("1.1", indicator("AND", broken, NAME_A), FILE_A)
    assert holds("1.1", indicator("OR", broken, NAME_A), FILE_A)
