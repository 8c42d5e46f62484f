"""Kaspersky Sandbox and KICS for Networks: policy types, proxy options, telemetry (KEA-SBX).

What else their integrations have is not in this documentation.
"""

from typing import Final

from conformance.agents import PROXY, SANDBOX, TELEMETRY, AgentUnderTest, Settings
from conformance.checks import proxy
from conformance.checks.edr_exclusions import CODES, SMB, UNTHROTTLED, kics_stream, start
from conformance.checks.proxy import DIRECT, KICS, SPECIFIED, integrations, roads_to, used
from conformance.checks.telemetry import HIGH, emit
from conformance.judging import at_least, contains, equal
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import Trial
from emulator.policy.types import ENDPOINT_AGENT, PolicyType
from emulator.ports import Target
from fakes.administration import CreationMode, PolicyWizard

NEEDS: Final = (TELEMETRY,)
KATA_EDR, SANDBOX_GROUP = proxy.KATA, proxy.SANDBOX
EXAMINED: Final = ("sandbox-submitted", "sandbox-verdict")


def sections(server: ServerUnderTest, kind: PolicyType) -> dict[str, list[str]]:
    """The sections through which the wizard leads for a policy of a type, each with its settings groups."""
    wizard = PolicyWizard(server.administration())
    wizard.choose_application(ENDPOINT_AGENT)
    wizard.give_name("check")
    wizard.choose_mode(CreationMode.CONFIGURE)
    wizard.choose_type(kind)
    found: dict[str, list[str]] = {}
    while wizard.section is not None:
        found[str(wizard.section)] = list(wizard.shown)
        wizard.configure({})
    return found


def groups(server: ServerUnderTest, kind: PolicyType) -> list[str]:
    """All groups of a policy of this type."""
    return [key for keys in sections(server, kind).values() for key in keys]


@clause("KEA-SBX-001", needs=[ADMINISTRATION])
def check_sandbox_has_a_policy_type_of_its_own(server: ServerUnderTest) -> None:
    """A policy of this type is led through the Sandbox section, and not through that of the other servers."""
    contains(groups(server, PolicyType.SANDBOX), SANDBOX_GROUP, "settings groups of the Sandbox type")
    others = [one.value for one in PolicyType if SANDBOX_GROUP in groups(server, one)]
    equal(others, [PolicyType.SANDBOX.value], "policy types with the Sandbox integration")


@clause("KEA-SBX-002", needs=[ADMINISTRATION])
def check_kics_shares_a_policy_type_with_kata(server: ServerUnderTest) -> None:
    """A policy of one type has both integrations, next to each other."""
    for key in (KATA_EDR, KICS):
        found = [one.value for one in PolicyType if key in groups(server, one)]
        equal(found, [PolicyType.KATA_AND_KICS.value], f"policy types with {key}")


@clause("KEA-SBX-003", needs=[ADMINISTRATION])
def check_threat_response_is_a_step_of_the_policy(server: ServerUnderTest) -> None:
    """Either type is led through it, and it has settings."""
    for kind in PolicyType:
        found = sections(server, kind)
        contains(list(found), "threat-response", f"settings steps of {kind}")
        at_least(len(found["threat-response"]), 1, "settings groups of the step")


# --- proxy options ----------------------------------------------------------------------------------------------------


def asked_by(trial: Trial, integration: str) -> set[str]:
    """The roads to a server, in a trial whose updates have to use the proxy server."""
    equal({str(one["via"]) for _, _, one in trial.told("update-source")}, {"proxy"}, "roads of updates meanwhile")
    return roads_to(trial, integration)


@clause("KEA-SBX-004", needs=[SANDBOX, PROXY])
def check_sandbox_is_asked_directly_by_default(agent: AgentUnderTest) -> None:
    """Nobody has touched the option, and a proxy server is specified."""
    equal(asked_by(used(agent, SPECIFIED), SANDBOX_GROUP), {DIRECT}, "roads to the Sandbox server")


