"""How values are compared: points 12 to 20, whose number each name carries."""

import pytest

from emulator.ioc import IndicatorFile, Instance
from tests.emulator.ioc.documents import alone, holds, indicator, item, meets

NAME_A = item("FileItem/FileName", "is", "a.exe", id="name-a")
FILE_A: Instance = {"FileName": "a.exe"}
FILE_A1: Instance = {"FileName": "a.exe", "SizeInBytes": 1}
FILE_A2: Instance = {"FileName": "a.exe", "SizeInBytes": 2}


# 12 to 14: several values, negation, absence


def test_12_one_of_several_values_is_enough() -> None:
    assert meets(alone("is", "b"), "a", "b")
    assert not meets(alone("is", "c"), "a", "b")
    assert meets(alone("greater-than", "5", "int"), 1, "7")


@pytest.mark.parametrize(
    "negative",
    [alone("isnot", "b", version="1.0"), alone("containsnot", "b", version="1.0"), alone("is", "b", negate="true")],
)
def test_13_a_negation_holds_when_no_value_satisfies(negative: IndicatorFile) -> None:
    assert meets(negative, "a")
    assert meets(negative, "a", "c")
    assert not meets(negative, "a", "b")
    assert not meets(negative, "B")


def test_13_a_negation_looks_at_one_instance_only() -> None:
    body = indicator("OR", item("FileItem/FileName", "isnot", "a.exe"))
    assert holds("1.0", body, FILE_A, {"FileName": "b.exe"})
    assert not holds("1.0", body, FILE_A)


def test_13_a_negation_is_tied_to_its_instance_by_an_and() -> None:
    body = indicator("AND", NAME_A, item("FileItem/SizeInBytes", "is", "1", "int", negate="true"))
    assert holds("1.1", body, FILE_A2)
    assert not holds("1.1", body, FILE_A1, {"FileName": "b.exe", "SizeInBytes": 2})


@pytest.mark.parametrize("value", [None, [], [None], [None, None]])
@pytest.mark.parametrize("negate", ["false", "true"])
def test_14_an_absent_field_satisfies_neither(value: object, negate: str) -> None:
    assert not meets(alone("is", "a", negate=negate), value)
    assert not meets(alone("matches", ".*|", negate=negate), value)


@pytest.mark.parametrize("negate", ["false", "true"])
def test_14_a_missing_field_satisfies_neither(negate: str) -> None:
    body = indicator("OR", item("FileItem/FileName", "is", "a.exe", negate=negate))
    assert not holds("1.1", body, {"FullPath": "a.exe"}, {})


@pytest.mark.parametrize(
    ("kind", "content", "unreadable"),
    [
        ("int", "5", ["five", True, 5.0, "", "5.0", "0x", "1_0"]),
        ("date", "2026-01-01T00:00:00Z", ["2026-01-01", 5, True]),
        ("duration", "5", ["soon", True]),
    ],
)
def test_14_a_field_without_a_readable_value_is_absent(kind: str, content: str, unreadable: list[object]) -> None:
    for value in unreadable:
        assert not meets(alone("is", content, kind), value)
        assert not meets(alone("is", content, kind, negate="true"), value)


def test_14_an_unreadable_value_beside_a_readable_one_does_not_count() -> None:
    assert meets(alone("is", "5", "int", negate="true"), "five", None, 6)
    assert not meets(alone("is", "5", "int", negate="true"), "five", 5)


def test_14_an_empty_string_is_present() -> None:
    assert meets(alone("is", "a", negate="true"), "")


# 15: strings


def test_15_the_content_is_used_as_written() -> None:
    assert meets(alone("is", " a "), " A ")
    assert not meets(alone("is", " a "), "a")
    assert not meets(alone("is", "a"), " a")


@pytest.mark.parametrize("content", ["", " ", "\n\t "])
@pytest.mark.parametrize("condition", ["is", "contains", "starts-with", "ends-with", "matches"])
@pytest.mark.parametrize("negate", ["false", "true"])
def test_15_an_empty_content_never_matches(content: str, condition: str, negate: str) -> None:
    file = alone(condition, content, negate=negate)
    assert file.faults[0].reason == "its Content is empty"
    assert not meets(file, content)
    assert not meets(file, "a")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (-5, "-5"),
        (1.5, "1.5"),
        (0.0000001, "0.0000001"),
        (True, "true"),
        (False, "FALSE"),
        (10**30, "1" + "0" * 30),
    ],
)
def test_15_numbers_and_booleans_are_compared_by_their_text(value: object, text: str) -> None:
    assert meets(alone("is", text), value)
    assert not meets(alone("is", text + "0"), value)


