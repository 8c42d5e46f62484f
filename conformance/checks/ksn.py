"""Kaspersky Security Network: when it is used, what goes to it and on which road; the KMP service (KEA-KSN)."""

from collections.abc import Mapping
from typing import Any, Final

from conformance.agents import GROUP, SERVICES, UNDER_POLICY, AgentUnderTest, Settings
from conformance.checks.ioc_files import ABSENT, GOOD, PLANTED, document
from conformance.checks.licensing import SEVERAL, SYNCHRONISES, VENDOR, lab, life, outage, task
from conformance.checks.telemetry import HIGH
from conformance.judging import at_least, at_most, contains, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, Trial
from emulator.policy.errors import SettingError
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import DEFAULTS, GROUP_KEYS, LOCAL_KEYS, Switch, describe, offered_by

NEEDS: Final = (SERVICES,)
KSN: Final = "ksn"
BOTH: Final = {"accept-statement": True, "enabled": True}
ONE_ONLY: Final = ({"accept-statement": True}, {"enabled": True})
"""Each of the two options by itself."""
PROCESS: Final = "synthetic/dropper"
DIRECT, BY_SERVER = "direct", "administration-server"
SENT: Final = ("reputation", "statistics-sent", "file-submitted")
"""Facts of what arrived at KSN."""
RUNNING: Final = 4
"""The code of a component that is running, as the console has it."""
ASKED: Final = (*SENT, "ksn-unanswered")
PERSONAL: Final = ("user", "mail", "account", "login", "person", "phone")
"""What names of fields with personal data would have in them."""


def starts(at: str) -> dict[str, Any]:
    """A step in which a process starts that the device does not know."""
    return {"at": at, "do": "start-process", "target": "all", "process": PROCESS}


def saved(at: str, **values: Any) -> dict[str, Any]:
    """A step in which the settings of KSN are saved in the policy."""
    return {"at": at, "do": "change-policy", "policy": "check", "settings": {KSN: values}}


def used(agent: AgentUnderTest, *steps: Mapping[str, Any], ksn: Mapping[str, Any] | None, **more: Any) -> Trial:
    """A day of a device with these settings of KSN, None for no policy at all; a process starts after an hour."""
    settings: Settings | None = None if ksn is None else {KSN: ksn}
    fleet = {**lab(None), "integrate": {"central-node": False}}
    sections = {"duration": "24h", "fleet": fleet, **more}
    return agent.attempt(**{"steps": [starts("1h"), *steps], "settings": settings, "central_node": False, **sections})


def requests(trial: Trial, *kinds: str) -> list[tuple[str, int]]:
    """The requests that KSN was asked, of all kinds or some, answered or not: kind and moment."""
    found = [(kind, at_ms) for kind in kinds or ASKED for at_ms, _, _ in trial.told(kind)]
    return sorted(found, key=lambda one: one[1])


def in_use(trial: Trial) -> bool:
    """Whether anything was asked."""
    return bool(requests(trial))


# --- what it is used for ----------------------------------------------------------------------------------------------


@clause("KEA-KSN-001")
def check_the_cloud_is_asked_for_the_reputation_of_an_unknown_file(agent: AgentUnderTest) -> None:
    """The verdict is what the cloud has for it; without its answer there is none, and with KSN off no question."""
    trial = used(agent, ksn=BOTH)
    told = [detail for _, _, detail in trial.told("reputation")]
    equal([one["verdict"] for one in told], ["unknown"], "verdicts about a file that the cloud does not know")
    for verdict in ("good", "bad"):
        trial = used(agent, ksn=BOTH, services={"reputations": {told[0]["sha256"]: verdict}})
        seen = [detail["verdict"] for _, _, detail in trial.told("reputation")]
        equal(seen, [verdict], "verdicts about a file that it knows")
    trial = used(agent, outage("ksn"), ksn=BOTH)
    equal(len(trial.told("reputation")), 0, "verdicts while the cloud does not answer")
    equal(in_use(trial), True, "whether it was asked")
    equal(len(used(agent, ksn={}).told("reputation")), 0, "verdicts with KSN off")


