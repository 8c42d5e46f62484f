"""Managed Detection and Response, and who does it beside Kaspersky Endpoint Security (KEA-MDR)."""

from collections.abc import Mapping
from typing import Any, Final

from conformance.agents import GROUP, SERVICES, UNDER_POLICY, AgentUnderTest, Settings
from conformance.checks.licensing import SYNCHRONISES, lab
from conformance.judging import at_least, contains, equal, holds, refused
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, Trial
from emulator.policy.errors import PolicyError
from emulator.policy.policies import Policy, PolicyStatus, parse_policy_settings
from emulator.policy.settings import GROUP_KEYS, describe, offered_by
from emulator.policy.types import ENDPOINT_AGENT

NEEDS: Final = (SERVICES,)
MDR: Final = "mdr"
ON: Final = {"enabled": True, "blob": "synthetic configuration", "user-identifier": "42"}
ONE_ONLY: Final = ({"enabled": True}, {"blob": ON["blob"]})
"""The option without a BLOB, and a BLOB without the option."""
AGENT, PROTECTION = "endpoint-agent", "endpoint-protection"
RUNNING: Final = 4
"""The code of a component that is running, as the console has it."""
SWITCH, GONE, RESTART = 4, 10, 16
"""The hours after which Kaspersky Endpoint Security takes over, is removed, and Endpoint Agent's service restarts."""


def saved(at: str, **values: Any) -> dict[str, Any]:
    """A step in which the settings of MDR are saved in the policy."""
    return {"at": at, "do": "change-policy", "policy": "check", "settings": {MDR: values}}


def installed(version: str, hour: int = SWITCH, *, current: bool = False) -> dict[str, Any]:
    """A step in which Kaspersky Endpoint Security is installed."""
    return {
        "at": f"{hour}h",
        "do": "install-protection",
        "target": "all",
        "version": version,
        "databases-current": current,
    }


def step(hour: int, do: str, **more: Any) -> dict[str, Any]:
    """Something happens on all devices."""
    return {"at": f"{hour}h", "do": do, "target": "all", **more}


REMOVED: Final = step(GONE, "remove-protection")
RESTARTED: Final = step(RESTART, "stop-agent", **{"for": "5min"})


def managed(
    agent: AgentUnderTest, *steps: Mapping[str, Any], mdr: Mapping[str, Any] | None = None, **more: Any
) -> Trial:
    """A day of a device whose policy has these settings of MDR; both are there where nothing else is said."""
    settings: Settings = {MDR: ON if mdr is None else mdr}
    fleet = {**lab(None), "integrate": {"central-node": False}}
    return agent.attempt(duration="24h", steps=steps, settings=settings, fleet=fleet, **more)


def contacts(trial: Trial, by: str = AGENT, *, data: bool | None = None) -> list[int]:
    """The moments at which the service was contacted, by whom, with data or without."""
    told = trial.told("mdr-contact")
    return [at_ms for at_ms, _, one in told if one["by"] == by and data in (None, one["data"])]


def within(moments: list[int], first: int, last: int) -> int:
    """How many moments lie between two hours, leaving out what may be on its way at the first."""
    return sum(first * HOUR_MS + SYNCHRONISES < at_ms < last * HOUR_MS for at_ms in moments)


def takes_over(trial: Trial, hour: int = SWITCH) -> bool:
    """Whether Kaspersky Endpoint Security does MDR from an hour on and Endpoint Agent no more, or neither of it."""
    own, other = contacts(trial, data=True), contacts(trial, PROTECTION, data=True)
    at_least(within(own, 0, hour), 1, f"contacts of Endpoint Agent with data in the first {hour} hours")
    equal(within(other, 0, hour), 0, f"contacts of Kaspersky Endpoint Security in the first {hour} hours")
    later = (within(own, hour, 24) > 0, within(other, hour, 24) > 0)
    holds(later in ((True, False), (False, True)), "data from one of the two afterwards", later)
    return later[1]


def kept_sending(trial: Trial, hour: int = RESTART) -> int:
    """How often Endpoint Agent sent data from the switch to an hour."""
    return within(contacts(trial, data=True), SWITCH, hour)


# --- the integration --------------------------------------------------------------------------------------------------


