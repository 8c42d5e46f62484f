"""Shards: what is handed over and when, the other end of the pipe, and workers that fail or end."""

import multiprocessing
import pickle
import signal
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.adapter import AdapterError
from emulator.errors import SeatrialError, UserError
from emulator.ports import Port, Target
from scenarios import shard as shards
from scenarios.actions import Isolate, Outage
from scenarios.model import Scenario
from scenarios.problems import ScenarioErrors
from scenarios.selectors import parse_selector
from scenarios.shard import BackendSpec, Command, Ending, LocalShard, Part, RemoteShard, ShardError
from tests.scenarios.made import loaded
from tests.scenarios.servers import Fragile, Keeper, spec

MIN = 60_000
FEW = {"blocks": [{"name": "office", "image": "windows-office", "count": 6, "group": "Managed devices/HQ"}]}


@pytest.fixture(autouse=True)
def nothing_made() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    Keeper.made.clear()
    yield
    signal.signal(signal.SIGINT, before)


def scenario(**sections: Any) -> Scenario:
    return loaded(**{"fleet": FEW, "duration": "30min", **sections})


# --- a shard in this process ------------------------------------------------------------------------------------------


def test_a_part_has_the_closed_intervals_and_the_facts_before_its_end() -> None:
    timeline = [{"at": f"{minutes}min", "do": "isolate", "target": "all", "for": "1min"} for minutes in (3, 5, 8)]
    shard = LocalShard(scenario(timeline=timeline))
    shard.begin(5 * MIN, ())
    first = shard.part()
    assert [at_ms for at_ms, _ in first.ledgers] == list(range(0, 5 * MIN, 30_000))
    assert {fact.at_ms for fact in first.facts} == {3 * MIN, 4 * MIN}
    shard.begin(9 * MIN, ())
    second = shard.part()
    assert [at_ms for at_ms, _ in second.ledgers] == list(range(5 * MIN, 9 * MIN, 30_000))
    assert {fact.at_ms for fact in second.facts} == {5 * MIN, 6 * MIN, 8 * MIN}
    ending = shard.finish()
    assert ending.part == Part([], [])
    assert ending.missing == {Target.CENTRAL_NODE: []}


def test_commands_hold_from_their_moment_on() -> None:
    plain, commanded = LocalShard(scenario()), LocalShard(scenario())
    action = Isolate.model_validate({"do": "isolate", "target": parse_selector("all"), "for": "5min"})
    command = Command("cut", action, np.arange(3), 10 * MIN)
    for one, commands in ((plain, ()), (commanded, (command,))):
        one.begin(10 * MIN, ())
        one.part()
        one.begin(20 * MIN, commands)
    assert not plain.part().facts
    facts = commanded.part().facts
    assert [(fact.at_ms, fact.device, fact.kind) for fact in facts] == [
        (10 * MIN, -1, "step"),
        *((10 * MIN, device, "isolated") for device in range(3)),
        *((15 * MIN, device, "released") for device in range(3)),
    ]
    suppressed = commanded.finish().columns.terms[Target.CENTRAL_NODE]["suppressed"]
    assert (suppressed[:3] > 0).all()
    assert not suppressed[3:].any()


def test_the_end_tells_states_contacts_and_longest_queues() -> None:
    timeline = [
        {"at": "10min", "do": "unplug", "target": "office-00001"},
        {"at": "10min", "do": "stop-agent", "target": "office-00002"},
        {"at": "20min", "fault": {"server": "telemetry", "kind": "refused-connection"}},
    ]
    shard = LocalShard(scenario(timeline=timeline), devices=np.array([0, 1, 4]))
    shard.begin(30 * MIN, ())
    shard.part()
    columns = shard.finish().columns
    assert columns.devices.tolist() == [0, 1, 4]
    assert columns.state.tolist() == [2, 3, 1]
    assert columns.queued_max[0] > 0
    assert columns.queued_max[1] == 0
    assert columns.queued_max_at_ms[0] > 10 * MIN
    (first, last), *others = columns.contacts.values()
    assert not others
    assert ((first >= 0) & (first < 2 * MIN)).all()
    assert (last[:2] < 10 * MIN).all()
    assert 19 * MIN < last[2] < 20 * MIN + 1_000


# --- the other end of a pipe ------------------------------------------------------------------------------------------


def served(*requests: Any, backends: Any = None, gone: bool = False) -> tuple[list[Any], Connection]:
    """What a worker answers to these requests; it does not live to see more."""
    here, there = multiprocessing.Pipe()
    for request in requests:
        here.send(request)
    if gone:
        here.close()
    fleet = {"blocks": [{"name": "idle", "image": "quiet", "count": 2, "group": "Managed devices"}]}
    trial = loaded(fleet=FEW if backends else fleet, duration="10min")
    shards._serve(there, trial, trial.fleet.everything, backends or {}, 1, 3)
    there.close()
    answers = []
    while not gone:
        try:
            answers.append(here.recv())
        except EOFError:
            break
    return answers, here


