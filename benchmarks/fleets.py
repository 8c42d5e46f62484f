"""The fleets that are measured, as scenarios: what a user could write, and nothing that only a benchmark can do."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from emulator.clock import DAY_MS, SLOT_MS
from emulator.images import IMAGES
from scenarios.loader import load_text
from scenarios.model import Scenario

SEED: Final = 1
DAY: Final = "2026-03-02"
"""A Monday, so that the day after is a working day too."""
MIDNIGHT: Final = "00:00"
OFFICE: Final = "windows-office"
LIVELY: Final = tuple(name for name in IMAGES if name != "quiet")
"""The shipped images on which something happens; idle devices would flatter the figures."""
SETTINGS: Final = 20
"""Different settings in a mixed fleet."""

_CENTRAL_NODE: Final = "central-node.seatrial.example:443"
_TTL: Final = {"switch": "under-policy", "enabled": True, "servers": [_CENTRAL_NODE], "use-ttl": True}
_PROGRAMS: Final = ("*\\svchost.exe", "*\\explorer.exe", "*\\msedge.exe", "/usr/bin/*", "/usr/sbin/*")
_ROOT: Final = "Managed devices"

Document = dict[str, Any]  # plain data of a scenario file


def office(
    devices: int,
    duration_ms: int,
    *,
    time: str = MIDNIGHT,
    ttl: bool = False,
    two_targets: bool = False,
    outage: range | None = None,
    recording_ms: int = SLOT_MS,
) -> Scenario:
    """One image and one set of settings: the default policy and one target, unless the TTL or a second one is asked.

    The Central Node is down in `outage` (ms), if one is given.
    """
    document = _document([_block("office", OFFICE, devices, _ROOT)], duration_ms, time, two_targets=two_targets)
    document["recording"] = {"interval": _span(recording_ms)}
    if ttl:
        document["policies"] = [_policy("ttl", _ROOT, {"kata-integration": _TTL})]
    if outage is not None:
        fault = {"server": "telemetry", "kind": "outage", "for": _span(len(outage))}
        document["timeline"] = [{"name": "down", "at": _span(outage.start), "fault": fault}]
    return _load(document)


def images(devices: int, duration_ms: int, *, time: str = MIDNIGHT) -> Scenario:
    """All lively images in one fleet, with the default policy and one target."""
    blocks = [
        _block(name, name, count, _ROOT)
        for name, count in zip(LIVELY, _shares(devices, len(LIVELY)), strict=True)
        if count
    ]
    return _load(_document(blocks, duration_ms, time))


def mixed(devices: int, duration_ms: int, *, time: str = MIDNIGHT, crossed: bool = False) -> Scenario:
    """All lively images, twenty settings, the TTL on, two targets.

    Each administration group has one of the settings and holds devices of one image or, where `crossed`, of all.
    """
    kinds = [
        (image, number)
        for number in range(SETTINGS)
        for image in (LIVELY if crossed else [LIVELY[number % len(LIVELY)]])
    ]
    blocks = [
        _block(f"{image}-{number}", image, count, f"{_ROOT}/{number}")
        for (image, number), count in zip(kinds, _shares(devices, len(kinds)), strict=True)
        if count
    ]
    document = _document(blocks, duration_ms, time, two_targets=True)
    numbers = sorted({int(block["group"].rpartition("/")[2]) for block in blocks})
    document["policies"] = [_policy(f"policy {n}", f"{_ROOT}/{n}", _settings(n)) for n in numbers]
    return _load(document)


def quiet(duration_ms: int, *, recording_ms: int | None = None) -> Scenario:
    """One device on which nothing happens; recorded as a scenario of this length is, unless told otherwise."""
    document = _document([_block("quiet", "quiet", 1, _ROOT)], duration_ms, MIDNIGHT)
    document["recording"] = {} if recording_ms is None else {"interval": _span(recording_ms)}
    return _load(document)


def resting(devices: int, days: int, changes: int) -> Scenario:
    """A fleet without telemetry in which a policy is changed so many times, evenly over the days."""
    document = _document([_block("office", OFFICE, devices, f"{_ROOT}/Office")], days * DAY_MS, MIDNIGHT)
    document["fleet"]["integrate"] = {"central-node": False}
    document["recording"] = {"interval": "1h"}
    document["policies"] = [_policy("office", _ROOT, {"request-throttling": {"switch": "under-policy"}})]
    change = {"do": "change-policy", "policy": "office"}
    document["timeline"] = [
        {
            **change,
            "at": _span((number + 1) * days * DAY_MS // (changes + 1)),
            "settings": {"request-throttling": {"max-events-per-hour": 2_000 + number}},
        }
        for number in range(changes)
    ]
    return _load(document)


def _settings(number: int) -> Mapping[str, Any]:
    """One of the different settings: limits, packages, TTL, a rule of its own; every fifth without optimisation."""
    return {
        "data-submission": {"switch": "under-policy", "max-events-per-package": 512 + 32 * number},
        "request-throttling": {
            "switch": "under-policy",
            "max-events-per-hour": 2_000 + 100 * number,
            "percentage-of-event-limit-excess": 10 + number % 10,
        },
        "kata-integration": _TTL | {"ttl-period": f"{12 + number}h"},
        "excluded-processes": {
            "switch": "under-policy",
            "optimise-telemetry": number % 5 != 0,
            "rules": [{"name": "one program", "path": _PROGRAMS[number % len(_PROGRAMS)]}],
        },
    }


def _document(blocks: Sequence[Document], duration_ms: int, time: str, *, two_targets: bool = False) -> Document:
    """A scenario that records as finely as a run of one day does, however long the fleet lives here."""
    servers: Document = {"telemetry": {"nodes": ["central-node"]}}
    if two_targets:
        servers["kics"] = {"nodes": ["kics-1"]}
    return {
        "name": "benchmark",
        "seed": SEED,
        "start": f"{DAY}T{time}:00+01:00",
        "duration": _span(duration_ms),
        "fleet": {"blocks": list(blocks), "integrate": {"central-node": True, "kics": two_targets}},
        "servers": servers,
        "recording": {"interval": _span(SLOT_MS)},
    }


def _block(name: str, image: str, count: int, group: str) -> Document:
    return {"name": name, "image": image, "count": count, "group": group}


def _policy(name: str, group: str, settings: Mapping[str, Any]) -> Document:
    return {"name": name, "group": group, "settings": dict(settings)}


def _span(duration_ms: int) -> str:
    return f"{duration_ms // 1000}s"


def _shares(devices: int, parts: int) -> tuple[int, ...]:
    """Nearly equal counts that add up to `devices`."""
    return tuple(devices // parts + (index < devices % parts) for index in range(parts))


def _load(document: Document) -> Scenario:
    return load_text(json.dumps(document).encode(), "benchmark", folder=Path())
