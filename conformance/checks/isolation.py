"""Network isolation: two kinds, where their settings are, and the policy lock (KEA-ISO).

How long isolation lasts and what passes meanwhile is not in this documentation. Checks set the time, which tells whose
settings hold, and let nothing pass.
"""

from collections.abc import Mapping
from typing import Any, Final

from conformance.agents import GROUP, ISOLATION, UNDER_POLICY, AgentUnderTest, Settings
from conformance.checks.policies import SUBMISSION
from conformance.judging import contains, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, Trial
from emulator.policy.effective import EditRefused, LocalSettings, edit_local
from emulator.policy.errors import SettingError
from emulator.policy.policies import Policy, PolicyStatus, parse_policy_settings
from emulator.policy.settings import GROUP_KEYS, LOCAL_KEYS, describe, parse_group

NEEDS: Final = (ISOLATION,)
AUTOMATIC, ON_DEMAND = "network-isolation", "network-isolation-on-demand"
KINDS: Final = {AUTOMATIC: "automatic", ON_DEMAND: "on-demand"}
NOTHING_PASSES: Final[dict[str, Any]] = {"profiles": [], "exclusions": []}
FIRST, SECOND = 0, 1
ALL_LOCKED: Final[Settings] = {key: {"switch": UNDER_POLICY} for key in GROUP_KEYS}
"""A policy with every group locked at its default."""


def lasting(hours: int) -> dict[str, Any]:
    """Settings of either kind with which isolation lasts some hours and lets nothing pass."""
    return {"release-automatically": True, "release-after": f"{hours}h", **NOTHING_PASSES}


def edit(at: str, settings: Settings, target: str = "all") -> dict[str, Any]:
    """A step in which somebody edits settings of a device."""
    return {"at": at, "do": "edit-settings", "target": target, "settings": settings}


def isolate(at: str, target: str = "all") -> dict[str, Any]:
    """A step in which an operator isolates devices on demand."""
    return {"at": at, "do": "isolate-on-demand", "target": target}


def detect(at: str) -> dict[str, Any]:
    """A step in which a threat is detected on all devices."""
    return {"at": at, "do": "detect-threat", "target": "all"}


def change(at: str, settings: Settings) -> dict[str, Any]:
    """A step in which the policy is saved."""
    return {"at": at, "do": "change-policy", "policy": "check", "settings": settings}


def traffic(at: str) -> dict[str, Any]:
    """A step with network activity on all devices, which isolation keeps from coming about."""
    return {"at": at, "do": "emit", "target": "all", "type": "network-activity", "count": 5}


def lasted(trial: Trial, kind: str) -> list[int]:
    """For how many hours each device was isolated by a kind, in the order in which that ended."""
    began = {device: at_ms for at_ms, device, one in trial.told("isolated") if one["isolation"] == kind}
    ended = [(at_ms, device) for at_ms, device, one in trial.told("released") if one["isolation"] == kind]
    return [round((at_ms - began[device]) / HOUR_MS) for at_ms, device in ended]


@clause("KEA-ISO-001")
def check_settings_on_demand_escape_the_policy_lock(agent: AgentUnderTest) -> None:
    """Under a policy that locks everything the device's settings of isolation are edited, and others are not."""
    other: Settings = {SUBMISSION: {"max-events-per-package": 7}, "self-defense": {"enabled": False}}
    steps = [edit("30min", {ON_DEMAND: lasting(3), **other}), isolate("1h")]
    trial = agent.attempt(duration="8h", steps=steps, settings=ALL_LOCKED)
    equal([one["group"] for _, _, one in trial.told("edited")], [ON_DEMAND], "groups that are edited")
    equal(sorted(one["group"] for _, _, one in trial.told("edit-refused")), sorted(other), "groups that are refused")
    equal(lasted(trial, "on-demand"), [3], "hours that isolation lasts after the edit")


@clause("KEA-ISO-002")
def check_automatic_isolation_follows_the_policy(agent: AgentUnderTest) -> None:
    """A detection isolates the device where the policy says so, for as long as it says, and nowhere else."""
    for enabled, wanted in ((True, [4]), (False, [])):
        settings = {AUTOMATIC: {"enabled": enabled, **lasting(4)}}
        trial = agent.attempt(duration="8h", steps=[detect("1h"), traffic("3h")], settings=settings)
        equal(len(trial.told("threat-detected")), 1, "threats that are detected")
        equal(lasted(trial, "automatic"), wanted, f"hours of isolation after it, enabled: {enabled}")
        equal(trial.count("network-activity"), 0 if enabled else 5, "network activity that is collected after it")


@clause("KEA-ISO-003")
def check_isolation_on_demand_follows_the_device(agent: AgentUnderTest) -> None:
    """Two devices are isolated on demand, each for as long as its own settings say."""
    steps = [
        edit("10min", {ON_DEMAND: lasting(2)}, "lab-00001"),
        edit("10min", {ON_DEMAND: lasting(4)}, "lab-00002"),
        isolate("1h"),
    ]
    trial = agent.attempt(duration="8h", steps=steps, devices=2)
    equal(lasted(trial, "on-demand"), [2, 4], "hours that isolation of each device lasts")


