"""The rules of execution prevention without a device."""

import ntpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.policy.errors import SettingError
from emulator.response.prevention import (
    INTERPRETERS,
    OFFICE_EXTENSIONS,
    File,
    ObjectKind,
    Prevention,
    PreventionRule,
    hit,
    objects,
)

SLOTS = {"user": "a.ivy01", "host": "HOST-1", "site": "main"}
PATHS = (r"C:\Temp\a.exe", r"C:\Users\a.ivy01\run.exe", r"C:\Windows\System32\wscript.exe")
OPENED = (r"C:\Temp\a.vbs", r"C:\Temp\a.docx", r"C:\Temp\A.XLSM", r"C:\Temp\a.txt")
MASKS = (None, r"C:\Temp\*", r"%UserProfile%\*.exe", r"C:\**", r"D:\*")
HASHES = ("0" * 32, "1" * 32)

files = st.builds(
    File, st.sampled_from(PATHS), st.sampled_from(HASHES), st.sampled_from(HASHES).map(lambda half: half * 2)
)
documents = st.one_of(st.none(), st.builds(File, st.sampled_from(OPENED), st.just(HASHES[0]), st.just(HASHES[0] * 2)))
criteria = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(ObjectKind),
        "path": st.sampled_from(MASKS),
        "md5": st.sampled_from((None, *HASHES)),
        "sha256": st.sampled_from((None, *(half * 2 for half in HASHES))),
    }
).filter(lambda rule: any(rule[key] for key in ("path", "md5", "sha256")))


def covers(mask: str | None, path: str) -> bool:
    """What the masks above stand for, written down by hand."""
    folder = ntpath.dirname(path)
    return {
        None: True,
        MASKS[1]: folder == r"C:\Temp",
        MASKS[2]: folder == r"C:\Users\a.ivy01",
        MASKS[3]: True,
        MASKS[4]: False,
    }[mask]


@given(rules=st.lists(criteria, max_size=4), program=files, opened=documents)
def test_the_first_rule_whose_criteria_a_file_of_its_kind_meets_is_hit(
    rules: list[dict[str, str]], program: File, opened: File | None
) -> None:
    made = tuple(PreventionRule(str(number), **rule) for number, rule in enumerate(rules))  # type: ignore[arg-type]
    found = hit(Prevention(rules=made), program, opened, os="windows", slots=SLOTS)
    met = [
        (rule.name, file)
        for kind, file in objects(program, opened)
        for rule in made
        if rule.kind is kind
        and rule.md5 in (None, file.md5)
        and rule.sha256 in (None, file.sha256)
        and covers(rule.path, file.path)
    ]
    assert (None if found is None else (found.rule.name, found.file)) == (met[0] if met else None)


@given(program=files, opened=documents)
def test_a_program_is_an_executable_and_what_it_opens_is_known_by_the_two_of_them(
    program: File, opened: File | None
) -> None:
    found = list(objects(program, opened))
    assert found[0] == (ObjectKind.EXECUTABLE, program)
    interprets = program.path.endswith("wscript.exe")
    if opened is None:
        assert len(found) == 1
    elif interprets:
        assert found[1:] == [(ObjectKind.SCRIPT, opened)]
    else:
        office = opened.path.lower().endswith((".docx", ".xlsm"))
        assert found[1:] == ([(ObjectKind.OFFICE_FILE, opened)] if office else [])


def test_the_lists_are_in_lower_case() -> None:
    assert all(name == name.lower() and name.endswith(".exe") for name in INTERPRETERS)
    assert all(name == name.lower() and name.startswith(".") for name in OFFICE_EXTENSIONS)


def test_without_rules_nothing_is_hit() -> None:
    assert hit(Prevention(), File(PATHS[0], "", ""), None, os="windows", slots=SLOTS) is None


@pytest.mark.parametrize("wrong", [{}, {"kind": "script"}, {"md5": "12"}, {"path": "%nowhere%"}])
def test_a_rule_that_would_hold_for_everything_or_nothing_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        PreventionRule("rule", **wrong)  # type: ignore[arg-type]
