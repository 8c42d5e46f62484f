"""Agents under test: implementations of Endpoint Agent, put into small scenarios against the fakes.

`columns` and `plain` ship; any other is registered under the entry points `seatrial.agents`, or named as
`module:attribute`. It is a class as `emulator.world.Agents` describes it; `claims` on it names what it can do beside
telemetry, and an attribute `journal` of its instances offers facts.
"""

import importlib
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import yaml

from conformance.keeping import note_trial
from conformance.trial import Listener, Trial
from emulator.errors import UserError
from emulator.journal import Journal
from emulator.ports import PORT_OF_TARGET, Target, TelemetryColumns
from emulator.simulation import Simulation
from emulator.world import Agents
from scenarios.loader import load_text
from scenarios.problems import hint, shown
from scenarios.staging import Stage

ENTRY_POINTS: Final = "seatrial.agents"
COLUMNS: Final = "columns"
TELEMETRY, INDICATORS, PROTECTION = "telemetry", "ioc", "protection"
MANAGEMENT, SERVICES, PROXY, DIAGNOSIS = "management", "services", "proxy", "diagnosis"
QUARANTINE, ISOLATION, SANDBOX = "quarantine", "isolation", "sandbox"
SHIPPED: Final[Mapping[str, frozenset[str]]] = {
    COLUMNS: frozenset(
        (
            TELEMETRY,
            INDICATORS,
            PROTECTION,
            MANAGEMENT,
            SERVICES,
            PROXY,
            DIAGNOSIS,
            QUARANTINE,
            ISOLATION,
            SANDBOX,
        )
    )
}
"""What the agents that ship can do beside telemetry."""
LABEL: Final = "check.yaml"
GROUP: Final = "Managed devices"
START: Final = "2026-03-02T09:00:00+00:00"
"""A Monday morning."""
UNDER_POLICY: Final = "under-policy"

Settings = Mapping[str, Mapping[str, Any]]
"""Settings groups as a policy holds them; `switch` stands at Under policy where it is not given."""


@dataclass(frozen=True, slots=True)
class AgentUnderTest:
    """An implementation of Endpoint Agent that checks put into trials.

    `claims` are the capabilities that it has. `readings` are taken where the documentation leaves room, for an
    implementation that has such options; `seed` draws what a trial draws.
    """

    name: str
    implementation: type[Agents]
    claims: frozenset[str]
    readings: Mapping[str, str] = field(default_factory=dict)
    seed: int = 1

    def attempt(
        self,
        *,
        duration: str,
        steps: Iterable[Mapping[str, Any]] = (),
        settings: Settings | None = None,
        policies: Sequence[Mapping[str, Any]] = (),
        devices: int = 1,
        image: str = "quiet",
        kics: bool = False,
        central_node: bool = True,
        nodes: Sequence[str] = (),
        files: Mapping[str, bytes] | None = None,
        **sections: Any,  # further sections of the scenario
    ) -> Trial:
        """Runs a small scenario, and gives what came of it.

        `settings` are those of one active policy on the root group, `policies` stand as they are; `nodes` are the
        servers of the Central Node in their order, `files` lie in the folder of the scenario. All devices start
        together and cold, so that what happens in which second does not depend on chance.
        """
        own = [_policy(settings)] if settings else []
        servers = {"servers": {"telemetry": {"nodes": list(nodes)}}} if nodes else {}
        readings = {"readings": dict(self.readings)} if self.readings else {}
        data = {
            "name": "check",
            "seed": self.seed,
            "start": START,
            "duration": duration,
            "fleet": {
                "start": "cold",
                "integrate": {"central-node": central_node, "kics": kics},
                "blocks": [{"name": "lab", "image": image, "count": devices, "group": GROUP}],
            },
            "policies": [*own, *policies],
            "timeline": [dict(step) for step in steps],
            **servers,
            **readings,
            **sections,
        }
        with TemporaryDirectory(prefix="seatrial-") as name:
            for file, content in (files or {}).items():
                path = Path(name, file)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            trial = self._run(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120), Path(name))
        note_trial(trial, files or {})
        return trial

    def _run(self, text: str, folder: Path) -> Trial:
        scenario = load_text(text.encode(), LABEL, folder=folder)
        listeners: dict[Target, Listener] = {}

        def listen(target: Target, server: TelemetryColumns) -> TelemetryColumns:
            known = scenario.servers[PORT_OF_TARGET[target]]
            listeners[target] = Listener(target, server, dict(zip(known.addresses, known.nodes, strict=True)))
            return listeners[target]

        stage = Stage(scenario, listen=listen)
        stage.operate(scenario.duration_ms)
        if self.implementation is Simulation:
            agent: Any = stage.simulation
        else:
            options = inspect.signature(self.implementation).parameters
            extra = {"recorded": frozenset(Target)} if "recorded" in options else {}
            agent = self.implementation(stage.world, stage.asked, **extra)
        figures = agent.run()
        journal = getattr(agent, "journal", None)
        return Trial(
            text,
            tuple(request for one in listeners.values() for request in one.requests),
            tuple(arrived for target, one in listeners.items() for arrived in one.arrived(stage.servers[target])),
            figures,
            tuple(journal.drain()) if isinstance(journal, Journal) else None,
            scenario.warnings,
        )


def _policy(settings: Settings) -> dict[str, Any]:
    groups = {key: {"switch": UNDER_POLICY, **values} for key, values in settings.items()}
    return {"name": "check", "group": GROUP, "settings": groups}


def resolve_agent(
    spec: str, *, readings: Mapping[str, str] | None = None, seed: int = 1, folder: Path | None = None
) -> AgentUnderTest:
    """The agent that `spec` names: a name under `seatrial.agents`, or `module:attribute`, looked for in `folder` first.

    Raises UserError where there is none, or where it has no `run`.
    """
    place = f"--agent {spec}"
    offered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if spec in offered:
        implementation: object = offered[spec].load()
    else:
        implementation = _imported(spec, place, offered, folder)
    if not (inspect.isclass(implementation) and callable(getattr(implementation, "run", None))):
        remedy = "name a class that takes a world and its servers, and has `run`"
        raise UserError(place, f"{shown(spec)} is no implementation of Endpoint Agent", remedy)
    claims = getattr(implementation, "claims", SHIPPED.get(spec, frozenset()))
    return AgentUnderTest(
        spec,
        cast("type[Agents]", implementation),
        frozenset((TELEMETRY, *map(str, claims))),
        dict(readings or {}),
        seed,
    )


def _imported(spec: str, place: str, offered: Mapping[str, object], folder: Path | None) -> object:
    module, colon, attribute = spec.partition(":")
    if not colon:
        raise UserError(place, f"there is no agent {shown(spec)}", hint(spec, sorted(offered)))
    if folder is not None and str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        target: object = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and module.startswith(error.name):
            raise UserError(
                place, f"there is no module {shown(module)}", "start in the folder that holds it"
            ) from error
        raise
    for step in attribute.split("."):
        if not hasattr(target, step):
            raise UserError(place, f"{module} has no {shown(attribute)}", hint(step, vars(target)))
        target = getattr(target, step)
    return target
