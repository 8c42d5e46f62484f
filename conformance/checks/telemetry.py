"""Telemetry: data submission, request throttling, TTL of repeated process starts (KEA-TEL)."""

from collections import Counter
from itertools import pairwise
from typing import Any, Final

from conformance.agents import TELEMETRY, AgentUnderTest, Settings
from conformance.judging import at_least, between, equal, holds, refused
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, MINUTE_MS, Request, Trial
from emulator.policy.errors import SettingError
from emulator.policy.policies import PolicySettings, parse_policy_settings
from emulator.policy.settings import AgentSettings, Switch, describe
from emulator.ports import Outcome

NEEDS: Final = (TELEMETRY,)

LOW: Final = "file-change"
OTHER_LOW: Final = ("process-end", "module-load", "registry-change")
HIGH: Final = "threat-detection"
UNTHROTTLED: Final[Settings] = {"request-throttling": {"enabled": False}}
PERIOD_MS: Final = 30_000
SLACK_MS: Final = 1_000
"""Devices that start together are at most this far apart."""


def emit(kind: str, count: int, at: str = "10min") -> dict[str, Any]:
    """A step that makes events on all devices."""
    return {"at": at, "do": "emit", "target": "all", "type": kind, "count": count}


def flow(kind: str, per_minute: int) -> dict[str, Any]:
    """A step that makes events on all devices evenly over an hour, sixty times as many in all."""
    return {**emit(kind, per_minute, "30s"), "every": "1min", "until": "60min"}


def throttling(limit: int, share: int = 100) -> Settings:
    """Throttling on, with an hourly maximum and a percentage."""
    return {"request-throttling": {"max-events-per-hour": limit, "percentage-of-event-limit-excess": share}}


def gaps(requests: tuple[Request, ...]) -> list[int]:
    """The times between requests, in ms."""
    return [later.at_ms - earlier.at_ms for earlier, later in pairwise(requests)]


def steady(trial_period: int | None, agent: AgentUnderTest) -> Trial:
    """Ten minutes in which something happens every ten seconds."""
    period = {} if trial_period is None else {"data-submission": {"events-transmission-period": f"{trial_period} s"}}
    ticking = {**emit(HIGH, 1, "5s"), "every": "10s", "until": "10min"}
    return agent.attempt(duration="10min", steps=[ticking], settings={**UNTHROTTLED, **period})


# --- data submission --------------------------------------------------------------------------------------------------


@clause("KEA-TEL-001")
def check_packages_are_30_s_apart_by_default(agent: AgentUnderTest) -> None:
    """With steady events, consecutive packages are 30 s of simulated time apart."""
    seen = gaps(steady(None, agent).asked())
    at_least(len(seen), 15, "packages leave all the time")
    equal(set(seen), {PERIOD_MS}, "milliseconds between two packages")


@clause("KEA-TEL-002")
def check_packages_follow_the_period_that_is_set(agent: AgentUnderTest) -> None:
    """Another period, and the spacing of packages follows it."""
    for period_s in (20, 60):
        seen = gaps(steady(period_s, agent).asked())
        at_least(len(seen), 5, "packages leave all the time")
        equal(set(seen), {period_s * 1_000}, f"milliseconds between two packages, with a period of {period_s} s")


@clause("KEA-TEL-003")
def check_a_package_holds_1024_events_by_default(agent: AgentUnderTest) -> None:
    """A burst leaves in packages of at most 1024 events, and one that is full has 1024."""
    trial = agent.attempt(duration="15min", steps=[emit(HIGH, 2_500)], settings=UNTHROTTLED)
    sizes = [size for request in trial.asked() for size in request.packages]
    equal(max(sizes, default=0), 1_024, "events of the largest package of a burst")
    equal(trial.count(HIGH), 2_500, "events of the burst at the Central Node")


@clause("KEA-TEL-004")
def check_no_package_holds_more_than_the_maximum_that_is_set(agent: AgentUnderTest) -> None:
    """Whatever the maximum is set to, every package has at most as many events, and a burst fills one."""
    for maximum in (7, 100):
        settings = {**UNTHROTTLED, "data-submission": {"max-events-per-package": maximum}}
        trial = agent.attempt(duration="15min", steps=[emit(HIGH, 300)], settings=settings)
        sizes = [size for request in trial.asked() for size in request.packages]
        equal(max(sizes, default=0), maximum, f"events of the largest package, with a maximum of {maximum}")
        equal(trial.count(HIGH), 300, "events of the burst at the Central Node")


