"""Sweeps for indicators of compromise: judged against what an image holds and what its device changed."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from emulator.clock import Rank
from emulator.control.agent import EndpointAgent
from emulator.ioc.card import Card, card
from emulator.ioc.document import IndicatorFile
from emulator.ioc.snapshot import Changes, Instance, Snapshot
from emulator.ioc.sweep import Sweep
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.scan_scope import View
from emulator.telemetry.context import Context
from emulator.telemetry.past import Past, items_of

MATCHES_TOLD: Final = 20
"""Indicator files of one device whose match is journalled one by one, and of which there are cards."""
NAMES_TOLD: Final = 20
"""Names of skipped files, and identifiers of files that are there twice, that a result repeats."""


@dataclass(frozen=True, slots=True)
class SweepTask:
    """A task that judges indicator files against a device, as a server publishes it."""

    name: str
    files: tuple[IndicatorFile, ...]


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """What a scan of one device came to: how many files match, the cards of the first of them, and what was left out.

    `failed` names a file that is too large, so that nothing was judged (KEA-IOF-014). `skipped` are the names of files
    that are not supported (KEA-IOF-004), `duplicates` the identifiers of files that are there twice (KEA-IOF-012).
    """

    matches: int = 0
    cards: tuple[Card, ...] = ()
    skipped: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    failed: str = ""


@dataclass(slots=True)
class _Prepared:
    """The files of a task with what was worked out for them: once, whatever the number of devices."""

    files: tuple[IndicatorFile, ...]
    sweep: Sweep
    skipped: tuple[str, ...]
    duplicates: tuple[str, ...]
    views: dict[tuple[View, int], Snapshot] = field(default_factory=dict)


class Sweeps:
    """The sweeps of one shard; what the files of a task come to on an image is worked out once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._past = Past(context)
        self._prepared: dict[str, _Prepared] = {}

    def carry_out(self, agent: EndpointAgent, at_ms: int, task: SweepTask) -> int | None:
        """Judges the files of a task of a server against one device at its moment (KEA-IOF-004 to KEA-IOF-014).

        How many match; None where a file is too large, so that nothing was judged.
        """
        outcome = self.scan(agent, at_ms, task.name, IocScan(task.files))
        return None if outcome.failed else outcome.matches

    def scan(
        self, agent: EndpointAgent, at_ms: int, name: str, scan: IocScan, past_ms: tuple[int, int] | None = None
    ) -> ScanOutcome:
        """Judges a collection against one device at its moment, and with `past_ms` [from, until) against its past."""
        journal, device, files = self._context.journal, agent.device, scan.collection
        oversized = sorted(file.name for file in files if file.oversized)
        if oversized:
            journal.add("sweep-failed", Rank.CONTROL, at_ms, device, task=name, file=oversized[0])
            return ScanOutcome(failed=oversized[0])
        prepared = self._prepare(name, files)
        base = self._context.world.images[int(self._context.world.image[device])].host
        view = View(base.os, scan.scope, scan.documents)
        image = self._seen(prepared, view, base.shared)
        changes = view.changes(base.changes(self._context.world.identity(device), agent.host(at_ms, base.os)))
        if past_ms is not None:
            changes = self._with_past(changes, agent, prepared.sweep, view, past_ms)
        matches = prepared.sweep.on_device(image, changes)
        found = [file for file, match in zip(files, matches, strict=True) if match.matched]
        told = found[:MATCHES_TOLD]
        for file in told:
            journal.add("ioc-match", Rank.CONTROL, at_ms, device, task=name, file=file.name, id=file.id)
        about: dict[str, str | int] = {"task": name, "matches": len(found)}
        about |= {"skipped": " ".join(prepared.skipped)} if prepared.skipped else {}
        about |= {"duplicates": " ".join(prepared.duplicates)} if prepared.duplicates else {}
        journal.add("sweep-finished", Rank.CONTROL, at_ms, device, **about)
        whole = image.with_changes(changes) if told else image
        cards = tuple(one for one in (card(file, whole) for file in told) if one is not None)
        return ScanOutcome(len(found), cards, prepared.skipped, prepared.duplicates)

    def _prepare(self, name: str, files: tuple[IndicatorFile, ...]) -> _Prepared:
        prepared = self._prepared.get(name)
        if prepared is None or prepared.files is not files:  # made or published again under its name
            skipped = sorted(file.name for file in files if not file.supported)
            often = Counter(file.id for file in files if file.supported and file.id is not None)
            duplicates = sorted(identifier for identifier, count in often.items() if count > 1)
            prepared = self._prepared[name] = _Prepared(
                files, Sweep(files), tuple(skipped[:NAMES_TOLD]), tuple(duplicates[:NAMES_TOLD])
            )
        return prepared

    def _seen(self, prepared: _Prepared, view: View, image: Snapshot) -> Snapshot:
        key = view, id(image)
        if key not in prepared.views:
            prepared.views[key] = view.snapshot(image)
        return prepared.views[key]

    def _with_past(
        self, changes: Changes, agent: EndpointAgent, sweep: Sweep, view: View, past_ms: tuple[int, int]
    ) -> Changes:
        """The changes with what past events tell: only of classes that answer some question are events drawn again."""
        slots = self._context.world.identity(agent.device)
        put: dict[str, dict[str, Instance]] = {}
        for index, event_class in enumerate(self._past.classes(agent.device)):
            told = [
                (kind, instance)
                for kind, instance in items_of(event_class, slots)
                if (view.documents is None or kind in view.documents)
                and any(question.satisfied_by(instance) for question in sweep.questions(kind, instance))
            ]
            if told and self._past.first(agent.device, index, *past_ms, agent.settings) is not None:
                for number, (kind, instance) in enumerate(told):
                    put.setdefault(kind, {})[f"event/{index}/{number}"] = instance
        merged = {kind: {**changes.put.get(kind, {}), **put.get(kind, {})} for kind in {*changes.put, *put}}
        return Changes(put=merged, gone=changes.gone)
