"""Loading: from the path or name of a scenario to a Scenario with everything resolved, or to all of its mistakes."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from emulator.clock import DAY_MS
from emulator.policy.groups import GroupTree
from emulator.policy.policies import Policy
from emulator.ports import I64, Port, Target
from scenarios import library
from scenarios.actions import ChangePolicy
from scenarios.arguments import apply_arguments
from scenarios.expectations import Expectation, Vocabulary, cannot_fail, form, judged, selector_of
from scenarios.fleet import Fleet
from scenarios.format import DURATION_MAX_D, FleetEntry, ScenarioFile
from scenarios.model import Scenario, Server
from scenarios.params import Value
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.references import Surroundings, checked
from scenarios.sections import (
    read_fleet,
    read_groups,
    read_policies,
    read_recording,
    read_servers,
    warn_unapplied,
)
from scenarios.selectors import Selector, names_in, resolve
from scenarios.source import Document, Plain, parse, read_file
from scenarios.timeline import Resolver, Step, Timeline, read_step
from scenarios.validation import Checker, keys

START: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""A Monday morning: the start of a scenario that names none."""


def load(
    source: str | Path,
    *,
    sets: Mapping[str, Value] | None = None,
    devices: int | None = None,
    seed: int | None = None,
) -> Scenario:
    """The scenario of a file or, by name, of the library.

    `sets` gives values to parameters and to dotted paths into the file, as `--set` does; `devices` scales the blocks,
    `seed` replaces the seed. Raises ScenarioErrors with all that is wrong, or UserError for what cannot be read.
    """
    label = str(source)
    path = Path(source)
    if isinstance(source, str) and library.is_name(source):
        path = library.path_of(source)
        label = library.PREFIX + path.stem
    content = read_file(path, label)
    return load_text(content, label, folder=path.parent, sets=sets, devices=devices, seed=seed)


def load_text(
    content: bytes,
    label: str,
    *,
    folder: Path,
    sets: Mapping[str, Value] | None = None,
    devices: int | None = None,
    seed: int | None = None,
) -> Scenario:
    """The same for the content of a file. `label` is how messages call it, `folder` what its paths are relative to."""
    document = parse(content, label)
    return _Loader(document, folder).load(sets or {}, {"fleet.devices": devices, "seed": seed})


