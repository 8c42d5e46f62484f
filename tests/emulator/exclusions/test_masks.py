import time
from collections.abc import Callable, Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.exclusions.answers import Answer, all_of, any_of
from emulator.exclusions.environment import Os
from emulator.exclusions.masks import Mask, fold, path_mask, text_mask
from emulator.exclusions.templates import Slot, Template, template
from emulator.policy.kinds import TEXT_MAX
from tests.emulator.exclusions.reference import stands_for
from tests.emulator.exclusions.samples import ALICE

YES, NO, DEPENDS = Answer.YES, Answer.NO, Answer.DEPENDS


@pytest.mark.parametrize(
    ("mask", "text", "stands"),
    [
        (r"C:\Windows\explorer.exe", r"C:\Windows\explorer.exe", True),
        (r"c:\windows\EXPLORER.EXE", r"C:\Windows\explorer.exe", True),
        (r"C:\Windows", r"C:\Windows\explorer.exe", False),
        (r"explorer.exe", r"C:\Windows\explorer.exe", False),
        (r"C:\Windows\*", r"C:\Windows\explorer.exe", True),
        (r"C:\Windows\*", r"C:\Windows\System32\cmd.exe", False),
        (r"C:\Windows\**", r"C:\Windows\System32\cmd.exe", True),
        (r"C:\**\cmd.exe", r"C:\Windows\System32\cmd.exe", True),
        (r"C:\*\cmd.exe", r"C:\Windows\System32\cmd.exe", False),
        (r"C:\*\*\cmd.exe", r"C:\Windows\System32\cmd.exe", True),
        (r"C:\Windows\*explorer.exe", r"C:\Windows\explorer.exe", True),
        (r"C:\Windows\explorer?.exe", r"C:\Windows\explorer.exe", False),
        (r"C:\Windows\explore?.exe", r"C:\Windows\explorer.exe", True),
        (r"C:?Windows", r"C:\Windows", False),
        (r"C:\Windows\e.plorer[x].exe", r"C:\Windows\explorer.exe", False),
        (r"%SystemRoot%\explorer.exe", r"C:\Windows\explorer.exe", True),
        (r"%systemroot%\*.exe", r"C:\Windows\explorer.exe", True),
        (r"%ProgramFiles%\Tool\t.exe", r"C:\Program Files\Tool\t.exe", True),
        (r"%ProgramData%\t.exe", r"C:\ProgramData\t.exe", True),
        (r"%TEMP%\t.exe", r"C:\Users\alice\AppData\Local\Temp\t.exe", True),
        (r"%USERPROFILE%\t.exe", r"C:\Users\alice\t.exe", True),
        (r"%USERPROFILE%\t.exe", r"C:\Users\bob\t.exe", False),
        (r"C:\100%\x", r"C:\100%\x", True),
    ],
)
def test_masks_of_paths_on_windows(mask: str, text: str, stands: bool) -> None:
    assert path_mask(mask, "windows").covers(text, ALICE) is stands
    assert stands_for(mask, text, ALICE, windows=True, path=True) is stands


@pytest.mark.parametrize(
    ("mask", "text", "stands"),
    [
        ("/usr/bin/ls", "/usr/bin/ls", True),
        ("/usr/bin/LS", "/usr/bin/ls", False),
        ("/usr/bin/*", "/usr/bin/ls", True),
        ("/usr/*", "/usr/bin/ls", False),
        ("/usr/**", "/usr/bin/ls", True),
        ("%SystemRoot%/x", "C:\\Windows/x", False),
        ("%SystemRoot%/x", "%SystemRoot%/x", True),
    ],
)
def test_masks_of_paths_on_linux(mask: str, text: str, stands: bool) -> None:
    assert path_mask(mask, "linux").covers(text, ALICE) is stands


@pytest.mark.parametrize(
    ("mask", "text", "stands"),
    [
        ("svchost.exe -k netsvcs", "svchost.exe -k netsvcs", True),
        ("netsvcs", "svchost.exe -k netsvcs", False),
        ("*netsvcs*", r"C:\Windows\svchost.exe -k netsvcs", True),
        ("svchost.exe -? netsvcs", "svchost.exe -k netsvcs", True),
        ("*", "", True),
        ("?", "", False),
        ("*", "a\nb\\c", True),
        ("%TEMP%", r"C:\Users\alice\AppData\Local\Temp", False),
        ("a\nb", "A\nB", True),
    ],
)
def test_masks_of_texts_are_of_the_whole_text_and_know_no_variables(mask: str, text: str, stands: bool) -> None:
    assert text_mask(mask, "windows").covers(text, ALICE) is stands