@clause("KEA-MDR-006")
def check_mdr_works_with_the_option_and_a_configuration(agent: AgentUnderTest) -> None:
    """With both the service receives data, with one of them missing none."""
    at_least(len(contacts(managed(agent), data=True)), 1, "contacts with data, the option on and a BLOB loaded")
    for mdr in ONE_ONLY:
        equal(contacts(managed(agent, mdr=mdr), data=True), [], f"contacts with data, only with {mdr}")


@clause("KEA-MDR-001", "KEA-MDR-008")
def check_without_a_configuration_nothing_is_active_and_nothing_sent(agent: AgentUnderTest) -> None:
    """With no BLOB the component does not run and nobody is contacted, until one is loaded."""
    views = [step(hour, "view", what="status") for hour in (5, 20)]
    looks = [{key: value for key, value in one.items() if key != "target"} for one in views]
    trial = managed(agent, *looks, saved("10h", blob=ON["blob"]), mdr={"enabled": True})
    seen = [f"mdr={RUNNING}" in detail["components"].split() for _, _, detail in trial.told("status-viewed")]
    equal(seen, [False, True], "whether the component runs before a BLOB is loaded, and after")
    moments = contacts(trial) + [at_ms for at_ms, _, _ in trial.told("mdr-unanswered")]
    at_least(len(moments), 1, "contacts once a BLOB is loaded")
    at_least(min(moments), 10 * HOUR_MS, "the first contact")


@clause("KEA-MDR-002", "KEA-MDR-003")
def check_events_of_kics_are_sent_once_the_interaction_is_configured(agent: AgentUnderTest) -> None:
    """With it each event of KICS for Networks comes with the data of its device, without it none, without MDR none."""
    steps = [step(hour, "raise-kics-event") for hour in (2, 3, 9)]
    for tells, mdr, wanted in ((True, ON, 3), (False, ON, 0), (True, ONE_ONLY[0], 0)):
        trial = managed(agent, *steps, mdr=mdr, services={"kics-tells-the-administration-server": tells})
        events = sum(int(detail["kics"]) for _, _, detail in trial.told("mdr-contact") if detail["data"])
        equal(events, wanted, f"events of KICS that arrive, the interaction being {tells}, with {mdr}")


@clause("KEA-MDR-007")
def check_loading_the_configuration_is_the_consent(agent: AgentUnderTest) -> None:
    """The operator is told so when a BLOB is saved and not when something else is, and the device records it."""
    steps = (saved("2h", enabled=True), saved("6h", blob=ON["blob"]), saved("12h", **{"user-identifier": "43"}))
    trial = managed(agent, *steps, mdr={})
    equal([at_ms for at_ms, _, _ in trial.told("mdr-consent-told")], [6 * HOUR_MS], "moments when the operator is told")
    recorded = [at_ms for at_ms, _, _ in trial.told("mdr-consent")]
    equal(len(recorded), 1, "consents that the device records")
    holds(0 <= recorded[0] - 6 * HOUR_MS <= SYNCHRONISES, "a consent at the next contact", recorded)


@clause("KEA-MDR-004", needs=[ADMINISTRATION])
def check_mdr_needs_a_plug_in_of_3_9_2(server: ServerUnderTest) -> None:
    """With 3.9.1 there is no such section and a policy with it is refused, with 3.9.2 and later there is."""
    settings = parse_policy_settings({MDR: {**ON, "switch": UNDER_POLICY}})
    one = Policy("check", GROUP, PolicyStatus.ACTIVE, settings)
    for version, offers in (((3, 9, 1), False), ((3, 8), False), ((3, 9, 2), True), ((3, 10), True), ((3, 16), True)):
        told = ".".join(map(str, version))
        equal(MDR in offered_by(version), offers, f"whether the plug-in {told} has the section")
        administration = server.administration(plugins={ENDPOINT_AGENT: version})
        error = None
        try:
            administration.create(one, at_ms=1_000)
        except PolicyError as refusal:
            error = refusal
        if offers:
            equal(error, None, f"refusal of a policy with MDR by the plug-in {told}")
        else:
            refused(error, f"a policy with MDR, the plug-in being {told}", names=MDR, because="does not offer")