@clause("KEA-TEL-005")
def check_what_exceeds_a_package_is_carried_by_further_ones(agent: AgentUnderTest) -> None:
    """A burst of 2500 events arrives whole, in several packages, within one period."""
    trial = agent.attempt(duration="15min", steps=[emit(HIGH, 2_500)], settings=UNTHROTTLED)
    equal(trial.count(HIGH), 2_500, "events of a burst at the Central Node, the limit of a package being 1024")
    packages = [size for request in trial.asked() for size in request.packages]
    at_least(len(packages), 3, "packages that carry the burst")
    waited = max((one.sent_ms - one.event.at_ms for one in trial.arrived(HIGH)), default=HOUR_MS)
    between(waited, 0, PERIOD_MS + SLACK_MS, "milliseconds that an event waits with the server reachable")


@clause("KEA-TEL-006", "KEA-TEL-026", needs=[ADMINISTRATION])
def check_policies_have_both_groups_each_with_its_switch(server: ServerUnderTest) -> None:
    """Data submission has two numbers, request throttling a boolean and two numbers; each group has its own switch."""
    fields = {group.key: {setting.key: setting.kind for setting in group.settings} for group in describe()}
    wanted = {
        "data-submission": {"events-transmission-period": "duration", "max-events-per-package": "integer"},
        "request-throttling": {
            "enabled": "boolean",
            "max-events-per-hour": "integer",
            "percentage-of-event-limit-excess": "integer",
        },
    }
    for key, settings in wanted.items():
        equal(fields.get(key), settings, f"settings of the group {key}")
    for one, other in (("data-submission", "request-throttling"), ("request-throttling", "data-submission")):
        for switch in Switch:
            before = PolicySettings()
            after = parse_policy_settings({one: {"switch": str(switch)}}, before)
            equal(after.switch(one), switch, f"the switch of {one}, once set")
            equal(after.switch(other), before.switch(other), f"the switch of {other}, when that of {one} is set")


# --- request throttling -----------------------------------------------------------------------------------------------


@clause("KEA-TEL-007", "KEA-TEL-012")
def check_an_overload_of_low_importance_is_cut_and_a_calm_flow_is_not(agent: AgentUnderTest) -> None:
    """Far above the hourly maximum the low-importance flow is cut, far below it arrives whole."""
    over = agent.attempt(duration="30min", steps=[emit(LOW, 3_000)], settings=throttling(300))
    between(over.count(LOW), 1, 600, "of 3,000 events in an hour with a maximum of 300, those that arrive")
    under = agent.attempt(duration="61min", steps=[flow(LOW, 2)], settings=throttling(3_000))
    equal(under.count(LOW), 120, "of 120 events in an hour with a maximum of 3,000, those that arrive")


@clause("KEA-TEL-008")
def check_higher_importance_is_never_restricted(agent: AgentUnderTest) -> None:
    """Under an overload in which low-importance events are cut, every event of higher importance arrives."""
    steps = [emit(LOW, 2_000), emit(HIGH, 1_500), emit("process-start", 700, "12min"), emit(LOW, 500, "12min")]
    trial = agent.attempt(duration="30min", steps=steps, settings=throttling(300))
    between(trial.count(LOW), 0, 1_250, "of 2,500 low-importance events in the overload, those that arrive")
    for kind, count in ((HIGH, 1_500), ("process-start", 700)):
        equal(trial.count(kind), count, f"events of type {kind}, which are not of low importance, that arrive")


@clause("KEA-TEL-009")
def check_importance_is_no_setting_and_the_agent_judges_by_itself(agent: AgentUnderTest) -> None:
    """No settings group has a field for importance, and with none given one type passes and another is cut."""
    names = [f"{group.key}/{setting.key}" for group in describe() for setting in group.settings]
    equal([name for name in names if "importance" in name or "priority" in name], [], "settings about importance")
    trial = agent.attempt(duration="30min", steps=[emit(LOW, 1_000), emit(HIGH, 1_000)], settings=throttling(100))
    equal(trial.count(HIGH), 1_000, "threat detections that arrive in an overload, nothing being configured")
    between(trial.count(LOW), 0, 500, "file changes that arrive in the same overload")