class _Loader:
    """One document on its way to a Scenario: each step takes what the steps before it could make of it."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self._checker = Checker(document)
        self._sections: dict[str, Any] = {}  # what the fields of ScenarioFile hold; one with mistakes is missing
        self._selections: dict[str, I64] = {}

    def load(self, sets: Mapping[str, Value], overrides: Mapping[str, int | None]) -> Scenario:
        checker = self._checker
        if not isinstance(self._document.data, dict):
            checker.error((), f"{shown(self._document.data)} is not a scenario", "write `key: value` entries")
            checker.finish()
        params = apply_arguments(checker, sets, overrides)
        self._read_sections()
        fleet = self._fleet()
        groups = self._groups()
        servers = read_servers(checker, self._sections["servers"]) if "servers" in self._sections else None
        policies = read_policies(
            checker, self._document.data.get("policies"), self._sections.get("policies", ()), servers
        )
        self._select(fleet)
        known = policies if "policies" in self._sections else None
        timeline = self._timeline(fleet, Surroundings(self._folder, known, servers))
        expectations = self._expectations(fleet, groups, servers)
        recording_ms = self._recording()
        checker.finish()
        assert fleet is not None
        assert groups is not None
        assert servers is not None
        return self._scenario(params, fleet, groups, policies, servers, timeline, expectations, recording_ms)

    def _scenario(
        self,
        params: dict[str, Value],
        fleet: Fleet,
        groups: GroupTree,
        policies: dict[str, Policy],
        servers: dict[Port, Server],
        timeline: Timeline,
        expectations: tuple[Expectation, ...],
        recording_ms: int,
    ) -> Scenario:
        entry: FleetEntry = self._sections["fleet"]
        integrated = {Target.CENTRAL_NODE: entry.integrate.central_node, Target.KICS: entry.integrate.kics}
        return Scenario(
            label=self._document.label,
            name=self._sections["name"],
            about=self._sections["about"],
            tags=self._sections["tags"],
            seed=fleet.seed,
            start=self._sections["start"] or START,
            duration_ms=self._sections["duration"],
            params=params,
            fleet=fleet,
            cold=entry.start == "cold",
            integrated=frozenset(target for target, wanted in integrated.items() if wanted),
            groups=groups,
            policies=tuple(policies.values()),
            servers=servers,
            selections=self._selections,
            steps=timeline.steps,
            reactions=timeline.reactions,
            expectations=expectations,
            recording_ms=recording_ms,
            readings=self._sections["readings"],
            sha256=_digest(self._document.data),
            warnings=self._checker.warnings(),
        )

    def _read_sections(self) -> None:
        data: dict[str, Plain] = self._document.data
        known = keys(ScenarioFile)
        for key in data:
            if key not in known:
                self._checker.error((key,), f"unknown key {shown(key)}", hint(key, known), key=True)
        for name, info in ScenarioFile.model_fields.items():
            if name in data:
                before = self._checker.found
                value = self._checker.value(info.rebuild_annotation(), data[name], (name,))
                if self._checker.found == before:
                    self._sections[name] = value
            elif info.is_required():
                self._checker.error((), f"the key {name!r} is missing", f"add `{name}: …`")
            else:
                self._sections[name] = info.get_default(call_default_factory=True)
        if self._sections.get("duration", 0) > DURATION_MAX_D * DAY_MS:
            self._checker.error(("duration",), "the run is too long", f"simulate at most {DURATION_MAX_D}d")

    def _fleet(self) -> Fleet | None:
        if "fleet" not in self._sections or "seed" not in self._sections:
            return None
        return read_fleet(self._checker, self._sections["fleet"], self._sections["seed"])

    def _groups(self) -> GroupTree | None:
        if not {"groups", "fleet", "policies"} <= self._sections.keys():
            return None
        parts = (self._sections[name] for name in ("groups", "fleet", "policies"))
        return read_groups(self._checker, *parts)

    def _recording(self) -> int:
        if not {"recording", "duration"} <= self._sections.keys():
            return 0
        return read_recording(self._checker, self._sections["recording"], self._sections["duration"])

    # --- devices, time, judgement ------------------------------------------------------------------------------------

    def _select(self, fleet: Fleet | None) -> None:
        """Resolves the named selectors, those that others refer to first."""
        waiting: dict[str, Selector] = dict(self._sections.get("select", {}))
        while waiting and fleet is not None:
            ready = [name for name, selector in waiting.items() if not names_in(selector) & waiting.keys()]
            if not ready:
                cause = f"the selections {', '.join(waiting)} refer to each other"
                self._checker.error(("select", next(iter(waiting))), cause, "let one of them stand on its own")
                return
            for name in ready:
                devices = self._resolved(waiting.pop(name), ("select", name), fleet)
                if devices is not None:
                    self._selections[name] = devices

    def _resolved(self, selector: Selector, loc: Loc, fleet: Fleet, *, may_be_empty: bool = False) -> I64 | None:
        if "select" not in self._sections:
            return None
        broken = self._sections["select"].keys() - self._selections.keys() - set(loc[1:] if loc[0] == "select" else ())
        if names_in(selector) & broken:
            return None  # told where the selection stands
        try:
            return resolve(selector, fleet, self._selections, may_be_empty=may_be_empty)
        except LocatedError as error:
            self._checker.located(loc, error)
            return None

    def _timeline(self, fleet: Fleet | None, around: Surroundings) -> Timeline:
        entries: tuple[Plain, ...] = self._sections.get("timeline", ())
        steps: list[Step] = []
        for index, data in enumerate(entries):
            step = read_step(self._checker, data, ("timeline", index))
            step = checked(self._checker, step, around) if step is not None else None
            if step is not None:
                steps.append(step)
        if around.policies is not None:
            changes = [step.action for step in steps if isinstance(step.action, ChangePolicy)]
            switched = [
                (change.policy, key)
                for change in changes
                for key, group in change.settings.items()
                if "switch" in group
            ]
            warn_unapplied(self._checker, self._sections["policies"], around.policies, switched)
        devices: dict[Loc, I64] = {}
        for step in steps:
            for loc, selector in step.selectors():
                chosen = self._resolved(selector, loc, fleet) if fleet is not None else None
                if chosen is not None:
                    devices[loc] = chosen
        # A step that could not be read may be the one that others follow: its own mistake is enough.
        if "duration" not in self._sections or len(steps) < len(entries):
            return Timeline()
        return Resolver(self._checker, self._sections["duration"], devices).resolve(tuple(steps))

    def _expectations(
        self, fleet: Fleet | None, groups: GroupTree | None, servers: Mapping[Port, Server] | None
    ) -> tuple[Expectation, ...]:
        found = []
        names: set[str] = set()
        for index, data in enumerate(self._sections.get("expect", ())):
            loc: Loc = ("expect", index)
            try:
                entry = self._checker.model(form(data), data, loc)
                if entry is None:
                    continue
                if entry.name in names:
                    raise LocatedError(
                        ("name",), f"a second expectation {shown(entry.name)}", "give each a name of its own"
                    )
                names.add(entry.name)
                if fleet is None or groups is None or servers is None:
                    continue
                selector = selector_of(entry)
                devices = None
                if selector is not None:
                    where = (*loc, *selector[1])
                    devices = self._resolved(selector[0], where, fleet, may_be_empty=entry.may_be_empty)
                    if devices is None:
                        continue
                images = tuple(dict.fromkeys(block.image for block in fleet.blocks))
                nodes = tuple(node for server in servers.values() for node in server.nodes)
                expectation = judged(entry, self._document.place(loc), Vocabulary(groups, images, nodes), devices)
            except LocatedError as error:
                self._checker.located(loc, error)
                continue
            if cannot_fail(expectation):
                cause = f"the expectation {shown(expectation.name)} cannot fail"
                self._checker.notice(loc, cause, "compare with more than 0")
            found.append(expectation)
        return tuple(found)


def _digest(data: Plain) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
