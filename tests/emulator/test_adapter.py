"""The adapter: what a backend sees of the columns, what the engine sees of its replies, and whose fault it is."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.adapter import SEND_MAX, AdapterError, PerPackage, package_size_bytes
from emulator.chance import device_key
from emulator.errors import SeatrialError
from emulator.events import PACKAGE_HEADER_BYTES
from emulator.ports import (
    Ack,
    Answers,
    Backend,
    Credential,
    Device,
    Event,
    Outcome,
    Package,
    Refused,
    Reply,
    RunInfo,
    Synchronisations,
    Telemetry,
    TelemetryColumns,
    TimedOut,
    Transmissions,
    Unreachable,
)

TIMEOUT_MS = 10_000
RUN = RunInfo(scenario="hello", seed=7, start="2026-03-02T08:00:00+01:00", devices=8)


def identify(index: int) -> Device:
    return Device(f"office-{index}", device_key(7, "office", index), f"HQ-W-{index}", "windows", "quiet", "HQ")


def event(ordinal: int) -> Event:
    kind = "network-activity" if ordinal % 2 else "process-start"
    return Event(ordinal, 0, kind, None, "", "", "", "")


def transmissions(
    rows: Sequence[tuple[int, int, int, int]], *, package_events: int = 10, server: str = "kata:443"
) -> Transmissions:
    """A row is (device, first, upto, moment)."""
    table = np.array(rows, np.int64).reshape(len(rows), 4)
    device, first, upto, at_ms = (table[:, index].copy() for index in range(4))
    size = np.full(len(rows), package_events, np.int64)
    return Transmissions(
        server=server,
        device=device,
        first=first,
        upto=upto,
        package_events=size,
        largest_bytes=np.zeros(len(rows), np.int64),
        bytes=np.zeros(len(rows), np.int64),
        at_ms=at_ms,
        timeout_ms=np.full(len(rows), TIMEOUT_MS, np.int64),
        expand=lambda row, begin, end: [event(ordinal) for ordinal in range(begin, end)],
    )


def told(answers: Answers) -> list[tuple[Outcome, int, int, int]]:
    columns = (answers.outcome, answers.acked, answers.status, answers.latency_us)
    return [
        (Outcome(outcome), acked, status, latency)
        for outcome, acked, status, latency in zip(*(column.tolist() for column in columns), strict=True)
    ]


class Server(Backend, Telemetry):
    """A server that takes packages: it keeps marks, and what `answer` says comes back."""

    claims: Mapping[str, Any] = {"telemetry": "1.0", "time": "simulated"}

    def __init__(self, answer: Callable[[Package], Reply] = lambda package: Ack(20)) -> None:
        self.answer = answer
        self.calls: list[str] = []
        self.enrolled: list[str] = []
        self.packages: list[Package] = []
        self.sizes: list[int] = []
        self.marks: dict[tuple[str, str], int] = {}
        self.events = 0
        self.duplicates = 0

    def open(self, run: RunInfo) -> None:
        self.calls.append(f"open {run.scenario}")

    def enrol(self, device: Device) -> Credential:
        self.enrolled.append(device.name)
        return Credential("secret")

    def reset(self) -> None:
        self.calls.append("reset")

    def close(self) -> None:
        self.calls.append("close")

    def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
        self.sizes.append(len(packages))
        return [self.take(package) for package in packages]

    def take(self, package: Package) -> Reply:
        assert [found.ordinal for found in package.events] == list(range(package.first, package.first + package.count))
        self.packages.append(package)
        reply = self.answer(package)
        if isinstance(reply, (Ack, TimedOut)):
            mark = self.marks.get((package.server, package.device), 0)
            upto = package.first + package.count
            fresh = max(0, upto - max(mark, package.first))
            self.events += fresh
            self.duplicates += package.count - fresh
            self.marks[package.server, package.device] = max(mark, upto)
        return reply


def adapted(server: Any) -> PerPackage:  # also servers with methods that are wrong on purpose
    return PerPackage(server, identify=identify)


def test_the_adapter_answers_in_columns() -> None:
    adapter: TelemetryColumns = adapted(Server())
    assert isinstance(adapter, TelemetryColumns)
    assert adapter.quiet("kata:443", 0, 1) is None
    assert not adapter.weighs("kata:443", 0, 1)
    with pytest.raises(RuntimeError, match="never said to be quiet"):
        adapter.settle("kata:443", *[np.zeros(0, np.int64)] * 4)


def test_the_life_of_a_backend_passes_through() -> None:
    server = Server()
    adapter = adapted(server)
    adapter.open(RUN)
    adapter.reset()
    adapter.close()
    assert server.calls == ["open hello", "reset", "close"]


def test_a_row_is_cut_into_packages_in_order() -> None:
    server = Server()
    answers = adapted(server).transmit(transmissions([(1, 5, 30, 1_000)]))
    assert told(answers) == [(Outcome.OK, 30, 0, 60_000)]
    assert [(package.first, package.count) for package in server.packages] == [(5, 10), (15, 10), (25, 5)]
    assert [package.at_ms for package in server.packages] == [1_000, 1_020, 1_040]
    assert {(package.device, package.server) for package in server.packages} == {("office-1", "kata:443")}


def test_the_size_of_a_package_is_that_of_its_events() -> None:
    server = Server()
    adapted(server).transmit(transmissions([(1, 0, 3, 1_000)]))
    assert [package.size_bytes for package in server.packages] == [PACKAGE_HEADER_BYTES + 640 + 260 + 640]
    assert package_size_bytes([]) == PACKAGE_HEADER_BYTES


def test_the_packages_of_all_rows_go_in_rounds_in_order_of_time_and_key() -> None:
    server = Server()
    adapted(server).transmit(transmissions([(1, 0, 15, 3_000), (2, 0, 10, 1_000), (3, 0, 25, 3_000)]))
    assert server.sizes == [3, 2, 1]
    late = sorted([1, 3], key=lambda index: identify(index).key)
    assert [package.device for package in server.packages[:3]] == ["office-2", *(f"office-{index}" for index in late)]


def test_the_order_of_rows_changes_nothing_for_the_server() -> None:
    rows = [(1, 0, 15, 3_000), (2, 0, 10, 1_000), (3, 0, 25, 3_000)]
    one, other = Server(), Server()
    adapted(one).transmit(transmissions(rows))
    adapted(other).transmit(transmissions(rows[::-1]))
    assert one.packages == other.packages
    assert one.enrolled == other.enrolled


def test_many_packages_go_in_calls_of_bounded_length() -> None:
    server = Server()
    adapted(server).transmit(transmissions([(index, 0, 1, 0) for index in range(SEND_MAX + 1)]))
    assert server.sizes == [SEND_MAX, 1]


def test_a_device_is_enrolled_once_before_its_first_request_and_again_after_a_reset() -> None:
    server = Server()
    adapter = adapted(server)
    adapter.transmit(transmissions([(1, 0, 5, 0)]))
    adapter.transmit(transmissions([(1, 5, 9, 30_000), (2, 0, 5, 30_001), (3, 4, 4, 30_001)]))
    assert server.enrolled == ["office-1", "office-2"]
    adapter.reset()
    adapter.transmit(transmissions([(1, 9, 10, 60_000)]))
    assert server.enrolled == ["office-1", "office-2", "office-1"]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Refused(429, "slow down", 15), (Outcome.REFUSED, 10, 429, 35_000)),
        (TimedOut(), (Outcome.TIMED_OUT, 10, 0, 10_020_000)),
        (Unreachable("no route"), (Outcome.UNREACHABLE, 10, 0, 20_000)),
        (Ack(TIMEOUT_MS), (Outcome.TIMED_OUT, 10, 0, 10_020_000)),
        (Refused(503, latency_ms=TIMEOUT_MS), (Outcome.TIMED_OUT, 10, 0, 10_020_000)),
        (Ack(TIMEOUT_MS - 1), (Outcome.OK, 25, 0, 20_000 + 2 * 9_999_000)),
    ],
)
def test_a_row_ends_with_its_first_package_that_is_not_acknowledged(
    reply: Reply, answer: tuple[Outcome, int, int, int]
) -> None:
    server = Server(lambda package: Ack(20) if package.first == 0 else reply)
    assert told(adapted(server).transmit(transmissions([(1, 0, 25, 0)]))) == [answer]
    assert len(server.packages) == (3 if answer[0] is Outcome.OK else 2)


def test_rows_without_events_send_nothing() -> None:
    server = Server()
    assert told(adapted(server).transmit(transmissions([(1, 7, 7, 0)]))) == [(Outcome.OK, 7, 0, 0)]
    assert told(adapted(server).transmit(transmissions([]))) == []
    assert server.packages == []


def test_a_server_that_lets_no_device_in_gets_no_package() -> None:
    class Closed(Server):
        def enrol(self, device: Device) -> Any:  # a refusal beside the credential
            return Refused(401, latency_ms=5) if device.name == "office-1" else super().enrol(device)

    server = Closed()
    adapter = adapted(server)
    answers = adapter.transmit(transmissions([(1, 3, 5, 0), (2, 0, 5, 0)]))
    assert told(answers) == [(Outcome.REFUSED, 3, 401, 5_000), (Outcome.OK, 5, 0, 20_000)]
    assert [package.device for package in server.packages] == ["office-2"]
    assert adapter.enrol(2) is None
    assert adapter.enrol(1) == Refused(401, latency_ms=5)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(TimedOut(), Outcome.TIMED_OUT), (Unreachable("no route"), Outcome.UNREACHABLE)],
)
def test_enrolment_may_fail_as_a_request_does_and_is_tried_again(answer: Any, outcome: Outcome) -> None:
    class Waking(Server):
        tries = 0

        def enrol(self, device: Device) -> Any:
            self.tries += 1
            return answer if self.tries == 1 else super().enrol(device)

    server = Waking()
    adapter = adapted(server)
    assert [row[:2] for row in told(adapter.transmit(transmissions([(1, 0, 5, 0)])))] == [(outcome, 0)]
    assert server.packages == []
    assert [row[:2] for row in told(adapter.transmit(transmissions([(1, 0, 5, 30_000)])))] == [(Outcome.OK, 5)]
    assert server.tries == 2


def test_a_synchronisation_has_no_news() -> None:
    batch = Synchronisations("kata:443", *(np.array([value], np.int64) for value in (1, 4, 0, TIMEOUT_MS)))
    assert told(adapted(Server()).synchronise(batch)) == [(Outcome.OK, 4, 0, 0)]


class Columns:
    """A columnar server in a few lines: the same marks, the same refusals, a row as a whole."""

    def __init__(self, answer: Callable[[str, int], Reply]) -> None:
        self.answer = answer
        self.marks: dict[tuple[str, str], int] = {}
        self.events = 0
        self.duplicates = 0

    def transmit(self, batch: Transmissions) -> list[tuple[Outcome, int, int, int]]:
        answers = []
        for row, device in enumerate(batch.device.tolist()):
            first, upto = int(batch.first[row]), int(batch.upto[row])
            name = identify(device).name
            reply = self.answer(name, int(batch.at_ms[row]))
            if isinstance(reply, (Ack, TimedOut)):
                mark = self.marks.get((batch.server, name), 0)
                fresh = max(0, upto - max(mark, first))
                self.events += fresh
                self.duplicates += upto - first - fresh
                self.marks[batch.server, name] = max(mark, upto)
            match reply:
                case Ack(latency_ms):
                    packages = -(-(upto - first) // int(batch.package_events[row]))
                    answers.append((Outcome.OK, upto, 0, packages * latency_ms * 1000))
                case Refused(status, _, latency_ms):
                    answers.append((Outcome.REFUSED, first, status, latency_ms * 1000))
                case TimedOut():
                    answers.append((Outcome.TIMED_OUT, first, 0, TIMEOUT_MS * 1000))
                case Unreachable():
                    answers.append((Outcome.UNREACHABLE, first, 0, 0))
        return answers


def steps(longest: int) -> st.SearchStrategy[list[list[tuple[int, int, int, int]]]]:
    row = st.tuples(st.integers(0, 7), st.integers(0, 60), st.integers(1, longest), st.integers(0, 29_999))
    rows = st.lists(row, min_size=1, max_size=8, unique_by=lambda given: given[0])
    spans = rows.map(lambda found: [(device, first, first + count, at) for device, first, count, at in found])
    return st.lists(spans, min_size=1, max_size=5)


def fickle(name: str, at_ms: int) -> Reply:
    """A reply that depends on who asks when, in many ways."""
    replies: list[Reply] = [Ack(20), Ack(70), Refused(429, latency_ms=3), TimedOut(), Unreachable("no route")]
    return Random(f"{name} {at_ms}").choice(replies)


def equal_to_columns(
    sent: list[list[tuple[int, int, int, int]]], reply: Callable[[str, int], Reply], package_events: int
) -> None:
    server, columns = Server(lambda package: reply(package.device, package.at_ms)), Columns(reply)
    adapter = adapted(server)
    for number, rows in enumerate(sent):
        batch = transmissions(
            [(device, first, upto, at_ms + 30_000 * number) for device, first, upto, at_ms in rows],
            package_events=package_events,
            server="kata:443" if number % 3 else "kata2:443",
        )
        assert told(adapter.transmit(batch)) == columns.transmit(batch)
    assert (server.events, server.duplicates, server.marks) == (columns.events, columns.duplicates, columns.marks)


@given(steps(10))
def test_single_packages_come_to_what_columns_come_to(sent: list[list[tuple[int, int, int, int]]]) -> None:
    equal_to_columns(sent, fickle, 10)


@given(steps(45))
def test_rows_of_several_packages_come_to_what_columns_come_to(sent: list[list[tuple[int, int, int, int]]]) -> None:
    def by_device(name: str, at_ms: int) -> Reply:
        replies: list[Reply] = [Ack(20), Ack(35), Unreachable(), Refused(503)]
        return replies[int(name[-1]) % 4]

    equal_to_columns(sent, by_device, 10)


def test_the_comparison_sees_a_server_that_stores_duplicates() -> None:
    class Forgetful(Server):
        def take(self, package: Package) -> Reply:
            self.marks.clear()
            return super().take(package)

    server, columns = Forgetful(), Columns(lambda name, at_ms: Ack(20))
    for _ in range(2):
        batch = transmissions([(1, 0, 5, 0)])
        adapted(server).transmit(batch)
        columns.transmit(batch)
    assert (server.events, columns.events) == (10, 5)


# --- coroutines -------------------------------------------------------------------------------------------------------


class Asynchronous:
    """Every method is a coroutine function; one of them leaves a task running."""

    claims: Mapping[str, Any] = {"telemetry": "1.0", "time": "simulated"}

    def __init__(self) -> None:
        self.loops: set[int] = set()
        self.cancelled = False

    async def open(self, run: RunInfo) -> None:
        self.see()
        self.background = asyncio.create_task(self.forever())

    async def enrol(self, device: Device) -> Credential:
        self.see()
        return Credential("secret")

    async def reset(self) -> None:
        self.see()

    async def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
        self.see()
        return await asyncio.gather(*(self.one(package) for package in packages))

    async def close(self) -> None:
        self.see()

    async def one(self, package: Package) -> Reply:
        await asyncio.sleep(0)
        return Ack(20)

    async def forever(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    def see(self) -> None:
        self.loops.add(id(asyncio.get_running_loop()))


def live(server: Asynchronous) -> list[tuple[Outcome, int, int, int]]:
    adapter = adapted(server)
    adapter.open(RUN)
    answers = told(adapter.transmit(transmissions([(1, 0, 15, 0), (2, 0, 5, 0)])))
    adapter.reset()
    adapter.close()
    return answers


def test_coroutines_run_on_one_loop_that_ends_with_the_adapter() -> None:
    server = Asynchronous()
    assert live(server) == [(Outcome.OK, 15, 0, 40_000), (Outcome.OK, 5, 0, 20_000)]
    assert len(server.loops) == 1
    assert server.cancelled
    assert all(thread.name != "seatrial-adapter" for thread in threading.enumerate())


def test_coroutines_run_where_the_caller_has_a_loop_of_its_own() -> None:
    async def inside() -> list[tuple[Outcome, int, int, int]]:
        return live(Asynchronous())

    assert asyncio.run(inside())[1] == (Outcome.OK, 5, 0, 20_000)


# --- faults of the adapter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([], "answered 0 replies to 1 packages"),
        ([Ack(), Ack()], "answered 2 replies to 1 packages"),
        (None, "answered None to 1 packages"),
        (["ok"], "answered 'ok', not Ack, Refused, TimedOut or Unreachable"),
        ([Ack(0.5)], "a latency is a whole number of milliseconds"),  # type: ignore[arg-type]  # wrong on purpose
        ([Ack(-1)], "a latency is a whole number of milliseconds"),
        ([Refused(True)], "a status is a number from 300 to 999"),
        ([Refused(200)], "a status is a number from 300 to 999"),
        ([Refused(100_000)], "a status is a number from 300 to 999"),
    ],
)
def test_what_is_no_answer_is_a_fault_of_the_adapter(answer: Any, message: str) -> None:
    class Wrong(Server):
        def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
            return answer  # type: ignore[no-any-return]  # wrong on purpose

    with pytest.raises(AdapterError, match=message) as raised:
        adapted(Wrong()).transmit(transmissions([(1, 0, 5, 0)]))
    assert "Wrong.send" in str(raised.value)
    assert isinstance(raised.value, SeatrialError)


@pytest.mark.parametrize("answer", [None, "token", Ack()])
def test_what_is_no_credential_is_a_fault_of_the_adapter(answer: Any) -> None:
    class Wrong(Server):
        def enrol(self, device: Device) -> Credential:
            return answer  # type: ignore[no-any-return]  # wrong on purpose

    with pytest.raises(AdapterError, match=r"Wrong\.enrol answered .*, not a Credential"):
        adapted(Wrong()).transmit(transmissions([(1, 0, 5, 0)]))


def test_an_exception_keeps_its_traceback() -> None:
    class Broken(Server):
        def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
            raise KeyError("tenant")

    with pytest.raises(AdapterError, match=r"Broken\.send raised KeyError: 'tenant'") as raised:
        adapted(Broken()).transmit(transmissions([(1, 0, 5, 0)]))
    cause = raised.value.__cause__
    assert isinstance(cause, KeyError)
    frames = []
    trace = cause.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert frames[-1] == "send"


def test_an_exception_of_a_coroutine_is_one_too_and_the_loop_still_ends() -> None:
    class Broken(Asynchronous):
        async def close(self) -> None:
            raise OSError("gone")

    adapter = adapted(Broken())
    adapter.open(RUN)
    with pytest.raises(AdapterError, match=r"Broken\.close raised OSError: gone"):
        adapter.close()
    assert all(thread.name != "seatrial-adapter" for thread in threading.enumerate())


def test_an_interruption_is_not_the_adapters_fault() -> None:
    class Interrupted(Server):
        def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adapted(Interrupted()).transmit(transmissions([(1, 0, 5, 0)]))


# --- optional halves --------------------------------------------------------------------------------------------------


class Observed(Server):
    """Lets checks look inside; `held` is what it says."""

    held: Any = ((0, 5),)

    def stored(self, device: str) -> Any:  # also what is wrong on purpose
        return self.held if device == "office-1" else []


@pytest.mark.parametrize("held", [[(0, 5)], [(0, 5), (3, 8)], []])
def test_what_a_backend_holds_comes_as_it_says_it(held: list[tuple[int, int]]) -> None:
    server = Observed()
    server.held = held
    adapter = adapted(server)
    assert adapter.observes_stored
    assert adapter.stored(1) == held
    assert adapter.stored(2) == []
    assert not adapted(Server()).observes_stored


@pytest.mark.parametrize("held", [None, [3], [(0, 1, 2)], [(0, "5")], iter([])])
def test_what_is_no_interval_is_a_fault_of_the_adapter(held: Any) -> None:
    server = Observed()
    server.held = held
    with pytest.raises(AdapterError, match="not intervals"):
        adapted(server).stored(1)


def test_a_server_that_keeps_time_is_led_through_it_in_order() -> None:
    class Timed(Server):
        def advance(self, to_ms: int) -> None:
            self.calls.append(f"advance {to_ms}")

        def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
            self.calls.append(f"send {len(packages)}")
            return super().send(packages)

    server = Timed()
    adapter = adapted(server)
    adapter.transmit(transmissions([(1, 0, 15, 3_000), (2, 0, 5, 1_000)]))
    adapter.transmit(transmissions([(1, 15, 20, 3_000)]))
    assert server.calls == ["advance 1000", "send 2", "advance 3020", "send 1", "send 1"]