@clause("KEA-TEL-010")
def check_throttling_is_on_by_default(agent: AgentUnderTest) -> None:
    """Fresh settings throttle, and a device that nobody configured cuts an overload."""
    equal(AgentSettings().request_throttling.enabled, True, "request throttling in fresh settings")
    trial = agent.attempt(duration="30min", steps=[emit(LOW, 9_000)])
    between(
        trial.count(LOW), 1, 4_500, "of 9,000 low-importance events of one type on a fresh device, those that arrive"
    )


@clause("KEA-TEL-011")
def check_the_hourly_maximum_is_3000_by_default(agent: AgentUnderTest) -> None:
    """Fresh settings read 3000; a fresh device passes a flow below it, and holds one far above it to about that."""
    equal(AgentSettings().request_throttling.max_events_per_hour, 3_000, "events an hour in fresh settings")
    spread = {"request-throttling": {"percentage-of-event-limit-excess": 100}}
    over = agent.attempt(duration="30min", steps=[emit(LOW, 6_000)], settings=spread)
    between(over.count(LOW), 1_500, 4_000, "of 6,000 low-importance events in half an hour, those that arrive")
    under = agent.attempt(duration="61min", steps=[flow(LOW, 40)], settings=spread)
    equal(under.count(LOW), 2_400, "of 2,400 low-importance events in an hour, those that arrive")


@clause("KEA-TEL-013")
def check_nothing_is_withheld_within_both_limits(agent: AgentUnderTest) -> None:
    """A flow far below the maximum, no type above the percentage, arrives whole; ten times as much does not."""
    kinds = (LOW, *OTHER_LOW, HIGH)
    calm = agent.attempt(duration="61min", steps=[flow(kind, 1) for kind in kinds])
    equal(Counter(one.event.type for one in calm.arrived()), dict.fromkeys(sorted(kinds), 60), "events that arrive")
    busy = agent.attempt(duration="30min", steps=[emit(kind, 1_500) for kind in kinds])
    cut = sum(1_500 - busy.count(kind) for kind in (LOW, *OTHER_LOW))
    at_least(cut, 1_500, "low-importance events withheld of a flow far above both limits")


@clause("KEA-TEL-014", "KEA-TEL-015")
def check_a_type_above_its_share_is_cut_and_the_others_are_not(agent: AgentUnderTest) -> None:
    """Just below the hourly maximum, a type with 40 % of it is cut at 15 %; types below the share arrive whole."""
    trial = agent.attempt(duration="61min", steps=_near_the_limit(), settings=throttling(3_000, 15))
    between(trial.count(LOW), 1, 900, "of 1,200 events of a type with 40 % of the maximum, those that arrive")
    for kind in OTHER_LOW:
        equal(trial.count(kind), 240, f"events of type {kind}, below the share, that arrive")
    equal(trial.count(HIGH), 960, "events of higher importance that arrive")


def _near_the_limit() -> list[dict[str, Any]]:
    """2,880 events in an hour for a maximum of 3,000: one low-importance type has 40 %, the rest is spread."""
    return [flow(HIGH, 16), *(flow(kind, 4) for kind in OTHER_LOW), flow(LOW, 20)]


@clause("KEA-TEL-016", needs=[ADMINISTRATION])
def check_the_percentage_is_from_5_to_100(server: ServerUnderTest) -> None:
    """5 and 100 are accepted; 4 and 101 are refused, for the range of this setting, and nothing else changes."""
    for share in (5, 100):
        stored = _with_share(share).values.request_throttling.percentage_of_event_limit_excess
        equal(stored, share, "the percentage that is stored")
    for share in (4, 101):
        error = _refusal(share)
        refused(error, f"a percentage of {share}", names="percentage-of-event-limit-excess", because="100")


def _with_share(share: int) -> PolicySettings:
    return parse_policy_settings({"request-throttling": {"percentage-of-event-limit-excess": share}})