@clause("KEA-KSN-005")
def check_statistics_are_sent_by_themselves(agent: AgentUnderTest) -> None:
    """With KSN used some arrive without anybody doing anything, with KSN off none."""
    at_least(len(used(agent, ksn=BOTH).told("statistics-sent")), 1, "statistics of a day with KSN used")
    for off in (None, {}, *ONE_ONLY):
        equal(requests(used(agent, ksn=off), "statistics-sent"), [], f"statistics with KSN off by {off}")


@clause("KEA-KSN-006")
def check_files_are_sent_only_while_ksn_is_used(agent: AgentUnderTest) -> None:
    """Of a process that starts three times, nothing goes to KSN for examination before and after it is used."""
    steps = (saved("5h", **BOTH), starts("10h"), saved("15h", enabled=False), starts("20h"))
    trial = used(agent, *steps, ksn={})
    equal(len(trial.told("reputation")), 1, "starts of which KSN was asked")
    hours = {at_ms // HOUR_MS for at_ms, _, _ in trial.told("file-submitted")}
    equal(hours - {10}, set(), "hours at which files are sent, beside the one with KSN used, when they may be")
    for off in ONE_ONLY:
        equal(requests(used(agent, ksn=off), "file-submitted"), [], f"files that are sent with {off} alone")


@clause("KEA-KSN-007")
def check_nothing_personal_is_among_statistics(agent: AgentUnderTest) -> None:
    """Statistics have fields, and none that would hold users, accounts or addresses; nor does what is asked."""
    trial = used(agent, ksn=BOTH)
    told = [detail for _, _, detail in trial.told("statistics-sent")]
    at_least(len(told), 1, "statistics that are looked at")
    fields = sorted({name for one in told for name in str(one["fields"]).split(",") if name})
    at_least(len(fields), 1, "fields of statistics")
    others = [detail for kind in ("reputation", "file-submitted") for _, _, detail in trial.told(kind)]
    at_least(len(others), 1, "questions that are looked at")
    names = [*fields, *sorted({name for one in others for name in one})]
    equal([one for one in names if any(word in one.lower() for word in PERSONAL)], [], "fields with personal data")


# --- when it is used --------------------------------------------------------------------------------------------------


@clause("KEA-KSN-002")
def check_ksn_is_off_by_default(agent: AgentUnderTest) -> None:
    """A fresh agent and one under a fresh policy ask nothing in a day; one that is told to does."""
    equal(DEFAULTS.ksn.enabled, False, "KSN usage in fresh settings")
    for fresh in (None, {"switch": "unaffected-by-policy"}, {"switch": UNDER_POLICY}):
        equal(requests(used(agent, ksn=fresh)), [], f"requests of KSN with {fresh or 'no policy'}")
    equal(in_use(used(agent, ksn=BOTH)), True, "whether KSN is asked, being enabled")


@clause("KEA-KSN-003")
def check_everything_else_works_without_ksn(agent: AgentUnderTest) -> None:
    """Telemetry, an update, an IOC scan and quarantine do the same with KSN off as with it on."""
    steps = [
        life("10min"),
        {"at": "10min", "do": "place-file", "target": "all", "file": PLANTED},
        task("15min", "update", sources=VENDOR),
        task("15min", "ioc-scan", indicators="iocs"),
        {
            "at": "90min",
            "do": "attempt",
            "target": "all",
            "operation": "quarantine-file",
            "user": "anna",
            "object": {"file": PLANTED},
        },
    ]
    files = {"iocs/good.ioc": document(GOOD), "iocs/absent.ioc": document(ABSENT)}
    services = {"updates": {"databases-every": "10min", "lag": "0s"}}
    for ksn in ({}, BOTH):
        trial = agent.attempt(
            duration="2h", steps=steps, settings={KSN: ksn}, files=files, services=services, image="windows-office"
        )
        seen = {
            "events": trial.count(HIGH) >= SEVERAL,
            "updates": len(trial.told("databases-updated")),
            "matches": len(trial.told("ioc-match")),
            "quarantined": len(trial.told("quarantined")),
        }
        wanted = {"events": True, "updates": 1, "matches": 1, "quarantined": 1}
        equal(seen, wanted, f"what works with {ksn or 'KSN off'}")


@clause("KEA-KSN-004")
def check_ksn_can_be_disabled_at_any_time(agent: AgentUnderTest) -> None:
    """Once a policy that disables it has reached the device nothing is asked; before, it was."""
    for hour in (2, 8, 15):
        trial = used(agent, saved(f"{hour}h", enabled=False), starts("20h"), ksn=BOTH)
        moments = [at_ms for _, at_ms in requests(trial)]
        at_least(len(moments), 1, f"requests before it is disabled after {hour} hours")
        at_most(max(moments), hour * HOUR_MS + SYNCHRONISES, f"the last request, disabled after {hour} hours")
    last_ms = max(at_ms for _, at_ms in requests(used(agent, starts("20h"), ksn=BOTH)))
    at_least(last_ms, 20 * HOUR_MS, "the last request where it is not disabled")


@clause("KEA-KSN-008", "KEA-KSN-009")
def check_both_options_are_needed(agent: AgentUnderTest) -> None:
    """With the Statement accepted only, or usage enabled only, nothing is asked; with both it is."""
    for one in ONE_ONLY:
        equal(requests(used(agent, ksn=one)), [], f"requests of KSN with {one} alone")
    equal(in_use(used(agent, ksn=BOTH)), True, "whether KSN is asked with both")


@clause("KEA-KSN-011")
def check_ksn_needs_its_group_under_policy(agent: AgentUnderTest) -> None:
    """With the group unaffected KSN stays off, until it is under policy and saved."""
    trial = used(agent, ksn={**BOTH, "switch": "unaffected-by-policy"})
    equal(requests(trial), [], "requests of KSN with its group unaffected")
    steps = (saved("5h", switch=UNDER_POLICY), starts("10h"))
    trial = used(agent, *steps, ksn={**BOTH, "switch": "unaffected-by-policy"})
    moments = [at_ms for _, at_ms in requests(trial)]
    at_least(len(moments), 1, "requests of KSN once the group is under policy")
    at_least(min(moments), 5 * HOUR_MS, "the first request")


@clause("KEA-KSN-010")
def check_ksn_data_goes_on_the_road_of_the_option(agent: AgentUnderTest) -> None:
    """On, all goes by the Administration Server, which needs no Internet of the device; off, directly, which does."""
    for on, road in ((True, BY_SERVER), (False, DIRECT)):
        ksn = {**BOTH, "via-administration-server": on}
        trial = used(agent, ksn=ksn)
        roads = {(kind, detail["via"]) for kind in SENT for _, _, detail in trial.told(kind)}
        equal(roads - {("file-submitted", road)}, {(one, road) for one in SENT[:2]}, f"requests and roads, {on}")
        for down, arrives in (("internet", on), ("administration", not on)):
            trial = used(agent, outage(down, "30min"), ksn=ksn)
            equal(
                bool(requests(trial, *SENT)), arrives, f"whether data arrives with {down} down, the option being {on}"
            )


# --- in the policy ----------------------------------------------------------------------------------------------------


@clause("KEA-KSN-008", "KEA-KSN-009", needs=[ADMINISTRATION])
def check_a_policy_turns_ksn_on_with_both_options(server: ServerUnderTest) -> None:
    """Enabled without acceptance is refused or stays off; the two are options of their own, and both turn it on."""
    options = [one.key for one in describe([KSN])[0].settings]
    for option in BOTH:
        contains(options, option, "an option of the section")
    for values, wanted in (*((one, False) for one in ONE_ONLY), (BOTH, True)):
        try:
            seen = parse_policy_settings({KSN: values}).values.ksn.in_use
        except SettingError:
            seen = False
        equal(seen, wanted, f"whether KSN is in use with {values}")


@clause("KEA-KSN-011", needs=[ADMINISTRATION])
def check_ksn_is_a_section_with_a_switch(server: ServerUnderTest) -> None:
    """A section of its own; its switch stands at unaffected, moves alone, and decides whether devices are reached."""
    (group,) = describe([KSN])
    alone = [key for key, one in zip(GROUP_KEYS, describe(), strict=True) if one.section == group.section]
    equal((alone, group.switch), ([KSN], Switch.UNAFFECTED), "groups of its section, and its switch")
    for switch, wanted in (("unaffected-by-policy", False), (UNDER_POLICY, True)):
        stored = parse_policy_settings({KSN: {**BOTH, "switch": switch}})
        equal((stored.under_policy - PolicySettings().under_policy) == {KSN}, wanted, f"its switch alone, at {switch}")
        governing = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, stored)).governing(GROUP, 0)
        reached = governing is not None and governing.lock(KSN) is not None
        equal(reached, wanted, f"whether KSN reaches devices, the group being {switch}")