@pytest.mark.parametrize(
    ("mask", "text", "answer"),
    [
        (r"C:\Users\*\t.exe", r"C:\Users\{user}\t.exe", YES),
        (r"C:\Users\**", r"C:\Users\{user}\t.exe", YES),
        (r"**", r"{user}", YES),
        (r"C:\Users\alice\t.exe", r"C:\Users\{user}\t.exe", DEPENDS),
        (r"C:\Users\a*\t.exe", r"C:\Users\{user}\t.exe", DEPENDS),
        (r"C:\Users\?????\t.exe", r"C:\Users\{user}\t.exe", DEPENDS),
        (r"C:\Users\alice\t.exe", r"C:\Users\{user}\other.exe", NO),
        (r"C:\Users\a\b\t.exe", r"C:\Users\{user}\t.exe", NO),
        (r"C:\Users\*\*\t.exe", r"C:\Users\{user}\t.exe", NO),
        (r"C:\Users\t.exe", r"C:\Users\{user}t.exe", NO),
        (r"D:\**", r"C:\Users\{user}\t.exe", NO),
        (r"%USERPROFILE%\t.exe", r"C:\Users\{user}\t.exe", YES),
        (r"%TEMP%\*.exe", r"C:\Users\{user}\AppData\Local\Temp\{host}.exe", YES),
        (r"%USERPROFILE%\t.exe", r"C:\Users\{host}\t.exe", DEPENDS),
        (r"%USERPROFILE%\t.exe", r"C:\Users\Public\t.exe", DEPENDS),
        (r"%USERPROFILE%\t.exe", r"C:\Windows\t.exe", NO),
        (r"C:\Users\{user}\t.exe", r"C:\Users\{user}\t.exe", DEPENDS),
        (r"C:\{other}\*.exe", r"C:\{other}\{user}.exe", YES),
        (r"C:\Users\ALICE*\T.exe", r"C:\Users\{user}\t.exe", DEPENDS),
        (r"C:\Windows\*.exe", r"C:\Windows\a.exe", YES),
        (r"C:\Windows\*.exe", r"C:\Windows\a.dll", NO),
    ],
)
def test_answers_about_templates_are_as_definite_as_they_can_be(mask: str, text: str, answer: Answer) -> None:
    assert path_mask(mask, "windows").answer(template(text)) is answer


def test_a_slot_stops_at_the_separator_and_is_never_empty() -> None:
    assert path_mask("/*/x", "linux").answer(template("/{user}/x")) is YES
    assert path_mask("/x", "linux").answer(template("/{user}x")) is NO
    assert text_mask("a/b", "linux").answer(template("{user}")) is NO
    assert text_mask("?*", "linux").answer(template("{user}")) is DEPENDS


def test_only_the_three_slots_are_slots() -> None:
    assert template("{user} {host} {site} {User} {x} {").slots == ("user", "host", "site")
    assert template("").parts == ()
    assert template("{user}").parts == (Slot("user"),)


def test_a_value_that_looks_like_a_slot_is_not_filled_again() -> None:
    assert template("{user}-{host}").fill({"user": "{host}", "host": "h", "site": "s"}) == "{host}-h"


@pytest.mark.parametrize("value", ["", "a/b", "a\\b"])
def test_a_value_that_no_slot_may_take_is_an_error_of_the_caller(value: str) -> None:
    with pytest.raises(AssertionError):
        template("{user}").fill({"user": value})


def test_answers_combine() -> None:
    assert [all_of(()), all_of((YES, YES)), all_of((YES, DEPENDS)), all_of((DEPENDS, NO))] == [YES, YES, DEPENDS, NO]
    assert [any_of(()), any_of((NO, NO)), any_of((NO, DEPENDS)), any_of((DEPENDS, YES))] == [NO, NO, DEPENDS, YES]