def _refusal(share: int) -> SettingError | None:
    try:
        _with_share(share)
    except SettingError as error:
        return error
    return None


@clause("KEA-TEL-017")
def check_the_percentage_is_15_by_default(agent: AgentUnderTest) -> None:
    """Fresh settings read 15 %, and a fresh device cuts a type at about that."""
    equal(AgentSettings().request_throttling.percentage_of_event_limit_excess, 15, "per cent in fresh settings")
    trial = agent.attempt(duration="61min", steps=_near_the_limit())
    between(trial.count(LOW), 300, 700, "of 1,200 events of a type with 40 % of 3,000, those that arrive at 15 %")


@clause("KEA-TEL-018")
def check_with_throttling_off_nothing_is_withheld(agent: AgentUnderTest) -> None:
    """The overload that is cut with throttling on arrives whole with throttling off."""
    steps = [emit(LOW, 2_000)]
    limits = {"max-events-per-hour": 300, "percentage-of-event-limit-excess": 5}
    off = agent.attempt(duration="30min", steps=steps, settings={"request-throttling": {"enabled": False, **limits}})
    equal(off.count(LOW), 2_000, "of 2,000 low-importance events with throttling off, those that arrive")
    on = agent.attempt(duration="30min", steps=steps, settings={"request-throttling": {"enabled": True, **limits}})
    between(on.count(LOW), 0, 1_000, "of the same events with throttling on, those that arrive")


@clause("KEA-TEL-019", needs=[ADMINISTRATION])
def check_the_switch_of_throttling_is_under_policy_by_default(server: ServerUnderTest) -> None:
    """In a fresh policy the group of request throttling stands at Under policy, as the policy list shows it."""
    equal(PolicySettings().switch("request-throttling"), Switch.UNDER_POLICY, "the switch in a fresh policy")


@clause("KEA-TEL-027")
def check_the_restriction_follows_the_hourly_maximum(agent: AgentUnderTest) -> None:
    """One flow of 1020 low-importance events: cut with the maximum at 300, whole with it at 5000."""
    low = agent.attempt(duration="61min", steps=[flow(LOW, 17)], settings=throttling(300))
    between(low.count(LOW), 1, 700, "of 1,020 events with a maximum of 300, those that arrive")
    high = agent.attempt(duration="61min", steps=[flow(LOW, 17)], settings=throttling(5_000))
    equal(high.count(LOW), 1_020, "of 1,020 events with a maximum of 5,000, those that arrive")


@clause("KEA-TEL-028")
def check_the_restriction_of_a_type_follows_the_percentage(agent: AgentUnderTest) -> None:
    """A type with 40 % of the maximum is cut with the percentage at 10, and not with it at 80."""
    low = agent.attempt(duration="61min", steps=_near_the_limit(), settings=throttling(3_000, 10))
    between(low.count(LOW), 1, 800, "of 1,200 events at 10 %, those that arrive")
    high = agent.attempt(duration="61min", steps=_near_the_limit(), settings=throttling(3_000, 80))
    equal(high.count(LOW), 1_200, "of 1,200 events at 80 %, those that arrive")


# --- TTL of process starts --------------------------------------------------------------------------------------------


def start(process: str, at_min: int) -> dict[str, Any]:
    """A step that starts a process once on all devices."""
    return {"at": f"{at_min}min", "do": "start-process", "target": "all", "process": f"synthetic/{process}"}


