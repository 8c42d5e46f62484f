"""What IOC Scan tasks do on a device."""

from typing import Final, Protocol

from emulator.components.licence import VIOLATION
from emulator.components.responses import Responses
from emulator.control.agent import EndpointAgent
from emulator.control.sweeps import ScanOutcome, Sweeps
from emulator.ioc.card import Card
from emulator.tasks.device import Execution, TaskResult
from emulator.tasks.ioc_scan import IocScan, Response
from emulator.tasks.task import Task
from emulator.tasks.wall import WallClock
from emulator.told import Severity, Told

SCAN_MS: Final = 60_000
"""How long a scan takes; the emulator's."""
NO_LICENCE: Final = "there is no valid licence"
BY_COMMAND: Final = "command line"
"""What stands for the name of a task where somebody scans at the command line."""
DONE, GENERAL_ERROR, ACCESS_DENIED = 0, 2, 8
"""Return codes of the command line: the last is documented for a missing licence, the others for sibling commands."""


class Scannable(Protocol):
    """What a scan needs of its device."""

    @property
    def agent(self) -> EndpointAgent:
        """Its Endpoint Agent."""

    @property
    def responses(self) -> Responses:
        """What it can do about what is found."""

    def licensed(self, at_ms: int) -> bool:
        """Whether it has a valid licence at a moment."""


class IocScanExecutor:
    """Judges the collection of a task against the device as it is at the end of the scan; `clock` is the device's."""

    def __init__(self, sweeps: Sweeps, clock: WallClock) -> None:
        self._sweeps = sweeps
        self._clock = clock

    def begin(self, owner: Scannable, task: Task, at_ms: int) -> Execution:
        """Begins a scan; without a valid licence there is none (public help)."""
        wanted = task.settings
        assert isinstance(wanted, IocScan)
        if not owner.licensed(at_ms):
            told = Told(VIOLATION, {"function": "ioc-scan"}, Severity.CRITICAL)
            return Execution(0, lambda _: TaskResult(NO_LICENCE), (told,))

        def finish(at_ms: int) -> TaskResult:
            outcome = self.scan(owner, task.name, wanted, at_ms)
            if outcome.failed:
                return TaskResult(f"the file {outcome.failed} of the collection is too large")
            return TaskResult(values=_values(outcome), cards=outcome.cards)

        return Execution(SCAN_MS, finish)

    def by_command(self, owner: Scannable, wanted: IocScan, at_ms: int, user: str) -> None:
        """A scan that somebody starts at the command line (KEA-IOC-004); what it comes to is shown there."""
        if not owner.licensed(at_ms):
            told = (Told(VIOLATION, {"function": "ioc-scan"}, Severity.CRITICAL), _shown(user, ACCESS_DENIED))
            owner.agent.tell(at_ms, told)
            return

        def finish(agent: EndpointAgent, at_ms: int) -> None:
            if not agent.runs(at_ms):
                return
            outcome = self.scan(owner, BY_COMMAND, wanted, at_ms)
            agent.tell(at_ms, (_shown(user, GENERAL_ERROR if outcome.failed else DONE, **_values(outcome)),))

        owner.agent.later(at_ms + SCAN_MS, finish)

    def scan(self, owner: Scannable, name: str, wanted: IocScan, at_ms: int) -> ScanOutcome:
        """Scans the device at its moment, and responds to what it finds as the settings say (KEA-IOC-009)."""
        past_ms = None if wanted.retrospective is None else wanted.retrospective.span_ms(at_ms, self._clock)
        outcome = self._sweeps.scan(owner.agent, at_ms, name, wanted, past_ms)
        if outcome.matches:
            found = Told("ioc-detected", {"task": name, "matches": outcome.matches}, Severity.CRITICAL)
            owner.agent.tell(at_ms, (found,))
            _respond(owner.responses, wanted.responses, outcome.cards, name, at_ms)
        return outcome


def _shown(user: str, code: int, **values: str | int | bool) -> Told:
    return Told("command-line-scan", {"user": user, "return_code": code, **values})


def _values(outcome: ScanOutcome) -> dict[str, str | int | bool]:
    values: dict[str, str | int | bool] = {"matches": outcome.matches}
    if outcome.skipped:
        values["skipped"] = " ".join(outcome.skipped)
    if outcome.duplicates:
        values["duplicates"] = " ".join(outcome.duplicates)
    return values


def _respond(
    responses: Responses, wanted: tuple[Response, ...], cards: tuple[Card, ...], name: str, at_ms: int
) -> None:
    """Objects go to quarantine before the device is cut off, each once."""
    if Response.QUARANTINE in wanted:
        paths = (one.values.get("FullPath") for card in cards for one in card.objects if one.item_type == "FileItem")
        for path in dict.fromkeys(paths):
            if isinstance(path, str):
                responses.quarantine(path, at_ms, name)
    if Response.SCAN_CRITICAL_AREAS in wanted:
        responses.scan_critical_areas(at_ms, name)
    if Response.ISOLATE in wanted:
        responses.isolate(at_ms)
