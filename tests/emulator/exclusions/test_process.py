from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.events import Process
from emulator.exclusions.answers import Answer
from emulator.exclusions.process import ProcessRule, matches, matches_filled
from emulator.policy.errors import SettingError
from tests.emulator.exclusions.reference import filled, stands_for
from tests.emulator.exclusions.samples import ALICE, BOB, DAEMON, SVCHOST, TOOL, event

CRITERIA = [
    ("path", r"%SystemRoot%\System32\svchost.exe", r"%SystemRoot%\svchost.exe"),
    ("command_line", "*-k netsvcs*", "-k netsvcs"),
    ("parent_path", r"C:\Windows\*\services.exe", r"C:\Windows\*"),
    ("description", "host process *", "host process"),
    ("original_name", "SVCHOST.EXE", "svchost"),
    ("version", "10.0.*", "10.0"),
    ("md5", "0A" * 16, "0c" * 16),
    ("sha256", "0b" * 32, "0c" * 32),
]


@pytest.mark.parametrize(("field", "hit", "miss"), CRITERIA)
def test_each_criterion_matches_and_misses(field: str, hit: str, miss: str) -> None:
    for value, expected in ((hit, True), (miss, False)):
        rule = ProcessRule("r", **{field: value})  # type: ignore[arg-type]  # a text for each of them
        assert matches(rule, event(), "windows") is (Answer.YES if expected else Answer.NO)
        assert matches_filled(rule, event(), "windows", ALICE) is expected


@pytest.mark.parametrize(("field", "hit", "miss"), CRITERIA)
def test_all_criteria_of_a_rule_have_to_hold(field: str, hit: str, miss: str) -> None:
    every = ProcessRule("r", **{name: value for name, value, _ in CRITERIA})  # type: ignore[arg-type]  # as above
    assert matches(every, event(), "windows") is Answer.YES
    broken = replace(every, **{field: miss})  # type: ignore[arg-type]  # as above
    assert matches(broken, event(), "windows") is Answer.NO
    assert not matches_filled(broken, event(), "windows", ALICE)


@pytest.mark.parametrize("field", ["md5", "sha256", "description", "command_line"])
def test_what_a_process_does_not_have_matches_no_criterion(field: str) -> None:
    bare = Process(path=SVCHOST.path)
    rule = ProcessRule("r", **{field: getattr(SVCHOST, field)})
    assert matches(rule, event(bare), "windows") is Answer.NO


def test_a_rule_is_about_all_types_of_events_unless_it_names_some() -> None:
    everything = ProcessRule("r", path=SVCHOST.path)
    some = ProcessRule("r", path=SVCHOST.path, event_types=("module-load", "file-change"))
    for kind, expected in (("process-start", False), ("module-load", True), ("file-change", True)):
        assert matches(everything, event(kind=kind), "windows") is Answer.YES
        assert matches(some, event(kind=kind), "windows") is (Answer.YES if expected else Answer.NO)
        assert matches_filled(some, event(kind=kind), "windows", ALICE) is expected


def test_a_rule_about_one_user_is_decided_on_each_device() -> None:
    rule = ProcessRule("r", path=r"C:\Users\alice\**")
    assert matches(rule, event(TOOL), "windows") is Answer.DEPENDS
    assert matches_filled(rule, event(TOOL), "windows", ALICE)
    assert not matches_filled(rule, event(TOOL), "windows", BOB)


def test_a_second_criterion_can_settle_what_the_first_leaves_open() -> None:
    rule = ProcessRule("r", path=r"C:\Users\alice\**", command_line="other *")
    assert matches(rule, event(TOOL), "windows") is Answer.NO


def test_a_variable_of_the_user_covers_every_user() -> None:
    assert matches(ProcessRule("r", path=r"%TEMP%\tool.exe"), event(TOOL), "windows") is Answer.YES


def test_case_counts_on_linux_only() -> None:
    rule = ProcessRule("r", path="/usr/sbin/Daemon")
    assert matches(rule, event(DAEMON), "linux") is Answer.NO
    assert matches(rule, event(DAEMON), "windows") is Answer.YES


def test_a_rule_without_a_criterion_is_refused() -> None:
    with pytest.raises(SettingError, match="would hold for everything"):
        ProcessRule("r", event_types=("process-start",))


def test_a_control_character_is_refused_with_its_reason() -> None:
    with pytest.raises(
        SettingError, match=r"path: character 1 is the control character U\+0001, which XML cannot hold"
    ):
        ProcessRule("r", path="\x01")


words = st.sampled_from(["a", "A", "b", "\\", "*", "**", "?", "{user}", "{site}"])
templates = st.lists(words.filter(lambda word: "*" not in word and word != "?"), max_size=5).map("".join)
criteria = st.none() | st.lists(words, min_size=1, max_size=5).map("".join)


@given(
    rule=st.tuples(criteria, criteria, criteria).filter(any),
    process=st.tuples(templates, templates, templates),
    users=st.lists(st.text("abA*{}", min_size=1, max_size=3), min_size=1, max_size=6),
)
def test_a_rule_never_hides_more_than_it_names(
    rule: tuple[str | None, ...], process: tuple[str, ...], users: list[str]
) -> None:
    path, command_line, parent = rule
    product = ProcessRule("r", path=path, command_line=command_line, parent_path=parent)
    subject = event(Process(process[0], process[1], process[2]))
    answer = matches(product, subject, "windows")
    for user in users:
        slots = {"user": user, "host": "h", "site": user[::-1]}
        expected = all(
            mask is None or stands_for(mask, filled(text, slots), slots, windows=True, path=number != 1)
            for number, (mask, text) in enumerate(zip(rule, process, strict=True))
        )
        assert matches_filled(product, subject, "windows", slots) is expected
        assert answer is Answer.DEPENDS or (answer is Answer.YES) is expected
