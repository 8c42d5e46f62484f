"""Files that somebody made to break the reader: each gives a reason, quickly, and none raises."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.ioc import FILE_SIZE_MAX_BYTES, IndicatorFile, Snapshot, evaluate, limits, parse, parse_file
from tests.emulator.ioc.documents import alone, document, indicator, item, meets

GOOD = item("FileItem/FileName", "is", "a.exe")
DEVICE = Snapshot.of({"FileItem": [{"FileName": "a.exe"}]})


def refused(data: bytes) -> str:
    file = parse(data, "x.ioc")
    assert not file.supported
    assert not evaluate(file, DEVICE).matched
    return str(file.reason)


def test_an_entity_bomb_is_refused_at_its_declaration() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
    bomb = f'<!DOCTYPE ioc [<!ENTITY e0 "lol">{entities}]><ioc id="&e29;"><definition>&e29;</definition></ioc>'
    assert refused(bomb.encode()) == "a document type declaration is not accepted"


def test_quadratic_blow_up_is_refused() -> None:
    bomb = f'<!DOCTYPE ioc [<!ENTITY a "{"x" * 100_000}">]><ioc>{"&a;" * 100_000}</ioc>'
    assert refused(bomb.encode()) == "a document type declaration is not accepted"


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a.exe")
    body = indicator("OR", item("FileItem/FileName", "is", "@")).replace("@", "&x;")
    text = f'<!DOCTYPE ioc [<!ENTITY x SYSTEM "{secret.as_uri()}">]><ioc><definition>{body}</definition></ioc>'
    assert refused(text.encode()) == "a document type declaration is not accepted"


def nested(levels: int) -> bytes:
    return document("1.0", "<Indicator operator='AND'>" * levels + GOOD + "</Indicator>" * levels)


def test_nesting_is_followed_to_the_limit_and_refused_beyond() -> None:
    # Around the Indicators stand root, body, item and Content.
    deepest = limits.NESTING_DEPTH_MAX - 4
    assert evaluate(parse(nested(deepest), "x.ioc"), DEVICE).matched
    assert refused(nested(deepest + 1)) == f"elements are nested deeper than {limits.NESTING_DEPTH_MAX}"


@pytest.mark.parametrize("data", [nested(100_000)[:FILE_SIZE_MAX_BYTES], b"<a>" * 100_000, b"<a>" * 10**6])
def test_very_deep_nesting_is_refused(data: bytes) -> None:
    assert refused(data) == f"elements are nested deeper than {limits.NESTING_DEPTH_MAX}"


def test_too_many_items_are_refused() -> None:
    at_limit = document("1.0", indicator("OR", GOOD, "<IndicatorItem/>" * (limits.ITEM_COUNT_MAX - 1)))
    assert evaluate(parse(at_limit, "x.ioc"), DEVICE).matched
    beyond = document("1.0", indicator("OR", GOOD, "<IndicatorItem/>" * limits.ITEM_COUNT_MAX))
    assert refused(beyond) == f"more than {limits.ITEM_COUNT_MAX} IndicatorItems"


def test_too_many_elements_are_refused() -> None:
    # Around the padding stand root, body, Indicator, and the item with its two parts.
    padding = limits.ELEMENT_COUNT_MAX - 6
    assert evaluate(parse(document("1.0", indicator("OR", GOOD, "<a/>" * padding)), "x.ioc"), DEVICE).matched
    beyond = document("1.0", indicator("OR", GOOD, "<a/>" * (padding + 1)))
    assert refused(beyond) == f"more than {limits.ELEMENT_COUNT_MAX} elements"


def test_a_full_size_file_of_usable_items_stays_within_the_limits() -> None:
    one = "<IndicatorItem condition='is'><Context search='UserItem/a'/><Content>x</Content></IndicatorItem>"
    frame = len(document("1.0", indicator("OR")))
    body = one * ((FILE_SIZE_MAX_BYTES - frame) // len(one))
    file = parse(document("1.0", indicator("OR", body)), "x.ioc")
    assert file.supported
    assert file.faults == ()
    assert file.item_count > 30_000


def test_long_terms_and_contents_are_unsupported_beyond_the_limit() -> None:
    longest = "a" * limits.TEXT_LENGTH_MAX
    assert meets(alone("is", longest), longest)
    assert "are the limit" in alone("is", longest + "a").faults[0].reason
    term = "FileItem/" + longest
    file = parse(document("1.0", indicator("OR", item(term, "is", "x"), GOOD)), "x.ioc")
    assert "are the limit" in file.faults[0].reason
    assert file.terms == ("FileItem/FileName",)
    assert evaluate(file, DEVICE).matched


def test_patterns_are_unsupported_beyond_the_limits() -> None:
    longest = "a" * limits.PATTERN_LENGTH_MAX
    assert alone("matches", longest).faults == ()
    assert "are the limit" in alone("matches", longest + "a").faults[0].reason
    assert "instructions" in alone("matches", r"\pL{200}").faults[0].reason
    assert "pattern too large" in alone("matches", r"\pL{1000}").faults[0].reason


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a|a?)+b", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_patterns_that_explode_elsewhere_take_linear_time(pattern: str) -> None:
    file = alone("matches", pattern, preserve_case="true")
    assert file.faults == ()
    began = time.process_time()
    assert not meets(file, "a" * 200_000 + "!")
    assert time.process_time() - began < 2


def test_white_space_and_digits_without_end_are_read_quickly() -> None:
    began = time.process_time()
    for kind in ("int", "date", "duration"):
        for content in ("1" + " " * 200_000 + "TO 2", "9" * 200_000, " " * 200_000, "[" * 200_000):
            file = alone("is", content, kind)
            meets(file, "9" * 200_000)
    assert time.process_time() - began < 2


def test_half_a_surrogate_pair_in_a_value_is_compared() -> None:
    assert meets(alone("matches", "^.$"), "\ud800")
    assert not meets(alone("is", "x"), "\ud800")
    assert meets(alone("contains", "x"), "\ud800x")


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 1000,
        bytes(range(256)) * 10,
        b"\x1f\x8b\x08\x00\x00",
        b"MZ\x90\x00",
        b"\xff\xfe<\x00",
        b"\xef\xbb\xbf",
        b"<?xml version='1.0' encoding='no-such'?><ioc/>",
        b"<?xml version='1.0' encoding='utf-8'?><ioc>\xe9</ioc>",
        "<?xml version='1.0' encoding='utf-8'?><ioc/>".encode("utf-16")[:-1],
        b"<ioc>&undefined;</ioc>",
        b"<ioc a='1' a='2'/>",
        b"<ioc/>text",
        b"rule yara { condition: true }",
    ],
)
def test_other_bytes_are_unsupported_with_a_reason(data: bytes) -> None:
    assert refused(data).startswith("not well-formed XML: ")


def test_a_reason_shows_foreign_text_short_and_on_one_line() -> None:
    reason = alone("x\u202e\x85" + "y" * 1000, "a").faults[0].reason
    assert len(reason) < 150
    assert reason.isprintable()


def test_a_reason_repeats_only_so_much_of_what_the_parser_quotes() -> None:
    assert len(refused(b"<ioc><" + b"a" * 10_000 + b"></b></ioc>")) < 250


def test_no_more_of_a_file_is_read_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "huge.ioc"
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)
    read = parse_file(path)
    assert read.oversized
    assert read.name == "huge.ioc"


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        parse_file(tmp_path / "none.ioc")


def total(file: IndicatorFile) -> None:
    """Reads everything of a file and judges it, for tests that only ask that nothing is raised."""
    assert file.supported == (file.reason is None)
    evaluate(file, DEVICE)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    total(parse(data, "x.ioc"))
    total(parse(b"<ioc><definition>" + data, "x.ioc"))


SEED = document("1.1", indicator("AND", GOOD, item("FileItem/F", "matches", "(a+)+$", negate="true")))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SEED) - 1), st.integers(0, 40), st.binary(max_size=6))
def test_no_change_to_a_good_file_raises(position: int, length: int, inserted: bytes) -> None:
    total(parse(SEED[:position] + inserted + SEED[position + length :], "x.ioc"))


words = st.text(max_size=12) | st.sampled_from(["1 TO 2", "[", "0x", "(a+)+$", "\\", "(?i", "P1D", "true"])


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["1.0", "1.1"]),
    st.sampled_from(["is", "isnot", "contains", "matches", "greater-than", "starts-with"]),
    st.sampled_from(["int", "date", "duration", "string", None]),
    words.map(lambda text: "".join(c for c in text if c.isprintable())),
    st.lists(words | st.integers() | st.floats() | st.booleans() | st.none(), max_size=3),
)
def test_no_content_and_no_value_raise(
    version: str, condition: str, kind: str | None, content: str, values: list[object]
) -> None:
    meets(alone(condition, content, kind, version=version), *values)
