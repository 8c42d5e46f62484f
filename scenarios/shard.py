"""A shard: the devices of one worker, staged and simulated, here or in a process of its own."""

import multiprocessing
import signal
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.errors import SeatrialError
from emulator.journal import Fact
from emulator.ports import I64, PORT_OF_TARGET, Port, Target
from emulator.telemetry.block import Block
from emulator.telemetry.ledger import Ledger
from emulator.telemetry.session import WAITING
from emulator.telemetry.tally import TallyResult
from emulator.telemetry.watch import WatchResult
from emulator.world import Condition
from scenarios import actions
from scenarios.backends import Chosen, resolve_backend
from scenarios.expectations import Observe
from scenarios.model import Scenario
from scenarios.observation import Stored, stored_of
from scenarios.problems import Loc
from scenarios.recording import DeviceColumns
from scenarios.staging import Stage

CLOSE_TIMEOUT_S: Final = 5
"""How long a worker may take to end."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a shard hands over after a span of time: closed intervals, and facts before its end, in order."""

    ledgers: Sequence[tuple[int, Ledger]]
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Ending:
    """What a shard hands over at its end.

    `missing` names, for each target whose servers can be asked, the devices of which they hold less than they
    acknowledged. `stored` has what the servers of each target hold, where somebody wants to know; None where they do
    not offer to be asked.
    """

    part: Part
    columns: DeviceColumns
    missing: Mapping[Target, Sequence[int]]
    watched: Sequence[WatchResult]
    tallied: Sequence[TallyResult]
    stored: Mapping[Target, Stored | None]


@dataclass(frozen=True, slots=True)
class Command:
    """What a reaction has done, on all shards, from `at_ms` on."""

    name: str
    action: actions.Action | None
    devices: I64 | None
    at_ms: int


class ShardError(SeatrialError):
    """A worker ended, or failed in a way that is not the user's: exit code 3."""


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """A user's backend as text and options, since what it is made of does not pass between processes.

    From Python, for a run in this process, `spec` may also be the class, factory or instance itself. `place` is where
    it was named; `options_at` tells by key where each option was, and under the empty key where all of them were.
    """

    spec: object
    options: Mapping[str, Any]  # read by the backend's own model
    place: str
    folder: Path
    options_at: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, port: Port) -> Chosen:
        """Finds the backend."""
        chosen = resolve_backend(port, self.spec, self.options, place=self._place, pace="virtual", folder=self.folder)
        assert chosen is not None
        return chosen

    def _place(self, loc: Loc) -> str:
        if loc[0] != "options":
            return self.place
        of_all = self.options_at.get("", self.place)
        return of_all if len(loc) == 1 else self.options_at.get(str(loc[1]), of_all)


class Shard(Protocol):
    """What the coordinator asks of a shard. Asking and taking are apart, so that shards work side by side."""

    def begin(self, until_ms: int, commands: Sequence[Command]) -> None:
        """Asks for everything before `until_ms`, with commands that hold from now on."""

    def part(self) -> Part:
        """Takes what was asked for."""

    def finish(self) -> Ending:
        """Ends the shard where it is."""

    def close(self) -> None:
        """Lets go of what it holds, also after an error."""


