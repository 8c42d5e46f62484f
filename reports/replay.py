"""Replays: one device of a run simulated once more, from the scenario that the run had, and told event by event."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow.compute as pc

from reports import words
from reports.folder import RunFolder
from reports.manifest import Manifest
from scenarios.arguments import parse_set
from scenarios.errors import UserError
from scenarios.loader import load
from scenarios.model import Scenario
from scenarios.problems import hint, shown
from scenarios.tables import FACTS
from scenarios.tracing import WAITING, EventLine, Line, RequestLine, Trace

FAKE: Final = "fake"
NAMES_LOOKED_AT: Final = 1_000
"""Devices among which one with a similar name is looked for."""
WIDTH: Final = 80
MOMENT: Final = 14
"""Columns of the moment before each line."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a device follows from a moment on; `groups` has for each group of settings where it comes from."""

    at_ms: int
    groups: Mapping[str, str]
    values: Mapping[str, Any]


class Replay:
    """One device of a run once more. Raises UserError where the run cannot be replayed, with why."""

    def __init__(self, folder: RunFolder, device: str) -> None:
        self.manifest = folder.manifest
        self.device = device
        self._place = str(folder.path)
        _require_fakes(self._place, self.manifest)
        scenario = _scenario(self._place, self.manifest)
        index = scenario.fleet.index_of(device)
        if index is None:
            some = scenario.fleet.names(scenario.fleet.everything[:NAMES_LOOKED_AT]).to_pylist()
            raise UserError("--device", f"the run has no device {shown(device)}", hint(device, map(str, some)))
        facts = folder.matching("facts", FACTS.names, pc.field("device").isin([device, ""])).to_pylist()
        carried_out = _carried_out(scenario, facts)
        if scenario.reactions and folder.problems:
            remedy = "run the scenario again"
            raise UserError(self._place, "the facts that its reactions waited for cannot be read", remedy)
        self.facts: Sequence[Row] = [fact for fact in facts if fact["device"] == device]
        self._trace = Trace(scenario, index, carried_out)
        self._rows = folder.matching("devices", _COLUMNS, pc.field("device") == device).to_pylist()

    def settings(self) -> Iterator[Settings]:
        """What the device followed at the start, and after each policy that it heard of."""
        heard = [fact["at_ms"] for fact in self.facts if fact["kind"] == "policy-applied"]
        for at_ms in (None, *heard):
            effective = self._trace.settings(at_ms)
            values = asdict(effective.settings)
            keys = [name.replace("_", "-") for name in values]
            groups = {key: str(effective.origin(key)) for key in keys}
            yield Settings(at_ms or 0, groups, {key: dict(values[key.replace("-", "_")]) for key in keys})

    def lines(self) -> Iterator[Line]:
        """What became of each event, and each request with its answer."""
        return self._trace.lines()

    def terms(self) -> Mapping[str, Mapping[str, int]]:
        """The books of the replay so far."""
        return self._trace.terms

    def differences(self) -> list[str]:
        """Where the books of a whole replay are not those of the run; none where the run has not ended."""
        if self.manifest.status != "finished" or not self._rows:
            return []
        return [
            f"{target}: {term} {value:,}, in the run {there:,}"
            for target, terms in self.terms().items()
            for term, value in terms.items()
            for there in [_in_row(self._rows[0], target, term)]
            if value != there
        ]


_TARGETS: Final = ("central-node", "kics")
_COLUMNS: Final = tuple(
    f"{target.replace('-', '_')}_{term}"
    for target in _TARGETS
    for term in (
        "generated",
        "not_collected",
        "excluded",
        "optimised",
        "repeated",
        "crashed",
        "throttled",
        "acknowledged",
        "expired",
        "suppressed",
        "queued",
        "unanswered",
    )
)


def _in_row(row: Row, target: str, term: str) -> int:
    parts = ("queued", "unanswered") if term == WAITING else (term,)
    return sum(int(row[f"{target.replace('-', '_')}_{part}"]) for part in parts)


def _require_fakes(place: str, manifest: Manifest) -> None:
    own = sorted(port for port, spec in manifest.backends.items() if spec != FAKE)
    if own:
        cause = f"{', '.join(own)} was answered by {manifest.backends[own[0]]}, and what it answered is not kept"
        raise UserError(place, cause, "trace a run against the fakes")