def started(trial: Trial, process: str) -> list[int]:
    """When the starts of a process happened that the Central Node holds, in minutes."""
    found = trial.arrived("process-start", process=f"\\{process}.exe")
    return sorted(one.event.at_ms // MINUTE_MS for one in found)


def ttl(**values: Any) -> Settings:
    """The connection to the Central Node with the TTL option on; keys of the option's settings with underscores."""
    named = {key.replace("_", "-"): value for key, value in values.items()}
    server = {"host": "telemetry.seatrial.example", "port": 443}
    return {**UNTHROTTLED, "kata-integration": {"enabled": True, "servers": [server], **named}}


@clause("KEA-TEL-020")
def check_the_ttl_is_off_by_default(agent: AgentUnderTest) -> None:
    """The option is off in fresh settings, and a fresh device reports repeated starts of a process."""
    equal(AgentSettings().kata_integration.use_ttl, False, "the TTL option in fresh settings")
    trial = agent.attempt(duration="30min", steps=[start("tool", 10), start("tool", 15)])
    equal(started(trial, "tool"), [10, 15], "minutes of the starts of one process at the Central Node")


@clause("KEA-TEL-021")
def check_a_start_within_the_ttl_is_not_sent(agent: AgentUnderTest) -> None:
    """Of two starts of a process within the TTL the first is sent; another process is not concerned."""
    steps = [start("tool", 10), start("other", 12), start("tool", 15)]
    trial = agent.attempt(duration="30min", steps=steps, settings=ttl(use_ttl=True, ttl_period="60 min"))
    equal(started(trial, "tool"), [10], "minutes of the starts of a process at the Central Node")
    equal(started(trial, "other"), [12], "minutes of the starts of another process")


@clause("KEA-TEL-022", "KEA-TEL-029")
def check_a_start_after_the_ttl_is_sent_and_the_ttl_is_the_one_set(agent: AgentUnderTest) -> None:
    """With a TTL of 10 minutes a second start after 9 minutes is not sent, one after 11 minutes is."""
    steps = [start("early", 10), start("late", 10), start("early", 19), start("late", 21)]
    trial = agent.attempt(duration="40min", steps=steps, settings=ttl(use_ttl=True, ttl_period="10 min"))
    equal(started(trial, "early"), [10], "minutes of the starts of a process started again after 9 minutes")
    equal(started(trial, "late"), [10, 21], "minutes of the starts of a process started again after 11 minutes")


@clause("KEA-TEL-023", "KEA-TEL-025")
def check_with_the_ttl_off_every_start_is_sent_whatever_the_period(agent: AgentUnderTest) -> None:
    """With the option off two starts in short order are two events, and the period has no effect."""
    steps = [start("tool", 10), start("tool", 11)]
    off = agent.attempt(duration="30min", steps=steps, settings=ttl(use_ttl=False, ttl_period="60 min"))
    equal(started(off, "tool"), [10, 11], "minutes of the starts at the Central Node with the option off")
    on = agent.attempt(duration="30min", steps=steps, settings=ttl(use_ttl=True, ttl_period="60 min"))
    equal(started(on, "tool"), [10], "minutes of the same starts with the option on")


@clause("KEA-TEL-024")
def check_the_ttl_is_1440_minutes_by_default(agent: AgentUnderTest) -> None:
    """With the option on and nothing else set, a second start at 1439 minutes is not sent, one at 1441 minutes is."""
    equal(AgentSettings().kata_integration.ttl_period_min, 1_440, "minutes in fresh settings")
    steps = [start("early", 1), start("late", 1), start("early", 1_440), start("late", 1_442)]
    trial = agent.attempt(duration="1450min", steps=steps, settings=ttl(use_ttl=True))
    equal(started(trial, "early"), [1], "minutes of the starts of a process started again after 1,439 minutes")
    equal(started(trial, "late"), [1, 1_442], "minutes of the starts of a process started again after 1,441 minutes")


@clause("KEA-TEL-004", "KEA-TEL-005")
def check_a_backlog_leaves_in_packages_of_the_maximum(agent: AgentUnderTest) -> None:
    """What piled up while no server answered leaves in packages of at most the maximum, and all of it arrives."""
    outage = {"at": "1min", "fault": {"server": "telemetry", "kind": "refused-connection", "for": "20min"}}
    settings = {**UNTHROTTLED, "data-submission": {"max-events-per-package": 50}}
    trial = agent.attempt(duration="40min", steps=[outage, emit(HIGH, 300, "5min")], settings=settings)
    sent = [request for request in trial.asked() if request.outcome is Outcome.OK]
    sizes = [size for request in sent for size in request.packages]
    equal(max(sizes, default=0), 50, "events of the largest package of a backlog, with a maximum of 50")
    equal(trial.count(HIGH), 300, "events of the backlog at the Central Node")
    holds(all(request.at_ms >= 21 * MINUTE_MS for request in sent), "packages leave once a server answers", "earlier")