def test_15_a_number_without_a_decimal_text_is_absent() -> None:
    for value in (float("nan"), float("inf"), 10**100_000):
        assert not meets(alone("is", "1"), value)
        assert not meets(alone("is", "1", negate="true"), value)


def test_15_both_sides_are_folded_fully() -> None:
    assert meets(alone("is", "STRASSE"), "straße")
    assert meets(alone("contains", "ß"), "STRASSE")
    assert meets(alone("ends-with", "ΣΟΣ"), "σος")
    assert not meets(alone("is", "STRASSE", preserve_case="true"), "straße")


@pytest.mark.parametrize("condition", ["is", "contains", "starts-with", "ends-with", "matches"])
def test_15_preserve_case_compares_as_written(condition: str) -> None:
    assert meets(alone(condition, "aB"), "Ab")
    assert meets(alone(condition, "aB", preserve_case="true"), "aB")
    assert not meets(alone(condition, "aB", preserve_case="true"), "Ab")


def test_15_a_pattern_is_found_anywhere_in_the_dialect_of_re2() -> None:
    assert meets(alone("matches", r"\\temp\\[0-9]{3}\.exe$"), r"C:\TEMP\123.exe")
    assert not meets(alone("matches", r"^temp"), r"C:\temp")
    assert meets(alone("matches", r"\pL\z"), "1é")
    assert meets(alone("matches", "2"), 123)
    assert meets(alone("matches", "^tru"), True)


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)", "a{1001}", "*a"])
@pytest.mark.parametrize("negate", ["false", "true"])
def test_15_a_pattern_that_does_not_compile_is_broken(pattern: str, negate: str) -> None:
    file = alone("matches", pattern, negate=negate)
    assert "does not compile" in file.faults[0].reason
    assert not meets(file, "aa")
    assert not meets(file, "(")


# 16: integers


@pytest.mark.parametrize("text", ["16", "+16", "0016", "0x10", "0x0010", " 16 ", "\t0x10\n"])
def test_16_integers_are_read_in_every_spelling(text: str) -> None:
    assert meets(alone("is", text, "int"), 16)
    assert meets(alone("is", "16", "int"), text)
    assert not meets(alone("is", text, "int"), 17)


def test_16_a_sign_counts() -> None:
    assert meets(alone("is", "-5", "int"), "-5")
    assert not meets(alone("is", "-5", "int"), 5)
    assert meets(alone("is", "0x" + "f" * 20, "int"), 16**20 - 1)


@pytest.mark.parametrize("text", ["1.0", "", "0x", "x10", "10h", "-0x10", "1 0", "٣", "1_0", "1e3", "9" * 5000])
def test_16_other_contents_are_broken_and_other_values_absent(text: str) -> None:
    assert "is not a value of type int" in alone("is", text, "int").faults[0].reason
    assert not meets(alone("is", "0", "int", negate="true"), text)


def test_16_a_boolean_is_not_an_integer() -> None:
    assert not meets(alone("is", "1", "int"), True)
    assert meets(alone("is", "1", "int"), 1)


# 17: dates

NOON = "2026-03-02T12:00:00Z"


@pytest.mark.parametrize("text", [NOON, "2026-03-02T12:00:00.0Z", "2026-03-02T12:00:00.000000Z", f" {NOON} "])
def test_17_dates_are_moments(text: str) -> None:
    assert meets(alone("is", NOON, "date"), text)
    assert meets(alone("is", text, "date"), NOON)
    assert not meets(alone("is", text, "date"), "2026-03-02T12:00:00.000001Z")


def test_17_dates_are_ordered_to_the_microsecond() -> None:
    assert meets(alone("greater-than", NOON, "date"), "2026-03-02T12:00:00.000001Z")
    assert not meets(alone("greater-than", NOON, "date"), NOON)
    assert meets(alone("less-than", NOON, "date"), "2026-03-02T11:59:59.9Z")


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T12:00:00",
        "2026-03-02T12:00:00+00:00",
        "2026-03-02 12:00:00Z",
        "2026-03-02T12:00Z",
        "2026-03-02T12:00:00.Z",
        "2026-03-02T12:00:00.1234567Z",
        "2026-03-02t12:00:00z",
        "2026-02-30T12:00:00Z",
        "2026-03-02T24:00:00Z",
        "0000-03-02T12:00:00Z",
        "2026-03-02",
        "",
    ],
)
def test_17_other_spellings_are_not_read(text: str) -> None:
    assert "is not a value of type date" in alone("is", text, "date").faults[0].reason
    assert not meets(alone("is", NOON, "date", negate="true"), text)