def _scenario(place: str, manifest: Manifest) -> Scenario:
    """The scenario of the run, loaded again. Raises UserError where it is not what it was."""
    source, *options = manifest.arguments or (manifest.scenario.file,)
    given = list(zip(options[::2], options[1::2], strict=False))
    numbers = {name: int(value) for name, value in given if name in ("--seed", "--devices") and value.isdecimal()}
    sets = dict(parse_set(value) for name, value in given if name == "--set")
    try:
        scenario = load(source, sets=sets, devices=numbers.get("--devices"), seed=numbers.get("--seed"))
    except UserError as error:
        cause = f"its scenario cannot be loaded again: {error.place}: {error.cause}"
        raise UserError(place, cause, "stand where the run was started, with the scenario as it was") from error
    if scenario.sha256 != manifest.scenario.sha256:
        cause = f"{source} is not what it was in this run: its content has another SHA-256"
        raise UserError(place, cause, "bring the scenario back as it was, or run it again")
    return scenario


def _carried_out(scenario: Scenario, facts: Sequence[Row]) -> dict[str, int]:
    """When the steps without a time of their own were carried out."""
    names = {reaction.name for reaction in scenario.reactions}
    told = ((json.loads(fact["detail"])["name"], fact["at_ms"]) for fact in facts if fact["kind"] == "step")
    return {name: at_ms for name, at_ms in told if name in names}


# --- told -------------------------------------------------------------------------------------------------------------


def to_text(replay: Replay, from_ms: int, until_ms: int) -> Iterator[str]:
    """The replay between two moments, line by line, of 80 columns."""
    manifest = replay.manifest
    yield f"{words.printable(replay.device)} in {words.printable(manifest.scenario.name)}, seed {manifest.seed}"
    for settings in replay.settings():
        if from_ms <= settings.at_ms < until_ms or not settings.at_ms:
            yield f"\n{words.span(settings.at_ms)}  settings"
            yield from (f"  {key:<32} {words.printable(origin)}" for key, origin in settings.groups.items())
    facts = [fact for fact in replay.facts if from_ms <= fact["at_ms"] < until_ms]
    if facts:
        yield "\nfacts of the run"
    for fact in facts:
        detail = words.printable(fact["detail"]) if fact["detail"] != "{}" else ""
        yield words.clipped(f"{words.span(fact['at_ms']):>12}  {fact['kind']} {detail}".rstrip(), WIDTH)
    yield "\nevents and requests"
    for line in replay.lines():
        if from_ms <= line.at_ms < until_ms:
            yield words.clipped(f"{words.span(line.at_ms):>12}  {_sentence(line)}", WIDTH)
    yield "\ntotals of the run"
    for target, terms in replay.terms().items():
        if any(terms.values()):
            told = [f"{words.term(term)} {value:,}" for term, value in terms.items() if value]
            yield f"  {target}"
            yield from (f"    {one}" for one in told)
    yield from (f"differs from the run: {one}" for one in replay.differences())


def _sentence(line: Line) -> str:
    if isinstance(line, RequestLine):
        what = line.kind if line.kind != "send" else f"send {line.first}..{line.upto - 1}"
        answer = f"{line.outcome}{f' {line.status}' if line.status else ''}, {words.latency(line.latency_us)}"
        return f"{line.target:<14}{what} → {answer}, {line.server}"
    many = f" x{line.count:,}" if line.count > 1 else ""
    ordinal = f" #{line.ordinal}" if line.ordinal is not None else ""
    name = line.event if line.event.endswith(line.type) else f"{line.event} {line.type}"
    start = f"{line.target:<14}{words.term(line.stage):<14}{f'{ordinal}{many} '.lstrip()}"
    room = WIDTH - MOMENT - len(start)
    name = words.printable(name)
    return start + (name if len(name) <= room else f"…{name[1 - room :]}")


def to_json(replay: Replay, from_ms: int, until_ms: int) -> str:
    """The same as one JSON document."""
    lines = [line for line in replay.lines() if from_ms <= line.at_ms < until_ms]
    document = {
        "scenario": replay.manifest.scenario.name,
        "seed": replay.manifest.seed,
        "device": replay.device,
        "settings": [asdict(one) for one in replay.settings()],
        "facts": [fact for fact in replay.facts if from_ms <= fact["at_ms"] < until_ms],
        "events": [asdict(line) for line in lines if isinstance(line, EventLine)],
        "requests": [asdict(line) for line in lines if isinstance(line, RequestLine)],
        "terms": replay.terms(),
        "differences": replay.differences(),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"