def test_a_worker_answers_in_order_and_does_not_hear_ctrl_c() -> None:
    part, ending = served(("begin", 5 * MIN, ()), ("finish",), ("close",))[0]
    assert isinstance(part, Part)
    assert isinstance(ending, Ending)
    assert [at_ms for at_ms, _ in part.ledgers] == list(range(0, 5 * MIN, 30_000))
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_worker_closes_its_backend_whatever_ends_it() -> None:
    served(("begin", MIN, ()), ("close",), backends=spec(Keeper))
    served(("begin", MIN, ()), backends=spec(Keeper), gone=True)
    served(("begin", 10 * MIN, ()), backends=spec(Fragile))
    opened = [server for server in Keeper.made if server.calls]
    assert [server.calls for server in opened] == [["open 3", "close"]] * 3


def test_a_worker_tells_what_went_wrong_with_its_traceback() -> None:
    (failure,) = served(("begin", 10 * MIN, ()), backends=spec(Fragile))[0]
    assert isinstance(failure, shards._Failure)
    assert isinstance(failure.error, AdapterError)
    assert "the disk is gone" in failure.told
    assert "servers.py" in failure.told


def test_what_is_not_ours_is_told_as_a_fault_of_the_shard() -> None:
    (failure,) = served(("begin", "soon", ()))[0]
    assert type(failure.error) is ShardError
    assert "Traceback" in failure.told


@pytest.mark.parametrize(
    "error",
    [
        UserError("a.yaml:1:2: x", "wrong", "right"),
        ScenarioErrors([UserError("a", "b", "c"), UserError("d", "e", "f")]),
        AdapterError("send raised OSError: gone"),
        ShardError("a worker ended"),
    ],
)
def test_errors_pass_between_processes_as_they_are(error: SeatrialError) -> None:
    failure = pickle.loads(pickle.dumps(shards._Failure(error, "Traceback")))
    assert type(failure.error) is type(error)
    assert str(failure.error) == str(error)


# --- a shard in a process of its own, without the process -------------------------------------------------------------


class Process:
    """A process that has ended."""

    exitcode = 9
    killed = False

    def __init__(self, *, alive: bool = False) -> None:
        self._alive = alive

    def join(self, timeout: float) -> None:
        """Does not wait."""

    def is_alive(self) -> bool:
        return self._alive

    def kill(self) -> None:
        self.killed = True


def remote(answers: Sequence[Any], *, process: Process | None = None) -> RemoteShard:
    """A shard whose worker has given these answers and ended."""
    here, there = multiprocessing.Pipe()
    for answer in answers:
        there.send(answer)
    there.close()
    shard = RemoteShard.__new__(RemoteShard)
    shard._pipe, shard._process = here, process or Process()  # type: ignore[assignment]
    return shard


def test_a_worker_that_has_ended_is_told_where_its_answer_is_taken() -> None:
    shard = remote([])
    shard.begin(MIN, ())
    with pytest.raises(ShardError, match="a worker ended with exit code 9"):
        shard.part()
    with pytest.raises(ShardError, match="a worker ended with exit code 9"):
        shard.finish()
    shard.close()


def test_what_a_worker_said_before_it_ended_is_heard() -> None:
    shard = remote([shards._Failure(AdapterError("send raised OSError: gone"), "Traceback of the worker")])
    shard.begin(MIN, ())
    with pytest.raises(AdapterError, match="gone") as raised:
        shard.part()
    assert isinstance(raised.value.__cause__, ShardError)
    assert "Traceback of the worker" in str(raised.value.__cause__)
    shard.close()


def test_a_worker_that_does_not_end_is_killed() -> None:
    process = Process(alive=True)
    remote([], process=process).close()
    assert process.killed


def test_a_worker_is_started_deaf_to_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []

    class Started(Process):
        def __init__(self, **_: Any) -> None:
            super().__init__()

        def start(self) -> None:
            heard.append(signal.getsignal(signal.SIGINT))

    class Spawning:
        Process = Started
        Pipe = staticmethod(multiprocessing.Pipe)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: Spawning)
    trial = scenario()
    RemoteShard(trial, devices=trial.fleet.everything, backends={}, buckets=1, worker=0).close()
    assert heard == [signal.SIG_IGN]
    assert signal.getsignal(signal.SIGINT) is before


# --- backends by name -------------------------------------------------------------------------------------------------


def test_a_backend_is_named_so_that_each_worker_can_find_it() -> None:
    (named,) = spec(Keeper).values()
    assert pickle.loads(pickle.dumps(named)) == named
    assert isinstance(named.resolve(Port.TELEMETRY).make(), Keeper)


def test_a_backend_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    named = BackendSpec("nowhere_at_all:Server", {}, "--backend telemetry=nowhere_at_all:Server", tmp_path)
    with pytest.raises(UserError, match=r"^--backend telemetry=nowhere_at_all:Server: there is no module"):
        named.resolve(Port.TELEMETRY)


def test_an_action_passes_between_processes() -> None:
    action = Outage.model_validate({"kind": "outage", "server": "telemetry", "for": "5min"})
    command = Command("down", action, None, MIN)
    assert pickle.loads(pickle.dumps(command)) == command