@clause("KEA-ISO-004")
def check_a_policy_leaves_isolation_on_demand_as_it_is(agent: AgentUnderTest) -> None:
    """A policy that isolates for an hour, and a change of it meanwhile, do not shorten what the device is set to."""
    steps = [
        edit("10min", {ON_DEMAND: lasting(5)}),
        isolate("1h"),
        change("2h", {AUTOMATIC: {"enabled": False, "release-after": "1min"}}),
        traffic("4h"),
        traffic("7h"),
    ]
    settings: Settings = {AUTOMATIC: {"enabled": True, **lasting(1)}}
    trial = agent.attempt(duration="8h", steps=steps, settings=settings)
    equal(lasted(trial, "on-demand"), [5], "hours that isolation on demand lasts")
    moments = [one.event.at_ms // HOUR_MS for one in trial.arrived("network-activity")]
    equal(sorted(set(moments)), [7], "hours whose network activity is collected")


@clause("KEA-ISO-005")
def check_the_kinds_are_told_apart(agent: AgentUnderTest) -> None:
    """Both are on at once, and each ends by its own settings; a change of one leaves the other as it is."""
    steps = [
        edit("10min", {ON_DEMAND: lasting(2)}),
        isolate("1h"),
        detect("2h"),
        edit("5h", {ON_DEMAND: lasting(1)}),
        detect("12h"),
        change("16h", {AUTOMATIC: lasting(2)}),
        isolate("17h"),
    ]
    settings: Settings = {AUTOMATIC: {"enabled": True, **lasting(3)}}
    trial = agent.attempt(duration="20h", steps=steps, settings=settings)
    spans = {kind: _lengths(trial, kind) for kind in KINDS.values()}
    equal(spans, {"automatic": [3, 3], "on-demand": [2, 1]}, "hours of each kind, before and after the other changed")


def _lengths(trial: Trial, kind: str) -> list[int]:
    """How many hours isolation of a kind lasted, of one device, each time."""
    began = [at_ms for at_ms, _, one in trial.told("isolated") if one["isolation"] == kind]
    ended = [at_ms for at_ms, _, one in trial.told("released") if one["isolation"] == kind]
    return [round((end - begin) / HOUR_MS) for begin, end in zip(began, ended, strict=False)]


@clause("KEA-ISO-006")
def check_one_device_of_a_group_is_isolated_on_demand(agent: AgentUnderTest) -> None:
    """Of three devices of a group the addressed one reports isolation and has no traffic, and the others go on."""
    view = {"at": "3h", "do": "view", "what": "status"}
    steps = [edit("10min", {ON_DEMAND: lasting(6)}), isolate("1h", "lab-00002"), traffic("2h"), view]
    trial = agent.attempt(duration="4h", steps=steps, devices=3)
    states = {device: one["isolated"] for _, device, one in trial.told("status-viewed")}
    equal(states, {0: False, 1: True, 2: False}, "devices that the Administration Server shows as isolated")
    counts = [trial.count("network-activity", device=device) for device in range(3)]
    equal(counts, [5, 0, 5], "network activity of each device that is collected")


# --- the models -------------------------------------------------------------------------------------------------------


@clause("KEA-ISO-002", needs=[ADMINISTRATION])
def check_automatic_isolation_is_in_the_policy(server: ServerUnderTest) -> None:
    """A policy has the settings, and gives them to its devices."""
    contains([one.key for one in describe()], AUTOMATIC, "settings groups of a policy")
    stored = parse_policy_settings({AUTOMATIC: {"switch": UNDER_POLICY, "enabled": True, **lasting(4)}})
    governing = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, stored)).governing(GROUP, 0)
    lock = None if governing is None else governing.lock(AUTOMATIC)
    equal(None if lock is None else lock.values, stored.values.network_isolation, "what reaches the devices")


@clause("KEA-ISO-003", needs=[ADMINISTRATION])
def check_isolation_on_demand_is_in_the_properties_of_a_device(server: ServerUnderTest) -> None:
    """The model of a device has the settings and stores them, whatever governs it."""
    contains([one.key for one in describe(LOCAL_KEYS)], ON_DEMAND, "settings groups of a device")
    everything = Policy("check", GROUP, PolicyStatus.ACTIVE, parse_policy_settings(_plain(ALL_LOCKED)))
    governing = server.administration(everything).governing(GROUP, 0)
    values = parse_group(ON_DEMAND, lasting(3))
    edited = edit_local(LocalSettings(), governing, values)
    equal(edited.group(ON_DEMAND) if isinstance(edited, LocalSettings) else edited, values, "what the device stores")
    other = edit_local(LocalSettings(), governing, parse_group(SUBMISSION, {"max-events-per-package": 7}))
    holds(isinstance(other, EditRefused), "another group is locked", other)


@clause("KEA-ISO-004", needs=[ADMINISTRATION])
def check_a_policy_has_no_isolation_on_demand(server: ServerUnderTest) -> None:
    """The model of a policy does not have the settings, and what would put them there is refused."""
    equal([one.key for one in describe() if one.key == ON_DEMAND], [], "groups of isolation on demand in a policy")
    for key, wanted in ((ON_DEMAND, True), (AUTOMATIC, False)):
        try:
            parse_policy_settings({key: {"switch": UNDER_POLICY}})
        except SettingError:
            refusal = True
        else:
            refusal = False
        equal(refusal, wanted, f"whether a policy with {key} is refused")


def _plain(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {key: dict(values) for key, values in settings.items()}