@clause("KEA-KSN-016", needs=[ADMINISTRATION])
def check_the_statement_can_be_read_before_it_is_accepted(server: ServerUnderTest) -> None:
    """A fresh policy has it, with the acceptance false, and it speaks of the data that are sent."""
    administration = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE))
    shown = administration.policy("check").settings.values.ksn
    equal(shown.accept_statement, False, "the acceptance in a fresh policy")
    holds("data" in shown.statement, "a text about the data that are sent", repr(shown.statement))


@clause("KEA-KSN-012", needs=[ADMINISTRATION])
def check_nothing_configures_kmp(server: ServerUnderTest) -> None:
    """No setting of an agent or of a policy from 3.10 on is about KMP; there are such about KSN."""
    for version in ((3, 10), (3, 11), (4, 0)):
        groups = describe((*offered_by(version), *LOCAL_KEYS))
        names = [f"{group.key}/{one.key} {one.about}" for group in groups for one in group.settings]
        holds(any("ksn/enabled" in one for one in names), "settings of KSN", names)
        found = [one for one in (*names, *(group.key for group in groups)) if "kmp" in one.lower()]
        equal(found, [], f"settings of KMP at {'.'.join(map(str, version))}")


# --- the KMP service --------------------------------------------------------------------------------------------------


def with_kmp(agent: AgentUnderTest, on: bool, *steps: Mapping[str, Any], upgraded: str | None = "3.12") -> list[bool]:
    """Whether KMP is on, looked at every hour of a device of 3.9 that is updated after half an hour.

    `steps` come after that, one an hour; the last look is behind all of them.
    """
    update = [{"at": "30min", "do": "upgrade-agent", "target": "all", "version": upgraded}] if upgraded else []
    timed = [{**step, "target": "all", "at": f"{60 * number + 30}min"} for number, step in enumerate(steps, 1)]
    looks = [{"at": f"{hour}h", "do": "view", "what": "status"} for hour in range(1, len(steps) + 2)]
    block = {**lab(None)["blocks"][0], "version": "3.9", "kmp": on}
    trial = agent.attempt(
        duration=f"{len(steps) + 2}h",
        steps=[*update, *timed, *looks],
        fleet={"start": "cold", "integrate": {"central-node": False}, "blocks": [block]},
    )
    equal([detail["version"] for _, _, detail in trial.told("agent-upgraded")], [upgraded] * len(update), "updates")
    return [f"kmp={RUNNING}" in detail["components"].split() for _, _, detail in trial.told("status-viewed")]