class LocalShard:
    """A shard in this process."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        devices: I64 | None = None,
        backends: Mapping[Port, Chosen] | None = None,
        buckets: int = 1,
        worker: int = 0,
    ) -> None:
        self._stage = Stage(scenario, devices=devices, backends=backends, buckets=buckets, worker=worker)
        self._until_ms = 0

    def begin(self, until_ms: int, commands: Sequence[Command]) -> None:
        """Asks for everything before `until_ms`, with commands that hold from now on."""
        for command in commands:
            self._stage.perform(command.action, command.devices, command.at_ms, command.name)
        self._stage.operate(until_ms)
        self._until_ms = until_ms

    def part(self) -> Part:
        """Takes what was asked for."""
        simulation = self._stage.simulation
        simulation.advance(self._until_ms)
        return Part(simulation.take_ledgers(), simulation.journal.drain(self._until_ms))

    def finish(self) -> Ending:
        """Ends the shard where it is."""
        simulation = self._stage.simulation
        simulation.finish()
        facts = simulation.journal.drain(self._until_ms)
        part = Part(simulation.take_ledgers(), facts)
        stored, missing = self._asked()
        context = simulation.context
        return Ending(part, self._columns(), missing, context.watcher.results, context.tallier.results, stored)

    def close(self) -> None:
        """Closes the backends."""
        self._stage.close()

    def _columns(self) -> DeviceColumns:
        simulation = self._stage.simulation
        size = len(simulation.devices)
        queued_max, queued_max_at = np.zeros(size, np.int64), np.zeros(size, np.int64)
        waits = np.zeros(size, np.bool_)
        contacts: dict[str, tuple[I64, I64]] = {}
        for target in simulation.context.targets:

            def of(block: Block, target: Target = target) -> Any:
                return block.streams[target]

            longest = simulation.gather(lambda block: of(block).queued_max, np.int64)
            at_ms = simulation.gather(lambda block: of(block).queued_max_at, np.int64)
            queued_max_at = np.where(longest > queued_max, at_ms, queued_max_at)
            queued_max = np.maximum(longest, queued_max)
            waits |= simulation.gather(lambda block: of(block).session.server == WAITING, np.bool_)
            for server in sorted({name for block in simulation.blocks for name in of(block).session.contacts}):
                nobody = np.full(2, -1, np.int64)

                def contact(block: Block, end: int, server: str = server, nobody: I64 = nobody) -> I64:
                    columns = of(block).session.contacts.get(server)
                    return np.full(len(block), -1, np.int64) if columns is None else columns[end]

                contacts[server] = (
                    simulation.gather(lambda block: contact(block, 0), np.int64),
                    simulation.gather(lambda block: contact(block, 1), np.int64),
                )
        return DeviceColumns(
            simulation.devices,
            simulation.figures().terms,
            queued_max,
            queued_max_at,
            contacts,
            self._state(waits),
        )

    def _state(self, waits: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Codes of `recording.STATES` at the end."""
        now = self._stage.simulation.conditions_now
        stopped = now(Condition.STOPPED) | now(Condition.CRASHED) | now(Condition.OFF)
        return np.select([stopped, now(Condition.OFF_LINE), waits], [3, 2, 1], 0).astype(np.uint8)

    def _asked(self) -> tuple[dict[Target, Stored | None], dict[Target, Sequence[int]]]:
        """What servers hold, and the devices that believe more acknowledged than that.

        Users' backends are asked for each device, the fakes only where an expectation wants to know.
        """
        simulation = self._stage.simulation
        wanted = {one.port for one in self._stage.scenario.expectations if isinstance(one, Observe)}
        stored: dict[Target, Stored | None] = {}
        missing: dict[Target, Sequence[int]] = {}
        for target, terms in simulation.figures().terms.items():
            settled, acknowledged = self._settled(target), terms["acknowledged"]
            tells = self._stage.stored(target)
            held = self._stage.held(target, simulation.devices, settled)
            if tells is None:
                stored[target] = None
            elif held is None or PORT_OF_TARGET[target] in wanted:
                known = stored_of(tells, simulation.devices, settled, acknowledged)
                stored[target] = known
                missing[target] = simulation.devices[known.missing_ids > 0].tolist()
            else:
                missing[target] = simulation.devices[held < acknowledged].tolist()
        return stored, missing

    def _settled(self, target: Target) -> I64:
        """Below which ordinal each device has nothing left to send: it is acknowledged, or expired."""
        return self._stage.simulation.gather(lambda block: block.streams[target].acknowledged, np.int64)


class RemoteShard:
    """A shard in a process of its own, at the other end of a pipe."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        devices: I64,
        backends: Mapping[Port, BackendSpec],
        buckets: int,
        worker: int,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(other, scenario, devices, backends, buckets, worker), daemon=True
        )
        with _deaf():
            self._process.start()
        other.close()

    def begin(self, until_ms: int, commands: Sequence[Command]) -> None:
        """Asks for everything before `until_ms`, with commands that hold from now on."""
        self._ask("begin", until_ms, tuple(commands))

    def part(self) -> Part:
        """Takes what was asked for."""
        part: Part = self._take()
        return part

    def finish(self) -> Ending:
        """Ends the shard where it is."""
        self._ask("finish")
        ending: Ending = self._take()
        return ending

    def close(self) -> None:
        """Ends the process."""
        self._ask("close")
        self._process.join(CLOSE_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
        self._pipe.close()

    def _ask(self, *request: object) -> None:
        with suppress(OSError):  # whoever takes the answer hears that the worker has ended, and why
            self._pipe.send(request)

    def _take(self) -> Any:  # what the other end made of the request
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(CLOSE_TIMEOUT_S)
            raise ShardError(f"a worker ended with exit code {self._process.exitcode}") from None
        if isinstance(answer, _Failure):
            raise answer.error from ShardError(answer.told)
        return answer


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that start inside never hear of Ctrl-C, which reaches the whole group: the coordinator ends them."""
    if threading.current_thread() is not threading.main_thread():  # where signals cannot be set
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True, slots=True)
class _Failure:
    """An exception of a worker, with its traceback as text."""

    error: Exception
    told: str


def _serve(
    pipe: Connection,
    scenario: Scenario,
    devices: I64,
    backends: Mapping[Port, BackendSpec],
    buckets: int,
    worker: int,
) -> None:
    """The other end: a local shard that does what it is asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        chosen = {port: spec.resolve(port) for port, spec in backends.items()}
        with closing(LocalShard(scenario, devices=devices, backends=chosen, buckets=buckets, worker=worker)) as shard:
            while True:
                match pipe.recv():
                    case ("begin", until_ms, commands):
                        shard.begin(until_ms, commands)
                        pipe.send(shard.part())
                    case ("finish",):
                        pipe.send(shard.finish())
                    case _:
                        return
    except EOFError:
        return  # the coordinator is gone
    except Exception as error:
        with suppress(OSError):  # the coordinator is gone
            pipe.send(_Failure(error if _travels(error) else ShardError(str(error)), traceback.format_exc()))


def _travels(error: Exception) -> bool:
    """True for errors that are told to users as they are, and can be sent through a pipe."""
    return isinstance(error, SeatrialError)