@clause("KEA-MDR-005", needs=[ADMINISTRATION])
def check_mdr_is_a_section_with_three_items(server: ServerUnderTest) -> None:
    """The option, the BLOB and the user identifier stand in a section of their own, and are stored."""
    (group,) = describe([MDR])
    alone = [key for key, one in zip(GROUP_KEYS, describe(), strict=True) if one.section == group.section]
    equal(alone, [MDR], "groups of its section")
    items = [one.key for one in group.settings]
    for item in ON:
        contains(items, item, "an item of the section")
    stored = parse_policy_settings({MDR: ON}).values.mdr
    equal((stored.enabled, stored.blob, stored.user_identifier), tuple(ON.values()), "items as they are stored")


@clause("KEA-MDR-009", needs=[ADMINISTRATION])
def check_a_user_identifier_is_any_value(server: ServerUnderTest) -> None:
    """Digits, words, blanks, signs and other scripts are stored as they are."""
    for value in ("42", "a b", "  padded ", "x" * 200, 'käse/\\:*?"<>|', "идентификатор", "{}", "0"):
        settings = parse_policy_settings({MDR: {**ON, "user-identifier": value, "switch": UNDER_POLICY}})
        administration = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, settings))
        stored = administration.policy("check").settings.values.mdr.user_identifier
        equal(stored, value, "the user identifier that the policy holds")


# --- beside Kaspersky Endpoint Security -------------------------------------------------------------------------------


@clause("KEA-MDR-010")
def check_kaspersky_endpoint_security_needs_version_11_and_current_databases(agent: AgentUnderTest) -> None:
    """11.0 takes MDR over with current databases and not with old ones; an earlier version does not at all."""
    for version, current, wanted in (("11.0", True, True), ("11.0", False, False), ("10.3", True, False)):
        trial = managed(agent, installed(version, current=current))
        equal(takes_over(trial), wanted, f"whether {version} does MDR, its databases being current: {current}")


@clause("KEA-MDR-011")
def check_from_11_6_0_on_it_does_mdr_once_installed(agent: AgentUnderTest) -> None:
    """11.6.0 and later take MDR over with old databases; what comes before 11.6.0 does not."""
    for version, wanted in (("11.6.0", True), ("11.6", True), ("12.1", True), ("11.5.9", False)):
        trial = managed(agent, installed(version))
        equal(takes_over(trial), wanted, f"whether {version} does MDR as soon as it is installed, with old databases")


@clause("KEA-MDR-012")
def check_installing_a_version_that_supports_mdr_moves_it(agent: AgentUnderTest) -> None:
    """Data comes from Endpoint Agent before the installation and from the other afterwards; without one it goes on."""
    equal(takes_over(managed(agent, installed("12.1"))), True, "whether MDR moves with the installation")
    equal(takes_over(managed(agent)), False, "whether MDR moves without one")


@clause("KEA-MDR-013")
def check_updating_its_databases_moves_mdr(agent: AgentUnderTest) -> None:
    """11.0 with old databases takes it over when they are brought up to date; an earlier version does not."""
    for version, wanted in (("11.0", True), ("10.3", False)):
        trial = managed(agent, installed(version, 2), step(SWITCH, "update-protection"))
        equal(takes_over(trial), wanted, f"whether {version} does MDR once its databases are current")


@clause("KEA-MDR-014")
def check_the_user_is_told_nothing_of_the_switch(agent: AgentUnderTest) -> None:
    """MDR moves to the other and back, and no notification of a user is recorded."""
    trial = managed(agent, installed("12.1"), REMOVED, RESTARTED)
    told = trial.told("mdr-handed-over")
    equal([detail["to"] for _, _, detail in told], [PROTECTION, AGENT], "those that MDR moves to")
    equal([detail["user-notified"] for _, _, detail in told], [False, False], "whether a user is told of it")
    equal(len(trial.told("user-notified")), 0, "notifications of the user")


@clause("KEA-MDR-015")
def check_mdr_can_still_be_configured_after_the_switch(agent: AgentUnderTest) -> None:
    """A change in the policy and one on the device are taken, and hold once Endpoint Agent does MDR again."""
    back = (installed("12.1"), REMOVED, RESTARTED)
    at_least(within(contacts(managed(agent, *back), data=True), RESTART, 24), 1, "contacts once it is back, unchanged")
    trial = managed(agent, *back, saved("6h", enabled=False))
    equal(len(trial.told("operation-done")), 1, "changes of the policy that are done")
    equal(within(contacts(trial, data=True), RESTART, 24), 0, "contacts once it is back, having been turned off")
    edit = step(6, "edit-settings", settings={MDR: ON})
    trial = managed(agent, *back, edit, mdr={"switch": "unaffected-by-policy"})
    equal((len(trial.told("edited")), len(trial.told("edit-refused"))), (1, 0), "edits on the device, and refusals")
    at_least(within(contacts(trial, data=True), RESTART, 24), 1, "contacts once it is back, having been turned on")