def by_plug_in(version: str, *, enabled: bool) -> dict[str, Any]:
    """A step in which a policy that a plug-in of this version wrote has KMP on or off."""
    return {"do": "set-kmp", "plugin": version, "enabled": enabled}


@clause("KEA-KSN-013")
def check_kmp_goes_on_after_an_update(agent: AgentUnderTest) -> None:
    """On with 3.9 it is on after an update to 3.10 and to later versions."""
    for version in ("3.10", "3.12", "4.0"):
        equal(with_kmp(agent, True, upgraded=version), [True], f"whether KMP is on after an update to {version}")


@clause("KEA-KSN-015")
def check_an_update_does_not_turn_kmp_on(agent: AgentUnderTest) -> None:
    """Off with 3.9 it is off after an update; on a device that had it on, it shows as on."""
    for version in ("3.10", "3.12", "4.0"):
        equal(with_kmp(agent, False, upgraded=version), [False], f"whether KMP is on after an update to {version}")
    equal(with_kmp(agent, True), [True], "whether KMP shows as on where it is")


@clause("KEA-KSN-014")
def check_only_an_old_plug_in_turns_kmp_off(agent: AgentUnderTest) -> None:
    """After an update plug-ins from 3.10 on leave it on, and one of 3.9 turns it off."""
    for version in ("3.10", "3.11", "3.16"):
        seen = with_kmp(agent, True, by_plug_in(version, enabled=False))
        equal(seen, [True, True], f"whether KMP is on before and after a policy by plug-in {version}")
    for version in ("3.9", "3.9.2", "3.8"):
        seen = with_kmp(agent, True, by_plug_in(version, enabled=False))
        equal(seen, [True, False], f"whether KMP is on before and after a policy by plug-in {version}")