# 18: durations


@pytest.mark.parametrize("text", ["93784", "93784.0", "P1DT2H3M4S", "P0DT26H3M4S", "PT93784S", " P1DT2H3M4.00S "])
def test_18_durations_are_seconds(text: str) -> None:
    assert meets(alone("is", "93784", "duration"), text)
    assert meets(alone("is", text, "duration"), 93784)
    assert not meets(alone("is", text, "duration"), "93784.1")


def test_18_durations_are_ordered() -> None:
    assert meets(alone("greater-than", "PT1M", "duration"), 61)
    assert meets(alone("greater-than", "PT1M", "duration"), 60.5)
    assert not meets(alone("greater-than", "PT1M", "duration"), "60")
    assert meets(alone("less-than", "P1D", "duration"), "PT23H59M59.9S")


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "P1W", "P1Y", "1D", "PT1H1D", "1,5", ".5", "5.", "-PT1S"])
def test_18_other_durations_are_not_read(text: str) -> None:
    assert "is not a value of type duration" in alone("is", text, "duration").faults[0].reason
    assert not meets(alone("is", "7", "duration", negate="true"), text)


# 19 and 20: broken contents and intervals


@pytest.mark.parametrize(("kind", "value"), [("int", "5"), ("date", "2026-01-01T00:00:00Z"), ("duration", "5")])
@pytest.mark.parametrize("negate", ["false", "true"])
def test_19_a_content_that_cannot_be_read_is_broken(kind: str, value: str, negate: str) -> None:
    file = alone("is", "nonsense", kind, negate=negate)
    assert len(file.faults) == 1
    assert not meets(file, value)


@pytest.mark.parametrize("content", ["5 TO 7", "[5 TO 7]", " [ 5  TO\n7 ] ", "0x5 TO +7"])
def test_20_an_interval_includes_both_ends(content: str) -> None:
    for version in ("1.0", "1.1"):
        file = alone("is", content, "int", version=version)
        assert [meets(file, value) for value in (4, 5, 6, 7, 8)] == [False, True, True, True, False]


def test_20_an_interval_may_be_one_point() -> None:
    assert meets(alone("is", "[154192 TO 154192]", "int"), 154192)
    assert not meets(alone("is", "[154192 TO 154192]", "int"), 154193)


def test_20_an_interval_of_dates() -> None:
    file = alone("is", "2009-04-28T10:00:00Z TO 2009-04-28T16:00:00Z", "date", version="1.0")
    assert meets(file, "2009-04-28T10:00:00Z")
    assert meets(file, "2009-04-28T16:00:00Z")
    assert not meets(file, "2009-04-28T16:00:00.1Z")


def test_20_isnot_takes_an_interval() -> None:
    for file in (alone("isnot", "5 TO 7", "int", version="1.0"), alone("is", "5 TO 7", "int", negate="true")):
        assert meets(file, 8)
        assert not meets(file, 6)
        assert not meets(file, 4, 6)


@pytest.mark.parametrize(
    "content",
    ["[5 TO 7", "5 TO 7]", "7 TO 5", "5 to 7", "5TO7", "5 TO", "TO 7", "5 TO 6 TO 7", "[5]", "[5 TO x]", "[]", "5-7"],
)
@pytest.mark.parametrize("negate", ["false", "true"])
def test_20_a_broken_interval_never_matches(content: str, negate: str) -> None:
    file = alone("is", content, "int", negate=negate)
    assert len(file.faults) == 1
    assert not meets(file, 6)
    assert not meets(file, 9)


@pytest.mark.parametrize("content", ["5 TO 7", "5 TO 5", "[5 TO 7]"])
@pytest.mark.parametrize("condition", ["greater-than", "less-than"])
def test_20_an_interval_goes_with_no_ordering(condition: str, content: str) -> None:
    file = alone(condition, content, "int")
    assert "an interval goes with is and isnot" in file.faults[0].reason
    assert not meets(file, 1, 9)


def test_20_an_interval_goes_with_no_duration_and_is_text_in_a_string() -> None:
    assert len(alone("is", "5 TO 7", "duration").faults) == 1
    assert meets(alone("is", "5 TO 7", "string"), "5 to 7")


def test_20_orderings_exclude_the_bound() -> None:
    assert [meets(alone("greater-than", "5", "int"), value) for value in (4, 5, 6)] == [False, False, True]
    assert [meets(alone("less-than", "5", "int"), value) for value in (4, 5, 6)] == [True, False, False]