@clause("KEA-SBX-005", needs=[SANDBOX, PROXY])
def check_sandbox_is_asked_through_the_proxy_where_that_is_on(agent: AgentUnderTest) -> None:
    """The object gets there through the proxy server, and while that is out it does not."""
    trial = used(agent, SPECIFIED, integrations(sandbox=True))
    equal(asked_by(trial, SANDBOX_GROUP), {"proxy"}, "roads to the Sandbox server")
    equal([len(trial.told(kind)) for kind in EXAMINED], [1, 1], "objects that it takes, and verdicts")
    outage = {"at": "0s", "fault": {"server": "proxy", "kind": "outage", "for": "2h"}}
    for on, taken in ((True, 0), (False, 1)):
        trial = used(agent, SPECIFIED, integrations(sandbox=on), steps=(outage,))
        equal(len(trial.told("sandbox-submitted")), taken, f"objects it takes with the proxy out, the option {on}")


@clause("KEA-SBX-006", needs=[PROXY])
def check_kics_is_asked_directly_by_default(agent: AgentUnderTest) -> None:
    """Nobody has touched the option, and a proxy server is specified."""
    equal(asked_by(used(agent, SPECIFIED), KICS), {DIRECT}, "roads to the KICS for Networks server")


@clause("KEA-SBX-007", needs=[PROXY])
def check_kics_is_asked_through_the_proxy_where_that_is_on(agent: AgentUnderTest) -> None:
    """Events get there through the proxy server."""
    trial = used(agent, SPECIFIED, integrations(kics=True))
    equal(asked_by(trial, KICS), {"proxy"}, "roads to the KICS for Networks server")
    equal(trial.count(HIGH, target=Target.KICS), 5, "events that arrive there")


# --- KICS for Networks ------------------------------------------------------------------------------------------------


@clause("KEA-SBX-008")
def check_kics_receives_processes_and_network_communications(agent: AgentUnderTest) -> None:
    """Both kinds of events arrive, with the integration and not without it."""
    steps = [start("tool"), emit("network-activity", 7)]
    for kics in (True, False):
        trial = agent.attempt(duration="20min", steps=steps, settings=UNTHROTTLED, kics=kics)
        seen = [trial.count(kind, target=Target.KICS) for kind in ("process-start", "network-activity")]
        equal(seen, [1, 7] if kics else [0, 0], f"starts and network events at KICS for Networks, integrated: {kics}")


@clause("KEA-SBX-009", random=True)
def check_kics_makes_optimisation_manageable(agent: AgentUnderTest) -> None:
    """With this integration and exclusions in use, the setting decides whether events 102 and 8 about SMB arrive."""
    for optimise in (True, False):
        trial = kics_stream(agent, use=True, optimise=optimise)
        seen = [trial.count(target=Target.KICS, code=code, **SMB) > 0 for code in CODES]
        equal(seen, [not optimise] * len(CODES), f"whether events {CODES} about SMB arrive, optimisation: {optimise}")
        at_least(trial.count(target=Target.KICS), 100, "events about other things that arrive")


@clause("KEA-SBX-010", needs=[PROXY])
def check_events_of_kics_reach_mdr_where_kics_is_set_up_for_it(agent: AgentUnderTest) -> None:
    """With the interaction set up in KICS for Networks its event goes on to MDR; without it none does."""
    step = {"at": "2h", "do": "raise-kics-event", "target": "all"}
    settings: Settings = {"mdr": {"enabled": True, "blob": "a synthetic one"}}
    for tells in (True, False):
        trial = agent.attempt(
            duration="5h",
            steps=[step],
            settings=settings,
            kics=True,
            services={"kics-tells-the-administration-server": tells},
        )
        handed = sum(int(one["kics"]) for _, _, one in trial.told("mdr-contact"))
        equal(handed, int(tells), f"events of KICS for Networks that reach MDR, set up there: {tells}")
        at_least(len(trial.told("mdr-contact")), 1, "contacts with MDR")