@clause("KEA-MDR-016")
def check_what_is_configured_after_the_switch_is_not_applied(agent: AgentUnderTest) -> None:
    """Turned off in Endpoint Agent the other goes on as before; turned on there, nobody sends data that did not."""
    trial = managed(agent, installed("12.1"), saved("8h", enabled=False))
    equal(takes_over(trial), True, "whether MDR moves with the installation")
    unchanged = managed(agent, installed("12.1"))
    seen, wanted = (within(contacts(one, PROTECTION, data=True), SWITCH, 24) for one in (trial, unchanged))
    equal(seen, wanted, "contacts of Kaspersky Endpoint Security, as many as without the change")
    trial = managed(agent, installed("12.1"), saved("8h", **ON), mdr={})
    equal([detail["to"] for _, _, detail in trial.told("mdr-handed-over")], [PROTECTION], "those that MDR moves to")
    sent = contacts(trial, data=True) + contacts(trial, PROTECTION, data=True)
    equal(sent, [], "contacts with data of a device for which MDR was configured after the switch")


@clause("KEA-MDR-017")
def check_a_restart_of_the_service_brings_mdr_back(agent: AgentUnderTest) -> None:
    """The other being gone, Endpoint Agent sends data once its service has restarted, and none before."""
    trial = managed(agent, installed("12.1"), REMOVED, RESTARTED)
    equal(kept_sending(trial), 0, "contacts with data from the switch to the restart")
    at_least(within(contacts(trial, data=True), RESTART, 24), 1, "contacts of Endpoint Agent with data afterwards")
    early = managed(agent, installed("12.1"), step(7, "stop-agent", **{"for": "5min"}))
    equal(
        within(contacts(early, data=True), SWITCH, 24), 0, "contacts with data after a restart, the other being there"
    )


@clause("KEA-MDR-018")
def check_without_a_restart_mdr_does_not_come_back(agent: AgentUnderTest) -> None:
    """The other being gone, no data comes from anybody for the rest of the day; before the switch some did."""
    trial = managed(agent, installed("12.1"), REMOVED)
    at_least(within(contacts(trial, data=True), 0, SWITCH), 1, "contacts with data before the switch")
    at_least(within(contacts(trial, PROTECTION, data=True), SWITCH, GONE), 1, "contacts of the other while it is there")
    equal(kept_sending(trial, 24), 0, "contacts of Endpoint Agent with data after the switch")
    equal(within(contacts(trial, PROTECTION), GONE, 24), 0, "contacts of the other once it is gone")


@clause("KEA-MDR-019")
def check_the_component_stays_running_after_the_switch(agent: AgentUnderTest) -> None:
    """Its status is Running before the switch, after it, and after a restart beside the other; without MDR not."""
    looks = [{"at": f"{hour}h", "do": "view", "what": "status"} for hour in (3, 6, 9)]
    restarted = step(7, "stop-agent", **{"for": "5min"})
    for mdr, wanted in ((ON, True), ({}, False)):
        trial = managed(agent, installed("12.1"), restarted, *looks, mdr=mdr)
        seen = [f"mdr={RUNNING}" in detail["components"].split() for _, _, detail in trial.told("status-viewed")]
        equal(seen, [wanted] * 3, f"whether it is Running before the switch and twice after, with {mdr or 'no MDR'}")
        handed = [detail["to"] for _, _, detail in trial.told("mdr-handed-over")]
        equal(handed, [PROTECTION], "those that MDR moves to")


@clause("KEA-MDR-020")
def check_endpoint_agent_stays_in_contact_after_the_switch(agent: AgentUnderTest) -> None:
    """The service hears of it while the other does the work, and after that is gone, with no data in what it hears."""
    trial = managed(agent, installed("12.1"), REMOVED)
    for first, last in ((SWITCH, GONE), (GONE, 24)):
        at_least(within(contacts(trial, data=False), first, last), 1, f"contacts without data, hours {first} to {last}")
        equal(within(contacts(trial, data=True), first, last), 0, f"contacts with data, hours {first} to {last}")
