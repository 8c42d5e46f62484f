"""Quarantine that fills up: its maximum size and its threshold (KEA-QUA).

Five files are quarantined an hour apart, with a maximum of 200 MB and a threshold of 50 MB: after two of them 140 MB
are used, after three 160, after four 215, which is on the same side of each limit in either meaning of MB.
"""

from typing import Any, Final

from conformance.agents import QUARANTINE, AgentUnderTest, Settings
from conformance.checks.quarantine import OWNER, SYNTHETIC
from conformance.checks.security import attempt
from conformance.judging import equal
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, Trial
from emulator.policy.policies import parse_policy_settings

NEEDS: Final = (QUARANTINE,)
SIZES_MB: Final = {"one": 60, "two": 80, "three": 20, "four": 55, "five": 10}
LIMITS: Final[dict[str, Any]] = {"limit-size": True, "max-size": "200MB", "use-threshold": True, "threshold": "50MB"}
AT_THRESHOLD, AT_MAXIMUM = 3, 4
"""Which of the files reaches each."""
THRESHOLD, MAXIMUM = "quarantine-threshold-reached", "quarantine-maximum-reached"
VIEW_H: Final = len(SIZES_MB) + 2


def filled(agent: AgentUnderTest, **limits: Any) -> Trial:
    """All files are quarantined in their order, and the events are looked at in the end."""
    placed = [
        {"at": "1min", "do": "place-file", "target": "all", "file": f"synthetic/{name}", "size": f"{size}MB"}
        for name, size in SIZES_MB.items()
    ]
    taken = [
        {**attempt("quarantine-file", OWNER, object={"file": f"synthetic/{name}"}), "at": f"{hour}h"}
        for hour, name in enumerate(SIZES_MB, 1)
    ]
    looked = {"at": f"{VIEW_H}h", "do": "view", "what": "events"}
    settings: Settings = {"quarantine": limits}
    return agent.attempt(
        duration=f"{VIEW_H + 1}h", steps=[*placed, *taken, looked], settings=settings, central_node=False
    )


def published(trial: Trial, *kinds: str) -> list[tuple[str, int]]:
    """Events in the list of the Administration Server, each with the number of the file with which it happened."""
    told = [(one["event"], one["happened_ms"]) for _, _, one in trial.told("event-viewed") if one["event"] in kinds]
    return [(kind, at_ms // HOUR_MS) for kind, at_ms in told]


def logged(trial: Trial, *kinds: str) -> list[tuple[str, int]]:
    """Events in the Windows event log, the same way."""
    return [(one["event"], at_ms // HOUR_MS) for at_ms, _, one in trial.told("windows-event") if one["event"] in kinds]


def taken(trial: Trial) -> list[str]:
    """The files that went into quarantine, in order."""
    return [str(one["file"]) for _, _, one in trial.told("quarantined")]


EVERY: Final = [f"{SYNTHETIC}\\{name}.exe" for name in SIZES_MB]


@clause("KEA-QUA-026")
def check_the_server_hears_that_the_maximum_is_reached(agent: AgentUnderTest) -> None:
    """Its list has the event, of the object that reaches the size; without a maximum it has none."""
    seen = published(filled(agent, **LIMITS), MAXIMUM)
    equal(seen, [(MAXIMUM, AT_MAXIMUM)], "events of the maximum at the server, each with its file")
    equal(published(filled(agent, **{**LIMITS, "limit-size": False}), MAXIMUM), [], "events without a maximum")


@clause("KEA-QUA-027")
def check_the_windows_event_log_tells_that_the_maximum_is_reached(agent: AgentUnderTest) -> None:
    """The device's log has the event, of the object that reaches the size; without a maximum it has none."""
    seen = logged(filled(agent, **LIMITS), MAXIMUM)
    equal(seen, [(MAXIMUM, AT_MAXIMUM)], "events of the maximum in the log, each with its file")
    equal(logged(filled(agent, **{**LIMITS, "limit-size": False}), MAXIMUM), [], "events without a maximum")


@clause("KEA-QUA-028")
def check_a_full_quarantine_takes_the_next_object(agent: AgentUnderTest) -> None:
    """The file after the one that reached the maximum goes in as well, and more is held than the maximum."""
    trial = filled(agent, **LIMITS)
    equal(taken(trial), EVERY, "files that went into quarantine, the last one after the maximum was reached")
    equal(len(trial.told("quarantine-failed")), 0, "files that did not")


@clause("KEA-QUA-030")
def check_the_threshold_is_what_remains(agent: AgentUnderTest) -> None:
    """With a maximum of 200 and a threshold of 50 MB it is reached above 150 MB; with one of 130 MB above 70."""
    for threshold, file in ((50, AT_THRESHOLD), (130, 2)):
        seen = published(filled(agent, **{**LIMITS, "threshold": f"{threshold}MB"}), THRESHOLD)
        equal(seen, [(THRESHOLD, file)], f"events of a threshold of {threshold} MB, each with its file")


@clause("KEA-QUA-031")
def check_the_server_hears_that_the_threshold_is_reached(agent: AgentUnderTest) -> None:
    """Its list has the event, before that of the maximum; without a threshold it has none."""
    seen = published(filled(agent, **LIMITS), THRESHOLD, MAXIMUM)
    wanted = [(THRESHOLD, AT_THRESHOLD), (MAXIMUM, AT_MAXIMUM)]
    equal(sorted(seen, key=lambda one: one[1]), wanted, "events of both limits at the server, each with its file")
    equal(published(filled(agent, **{**LIMITS, "use-threshold": False}), THRESHOLD), [], "events without a threshold")


@clause("KEA-QUA-032")
def check_the_windows_event_log_tells_that_the_threshold_is_reached(agent: AgentUnderTest) -> None:
    """The device's log has the event; without a threshold it has none."""
    equal(logged(filled(agent, **LIMITS), THRESHOLD), [(THRESHOLD, AT_THRESHOLD)], "events of the threshold in the log")
    equal(logged(filled(agent, **{**LIMITS, "use-threshold": False}), THRESHOLD), [], "events without a threshold")


@clause("KEA-QUA-033")
def check_beyond_the_threshold_the_next_object_is_taken(agent: AgentUnderTest) -> None:
    """The file after the one that reached the threshold goes in as well, with the maximum far and near."""
    for maximum, threshold in ((200, 50), (2_000, 1_850)):
        trial = filled(agent, **{**LIMITS, "max-size": f"{maximum}MB", "threshold": f"{threshold}MB"})
        equal(published(trial, THRESHOLD), [(THRESHOLD, AT_THRESHOLD)], "events of the threshold, each with its file")
        equal(taken(trial), EVERY, f"files that went into quarantine, with a maximum of {maximum} MB")


@clause("KEA-QUA-025", "KEA-QUA-029", needs=[ADMINISTRATION])
def check_each_limit_has_an_option_and_a_number_of_mb(server: ServerUnderTest) -> None:
    """Each is switched and set by itself, on or off, and a policy stores both."""
    for maximum, threshold in ((True, False), (False, True)):
        limits = {"limit-size": maximum, "max-size": "333MB", "use-threshold": threshold, "threshold": "77MB"}
        stored = parse_policy_settings({"quarantine": limits}).values.quarantine
        equal((stored.limit_size, stored.max_size_mb), (maximum, 333), "the option and the number of the maximum")
        equal((stored.use_threshold, stored.threshold_mb), (threshold, 77), "the same of the threshold")