@given(st.text(), st.text())
def test_a_text_folds_as_its_pieces_do(left: str, right: str) -> None:
    assert fold(left + right) == fold(left) + fold(right)
    assert len(fold(left)) == len(left)


pieces = st.sampled_from(["a", "b", "B", "\\", "/", ".", "*", "**", "?", "%USERPROFILE%", "%SystemRoot%", "+", "é"])
masks = st.lists(pieces, max_size=7).map("".join)
parts = st.sampled_from(["a", "B", "\\", "/", ".", "{user}", "{host}", "C:\\Users\\", "C:\\Windows", "*", "é"])
texts = st.lists(parts, max_size=6).map("".join)
VALUES = ("a", "b", "ab", "B", "a.b", "*", "?", "{host}", "Ea")
values = st.sampled_from(VALUES) | st.text("abB.*?{}", min_size=1, max_size=4)
systems: st.SearchStrategy[Os] = st.sampled_from(("windows", "linux"))


def compiled(mask: str, os: Os, path: bool) -> Mask:
    return path_mask(mask, os) if path else text_mask(mask, os)


@given(masks, texts, systems, st.booleans(), values, values)
def test_a_mask_stands_for_what_the_reference_says(
    mask: str, text: str, os: Os, path: bool, user: str, host: str
) -> None:
    slots = {"user": user, "host": host, "site": "s"}
    filled = template(text).fill(slots)
    expected = stands_for(mask, filled, slots, windows=os == "windows", path=path)
    assert compiled(mask, os, path).covers(filled, slots) is expected


def contradictions(answer: Answer, outcomes: Iterable[bool]) -> bool:
    """True where the outcomes on single devices show that an answer for all of them is wrong."""
    seen = set(outcomes)
    return (answer is YES and False in seen) or (answer is NO and True in seen)


def on_devices(mask: str, text: str, os: Os, path: bool) -> list[bool]:
    outcomes = []
    for user, host in product(VALUES, repeat=2):
        slots = {"user": user, "host": host, "site": "s"}
        filled = template(text).fill(slots)
        outcomes.append(stands_for(mask, filled, slots, windows=os == "windows", path=path))
    return outcomes


@given(masks, texts, systems, st.booleans())
def test_yes_holds_for_every_filling_and_no_for_none(mask: str, text: str, os: Os, path: bool) -> None:
    answer = compiled(mask, os, path).answer(template(text))
    assert not contradictions(answer, on_devices(mask, text, os, path))


@given(masks, texts, systems, st.booleans())
def test_without_slots_the_answer_is_definite(mask: str, text: str, os: Os, path: bool) -> None:
    plain = text.replace("{user}", "u").replace("{host}", "h")
    answer = compiled(mask.replace("%USERPROFILE%", ""), os, path).answer(template(plain))
    assert answer is not DEPENDS
    assert (answer is YES) == compiled(mask.replace("%USERPROFILE%", ""), os, path).covers(plain, ALICE)


def always_when_sometimes(mask: Mask, text: Template) -> Answer:
    return NO if mask.answer(text) is NO else YES


def never_unless_always(mask: Mask, text: Template) -> Answer:
    return YES if mask.answer(text) is YES else NO


@pytest.mark.parametrize("fault", [always_when_sometimes, never_unless_always])
def test_the_check_sees_an_answer_that_is_too_sure(fault: Callable[[Mask, Template], Answer]) -> None:
    mask, text = r"C:\Users\a*\t.exe", r"C:\Users\{user}\t.exe"
    answer = fault(path_mask(mask, "windows"), template(text))
    assert contradictions(answer, on_devices(mask, text, "windows", path=True))


@pytest.mark.parametrize("mask", ["a*" * (TEXT_MAX // 2), "?" * TEXT_MAX, "*" * TEXT_MAX, "a" * TEXT_MAX, "*a?" * 341])
def test_the_worst_masks_take_no_time(mask: str) -> None:
    start = time.process_time()
    for compile_mask in (path_mask, text_mask):
        compile_mask(mask, "windows").covers("a" * 30_000 + "b", ALICE)
        compile_mask(mask, "windows").answer(template("{user}a" * 50))
    assert time.process_time() - start < 5
