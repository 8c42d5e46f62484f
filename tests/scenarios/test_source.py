from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.errors import UserError
from scenarios.problems import ScenarioErrors
from scenarios.source import (
    ALIASES_MAX,
    DEPTH_MAX,
    SOURCE_BYTES_MAX,
    VALUES_MAX,
    Document,
    Mark,
    parse,
    read_file,
)


def read(text: str) -> Document:
    return parse(text.encode(), "trial.yaml")


@pytest.mark.parametrize(
    "text",
    [
        *("on", "off", "yes", "no", "y", "22:00", "0123456", "1_000", "2026-03-02", "2026-03-02T08:00:00Z", "1:30:00"),
        *("0b1", "0o7", "0x1F", ".inf", ".nan", "+.inf", "=", "<<", "00.5", "tRUE"),
    ],
)
def test_what_looks_like_something_else_stays_text(text: str) -> None:
    assert read(f"a: {text}").data == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("2.", 2.0),
        ("1e3", 1000.0),
    ],
)
def test_plain_scalars_have_their_types(text: str, value: object) -> None:
    data = read(f"a: {text}").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


def test_a_quoted_scalar_is_a_text() -> None:
    assert read("{a: '5', b: \"true\", c: ''}").data == {"a": "5", "b": "true", "c": ""}


def test_keys_are_texts() -> None:
    assert read("{1: a, on: b, null: c, 'x y': d}").data == {"1": "a", "on": "b", "null": "c", "x y": "d"}


def test_every_value_and_key_has_its_place() -> None:
    document = read("name: trial\nfleet:\n  blocks:\n    - {name: office,\n       count: 3}\n")
    assert document.marks[("fleet", "blocks", 0, "count")] == Mark(5, 15)
    assert document.keys[("fleet", "blocks", 0, "count")] == Mark(5, 8)
    assert document.place(("fleet", "blocks", 0, "count")) == "trial.yaml:5:15: fleet.blocks.office.count"
    assert document.place(("fleet", "blocks", 0, "count"), key=True) == "trial.yaml:5:8: fleet.blocks.office.count"


def test_what_is_not_there_has_the_place_of_what_encloses_it() -> None:
    document = read("name: trial\nfleet:\n  blocks: []\n")
    assert document.place(("fleet", "blocks", 3, "count")) == "trial.yaml:3:11: fleet.blocks"
    assert document.place(("duration",)) == "trial.yaml:1:1"


def test_columns_count_characters_and_a_byte_order_mark_is_none() -> None:
    document = parse("\ufeffä: {ö: 1}\n".encode(), "trial.yaml")
    assert document.marks[("ä", "ö")] == Mark(1, 8)


def test_an_alias_stands_for_its_value_and_has_its_own_place() -> None:
    document = read("a: &x {b: 1}\nc: *x\n")
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.place(("c", "b")) == "trial.yaml:2:4: c"


def test_the_later_of_two_equal_anchors_counts() -> None:
    assert read("[&x 1, *x, &x 2, *x]").data == [1, 1, 2, 2]


# --- limits ----------------------------------------------------------------------------------------------------------


def refusal(text: str) -> str:
    with pytest.raises(ScenarioErrors) as caught:
        read(text)
    return str(caught.value)


def test_an_alias_bomb_stops_at_the_number_of_values() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    told = refusal("\n".join(lines))
    assert f"more than {VALUES_MAX} values (VALUES_MAX), aliases counted" in told


def test_the_number_of_aliases_is_bounded() -> None:
    assert read(f"[&x 1{', *x' * ALIASES_MAX}]").data == [1] * (ALIASES_MAX + 1)
    assert "(ALIASES_MAX)" in refusal(f"[&x 1{', *x' * (ALIASES_MAX + 1)}]")


def test_the_number_of_values_is_bounded() -> None:
    assert len(read("[" + "1," * (VALUES_MAX - 1) + "]").data) == VALUES_MAX - 1
    assert "(VALUES_MAX)" in refusal("[" + "1," * VALUES_MAX + "]")


def test_depth_is_bounded() -> None:
    read("[" * DEPTH_MAX + "]" * DEPTH_MAX)
    assert "(DEPTH_MAX)" in refusal("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1))
    assert "(DEPTH_MAX)" in refusal("[" * 100_000)
    assert "(DEPTH_MAX)" in refusal("\n".join(" " * level + "a:" for level in range(200)))
    assert "(DEPTH_MAX)" in refusal("- " * 1_000)


def test_a_file_of_50_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    with pytest.raises(UserError) as caught:
        read_file(path, "big.yaml")
    assert str(caught.value) == (
        f"big.yaml: the file is larger than {SOURCE_BYTES_MAX} bytes (SOURCE_BYTES_MAX); "
        "a scenario is a short text; check that this is one"
    )


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * SOURCE_BYTES_MAX)
    assert len(read_file(path, "large.yaml")) == SOURCE_BYTES_MAX


# --- files that cannot be read ---------------------------------------------------------------------------------------


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"trials: this is a folder, not a scenario; name one of the \.yaml files"):
        read_file(tmp_path, "trials")


def test_a_missing_file_is_refused_with_the_nearest_beside_it(tmp_path: Path) -> None:
    (tmp_path / "outage.yaml").write_text("")
    with pytest.raises(UserError, match=r"there is no such file; did you mean 'outage\.yaml'\?"):
        read_file(tmp_path / "outtage.yaml", "outtage.yaml")
    with pytest.raises(UserError, match="there is no such file; check the path"):
        read_file(tmp_path / "nowhere" / "outage.yaml", "outage.yaml")


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text("")

    def denied(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(UserError, match=r"secret\.yaml: cannot be read \(Permission denied\); check the path"):
        read_file(path, "secret.yaml")


def test_a_device_is_no_file() -> None:
    with pytest.raises(UserError, match="not a regular file"):
        read_file(Path("/dev/zero"), "/dev/zero")


def test_a_path_with_a_nul_byte_is_refused() -> None:
    with pytest.raises(UserError, match="cannot be a path"):
        read_file(Path("a\0b.yaml"), "a\0b.yaml")


# --- whatever comes --------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_content_raises_anything_but_scenario_errors(content: bytes) -> None:
    problems: tuple[UserError, ...] = ()
    try:
        assert () in parse(content, "trial.yaml").marks
    except ScenarioErrors as error:
        problems = error.errors
    assert all(problem.cause and problem.remedy for problem in problems)


YAML_PIECES = st.sampled_from(
    [*"a[]{},|>'\"#%@1\n\t", "b: ", "- ", "  ", ": ", "&x ", "*x", "!!int ", "---", "? ", "${a}", "<<: ", "...", "\n- "]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(YAML_PIECES, max_size=40).map("".join))
def test_no_yaml_raises_anything_but_scenario_errors(text: str) -> None:
    try:
        read(text)
    except ScenarioErrors as error:
        told = str(error)
    else:
        return
    assert told.startswith("trial.yaml")
