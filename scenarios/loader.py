"""Loading: from the path or name of a scenario to a Scenario with everything resolved, or to all of its mistakes."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from emulator.clock import DAY_MS
from emulator.policy.groups import GroupTree
from emulator.policy.policies import Policy
from emulator.ports import Port, Target
from emulator.sites import Site
from fakes.administration import AccessControl
from fakes.services import PROXY
from scenarios.access import read_access
from scenarios.actions import ChangePolicy
from scenarios.arguments import Given, apply_arguments
from scenarios.bounds import Grid, Moments
from scenarios.entries import form
from scenarios.expectations import Expectation
from scenarios.fleet import Enrolment, Fleet
from scenarios.format import DURATION_MAX_D, FleetEntry, ScenarioFile, ServicesEntry, TaskEntry
from scenarios.interpretation import Vocabulary, judged, selector_of
from scenarios.model import Scenario, Server
from scenarios.params import Value
from scenarios.parts import SUITE, assembled, read_document
from scenarios.passwords import warn_of_weak_passwords
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.references import Surroundings, checked, folder_of_indicators
from scenarios.sections import (
    read_fleet,
    read_groups,
    read_policies,
    read_ramp,
    read_recording,
    read_servers,
    read_sites,
    warn_unapplied,
    warn_unapplied_changes,
)
from scenarios.services import KnownKey, read_keys
from scenarios.slips import warn_of_early_events
from scenarios.source import Document, Plain, parse
from scenarios.targets import Targets
from scenarios.tasks import check_tasks
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
    document, folder = read_document(source)
    return load_document(assembled(document, folder), folder, given_by_user(sets), devices=devices, seed=seed)


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
    document = assembled(parse(content, label), folder)
    return load_document(document, folder, given_by_user(sets), devices=devices, seed=seed)


def given_by_user(sets: Mapping[str, Value] | None) -> dict[str, Given]:
    """The values of `--set`, by name."""
    return {name: Given(value, f"--set {name}") for name, value in (sets or {}).items()}


def load_document(
    document: Document,
    folder: Path,
    given: Mapping[str, Given],
    *,
    devices: int | None = None,
    seed: int | None = None,
) -> Scenario:
    """The same for a document with its parts. `given` are the values from outside, with what gave each."""
    return _Loader(document, folder).load(given, {"fleet.devices": devices, "seed": seed})


class _Loader:
    """One document on its way to a Scenario: each step takes what the steps before it could make of it."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self._checker = Checker(document)
        self._sections: dict[str, Any] = {}  # what the fields of ScenarioFile hold; one with mistakes is missing
        self._steps: list[Step] = []  # those of the timeline that could be read
        self._targets: Targets | None = None

    def load(self, given: Mapping[str, Given], overrides: Mapping[str, int | None]) -> Scenario:
        checker = self._checker
        if not isinstance(self._document.data, dict):
            checker.error((), f"{shown(self._document.data)} is not a scenario", "write `key: value` entries")
            checker.finish()
        if SUITE in self._document.data:
            checker.error((SUITE,), "this is a suite, not a scenario", "run it with `seatrial run`", key=True)
            checker.finish()
        params, hidden = apply_arguments(checker, given, overrides)
        self._read_sections()
        fleet = self._fleet()
        sites = self._sites()
        groups = self._groups()
        servers = None
        if "servers" in self._sections:
            servers = read_servers(checker, self._sections["servers"], self._folder)
        entries = self._sections.get("policies", ())
        policies = read_policies(checker, self._document.data.get("policies"), entries, servers, self._folder)
        if fleet is not None:
            warn_of_weak_passwords(checker, self._document.data, fleet)
        enrolments = self._ramp(fleet)
        self._aim(fleet, enrolments)
        known = policies if "policies" in self._sections else None
        access = self._access(groups)
        licences = read_keys(checker, self._sections["keys"], fleet) if "keys" in self._sections else None
        tasks = self._tasks(groups, licences)
        before = checker.found
        services: ServicesEntry | None = self._sections.get("services")
        sandbox_nodes = () if services is None else services.sandbox.nodes
        around = Surroundings(self._folder, known, servers, groups, access, licences, tasks, sandbox_nodes)
        timeline = self._timeline(around)
        recording_ms = self._recording()
        moments = self._moments(timeline, recording_ms) if checker.found == before else None
        expectations = self._expectations(fleet, groups, servers, moments)
        checker.finish()
        assert fleet is not None
        assert groups is not None
        assert servers is not None
        assert access is not None
        assert licences is not None
        cold = self._sections["fleet"].start == "cold"
        warn_of_early_events(checker, self._steps, timeline, fleet, cold=cold)
        return self._scenario(
            params,
            hidden,
            fleet,
            sites,
            enrolments,
            groups,
            policies,
            access,
            servers,
            licences,
            tasks,
            timeline,
            expectations,
            recording_ms,
        )

    def _scenario(
        self,
        params: dict[str, Value],
        hidden: frozenset[str],
        fleet: Fleet,
        sites: dict[str, Site],
        enrolments: tuple[Enrolment, ...],
        groups: GroupTree,
        policies: dict[str, Policy],
        access: AccessControl,
        servers: dict[Port, Server],
        licences: dict[str, KnownKey],
        tasks: tuple[TaskEntry, ...],
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
            hidden=hidden,
            fleet=fleet,
            sites=sites,
            enrolments=enrolments,
            cold=entry.start == "cold",
            integrated=frozenset(target for target, wanted in integrated.items() if wanted),
            groups=groups,
            policies=tuple(policies.values()),
            access=access,
            plugins=self._sections["plugins"],
            servers=servers,
            keys=licences,
            tasks=tasks,
            services=self._sections["services"],
            event_storage_d=self._sections["event_storage"],
            selections=self._targets.selections if self._targets is not None else {},
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
            key = info.alias or name
            if key in data:
                before = self._checker.found
                value = self._checker.value(info.rebuild_annotation(), data[key], (key,))
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

    def _sites(self) -> dict[str, Site]:
        if not {"sites", "seed"} <= self._sections.keys():
            return {}
        return read_sites(self._checker, self._sections["sites"], self._sections.get("fleet"), self._sections["seed"])

    def _groups(self) -> GroupTree | None:
        if not {"groups", "fleet", "policies"} <= self._sections.keys():
            return None
        parts = (self._sections[name] for name in ("groups", "fleet", "policies"))
        return read_groups(self._checker, *parts)

    def _access(self, groups: GroupTree | None) -> AccessControl | None:
        if groups is None or not {"roles", "accounts"} <= self._sections.keys():
            return None
        return read_access(self._checker, self._sections["roles"], self._sections["accounts"], groups)

    def _tasks(self, groups: GroupTree | None, licences: dict[str, KnownKey] | None) -> tuple[TaskEntry, ...]:
        if "tasks" not in self._sections or licences is None:
            return ()
        resolve = partial(folder_of_indicators, self._checker, self._folder)
        return check_tasks(self._checker, self._sections["tasks"], groups, licences, resolve)

    def _recording(self) -> int:
        if not {"recording", "duration"} <= self._sections.keys():
            return 0
        return read_recording(self._checker, self._sections["recording"], self._sections["duration"])

    # --- devices, time, judgement ------------------------------------------------------------------------------------

    def _ramp(self, fleet: Fleet | None) -> tuple[Enrolment, ...]:
        if fleet is None or "duration" not in self._sections:
            return ()
        return read_ramp(self._checker, self._sections["fleet"], fleet, self._sections["duration"])

    def _aim(self, fleet: Fleet | None, enrolments: tuple[Enrolment, ...]) -> None:
        if fleet is not None and {"select", "duration"} <= self._sections.keys():
            select, duration_ms = self._sections["select"], self._sections["duration"]
            self._targets = Targets(self._checker, fleet, select, duration_ms=duration_ms, enrolments=enrolments)

    def _timeline(self, around: Surroundings) -> Timeline:
        entries: tuple[Plain, ...] = self._sections.get("timeline", ())
        steps = self._steps
        for index, data in enumerate(entries):
            step = read_step(self._checker, data, ("timeline", index))
            if step is not None:
                steps.append(step)
        around = around.with_made(step.action for step in steps)
        steps = [step for step in (checked(self._checker, step, around) for step in steps) if step is not None]
        if around.policies is not None:
            changes = [
                (step.loc, step.action.policy, step.action.settings)
                for step in steps
                if isinstance(step.action, ChangePolicy)
            ]
            switched = [
                (policy, key)
                for _, policy, settings in changes
                for key, group in settings.items()
                if isinstance(group, dict) and "switch" in group
            ]
            warn_unapplied(self._checker, self._sections["policies"], around.policies, switched)
            warn_unapplied_changes(self._checker, changes, around.policies, switched)
        timeline = Timeline()
        # A step that could not be read may be the one that others follow: its own mistake is enough.
        if "duration" in self._sections and len(steps) == len(entries):
            timeline = Resolver(self._checker, self._sections["duration"]).resolve(tuple(steps))
        return timeline if self._targets is None else self._targets.aimed(steps, timeline)

    def _moments(self, timeline: Timeline, recording_ms: int) -> Moments | None:
        if not {"timeline", "duration", "recording"} <= self._sections.keys():
            return None
        return Moments.of(timeline, Grid(recording_ms, self._sections["duration"]))

    def _expectations(
        self,
        fleet: Fleet | None,
        groups: GroupTree | None,
        servers: Mapping[Port, Server] | None,
        moments: Moments | None,
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
                if fleet is None or groups is None or servers is None or moments is None:
                    continue
                selector = selector_of(entry)
                devices = None
                if selector is not None:
                    where = (*loc, *selector[1])
                    if self._targets is None:
                        continue
                    devices = self._targets.at_end(selector[0], where, may_be_empty=entry.may_be_empty)
                    if devices is None:
                        continue
                images = tuple(dict.fromkeys(block.image for block in fleet.blocks))
                nodes = {
                    node: address
                    for server in servers.values()
                    # A node that cannot have an address has been told.
                    for node, address in zip(server.nodes, server.addresses, strict=False)
                }
                around: ServicesEntry | None = self._sections.get("services")
                if around is not None and around.proxy is not None:
                    nodes[PROXY] = around.proxy.address
                ports = {port.value: server.nodes for port, server in servers.items()}
                vocabulary = Vocabulary(groups, images, nodes, ports, moments)
                expectation = judged(entry, self._document.place(loc), vocabulary, devices)
            except LocatedError as error:
                self._checker.located(loc, error)
                continue
            if expectation.cannot_fail():
                cause = f"the expectation {shown(expectation.name)} cannot fail"
                nobody = devices is not None and not len(devices)
                remedy = "name devices that there are" if nobody else "compare with more than 0"
                self._checker.notice(loc, cause, remedy)
            found.append(expectation)
        return tuple(found)


def _digest(data: Plain) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
