"""Updates: sources in their order, what a device has afterwards, how old databases are."""

from hypothesis import given
from hypothesis import strategies as st

from emulator.clock import DAY_MS
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import Call
from emulator.updates import (
    Databases,
    DatabaseState,
    ModuleUpdates,
    Release,
    Source,
    SourceKind,
    UpdateRequest,
    choose,
)

NEWER = Release(databases=7, released_ms=1000, modules=3, download_ms=1)
SOURCES = (Source(SourceKind.ADMINISTRATION_SERVER), Source(SourceKind.VENDOR), Source(SourceKind.CUSTOM, "ftp://u"))

Answer = Release | Refused | TimedOut | Unreachable


class Servers:
    """Answers by source."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def offer(self, request: UpdateRequest) -> Answer:
        self.asked.append(request.source.name)
        return self.answers[request.source.name]


class Linked:
    """A device with a link."""

    def call(self, source: Source, at_ms: int) -> Call | None:
        return Call(source.name, 0, at_ms)


class Unlinked:
    """A device without one."""

    def call(self, source: Source, at_ms: int) -> Call | None:
        return None


@given(st.lists(st.sampled_from([NEWER, TimedOut(), Unreachable(), Refused(503)]), min_size=3, max_size=3))
def test_sources_are_tried_in_their_order_until_one_answers(answers: list[Answer]) -> None:
    servers = Servers({source.name: answer for source, answer in zip(SOURCES, answers, strict=True)})
    release, told = choose(SOURCES, servers, Linked(), 0)
    good = [number for number, answer in enumerate(answers) if isinstance(answer, Release)]
    asked = SOURCES[: good[0] + 1] if good else SOURCES
    assert servers.asked == [source.name for source in asked]
    assert (release is not None) == bool(good)
    assert told[-1].kind == ("update-source" if good else "update-failed")


def test_a_device_without_a_link_asks_nobody() -> None:
    servers = Servers({})
    assert choose(SOURCES, servers, Unlinked(), 0)[0] is None
    assert servers.asked == []


def test_an_update_raises_the_release_and_a_corrupted_one_keeps_the_old_databases() -> None:
    old = Databases(release=5, released_ms=10)
    after, told = old.applying(NEWER, ModuleUpdates.NONE)
    assert (after.release, after.released_ms) == (7, 1000)
    assert [one.kind for one in told] == ["databases-updated"]
    broken = Release(8, 2000, 3, 1, corrupted=True)
    same, told = old.applying(broken, ModuleUpdates.INSTALL)
    assert same == old
    assert [one.kind for one in told] == ["update-failed"]


def test_an_older_release_changes_nothing() -> None:
    new = Databases(release=9, released_ms=5)
    assert new.applying(NEWER, ModuleUpdates.NONE)[0] == new


def test_modules_are_updated_as_far_as_the_settings_say() -> None:
    for choice, version, kind in (
        (ModuleUpdates.NONE, 0, None),
        (ModuleUpdates.CHECK, 0, "modules-available"),
        (ModuleUpdates.INSTALL, 3, "modules-updated"),
    ):
        after, told = Databases().applying(NEWER, choice)
        assert after.modules == version
        assert ({one.kind for one in told} - {"databases-updated"}) == ({kind} if kind else set())


def test_databases_age() -> None:
    databases = Databases(1, 0)
    assert databases.state(3 * DAY_MS - 1) is DatabaseState.UP_TO_DATE
    assert databases.state(3 * DAY_MS) is DatabaseState.OUT_OF_DATE
    assert databases.state(7 * DAY_MS) is DatabaseState.BADLY_OUT_OF_DATE
