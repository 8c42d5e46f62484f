"""Connection to a proxy server: who uses it, how it is found, and what goes past it (KEA-PRX).

On one device something of each kind is sent: telemetry to both servers, an object to Kaspersky Sandbox, a request for
updates, one for activation, one to each external service. The roads of telemetry are those of the requests; those of
services are what Endpoint Agent tells.
"""

from collections.abc import Mapping
from typing import Any, Final

from conformance.agents import GROUP, PROXY, UNDER_POLICY, AgentUnderTest, Settings
from conformance.checks.security import UNAFFECTED
from conformance.checks.telemetry import HIGH, emit
from conformance.judging import contains, equal, refused
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import SEND, SYNCHRONISE, Trial
from emulator.policy.errors import SettingError
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import Switch, describe
from emulator.ports import Outcome, Target

NEEDS: Final = (PROXY,)
HOST: Final = "proxy.seatrial.example"
ADDRESS: Final = f"{HOST}:8080"
SPECIFIED: Final[dict[str, Any]] = {"mode": "specified", "host": HOST}
DIRECT: Final = "direct"
MODES: Final = ("none", "auto-detect", "specified")
KATA, KICS, SANDBOX = "kata-integration", "kics-integration", "sandbox-integration"
SERVERS: Final = {
    KATA: "telemetry.seatrial.example:443",
    KICS: "kics.seatrial.example:443",
    SANDBOX: "sandbox.seatrial.example:443",
}
"""The integrations, each with its server."""
OPTION: Final = "connect-using-general-proxy"
SERVICES: Final = {"updates": "update-source", "activation": "activation-requested", "ksn": "reputation"}
"""What is governed by the general settings, each with the fact that tells of its requests."""
MDR: Final = "mdr"
EXTERNAL: Final = (*SERVICES, MDR)
LOCAL: Final = "http://10.0.0.7/updates"
VENDOR: Final = "vendor-servers"


def integrations(**options: bool | None) -> dict[str, dict[str, Any]]:
    """All integrations, each with its option; one without it has what is there by default."""
    chosen = {key: options.get(key.partition("-")[0]) for key in SERVERS}
    return {
        key: {"enabled": True, "servers": [server]} | ({} if chosen[key] is None else {OPTION: chosen[key]})
        for key, server in SERVERS.items()
    }


def used(
    agent: AgentUnderTest,
    proxy: Mapping[str, Any] | None,
    options: Settings | None = None,
    *,
    gate: Mapping[str, Any] | None = None,
    sources: tuple[str, ...] = (VENDOR,),
    steps: tuple[Mapping[str, Any], ...] = (),
    minute: int = 20,
) -> Trial:
    """Everything is sent once; `proxy` are the general settings, `gate` is what is told of the proxy server itself."""
    settings: dict[str, Mapping[str, Any]] = {
        "ksn": {"accept-statement": True, "enabled": True},
        "mdr": {"enabled": True, "blob": "a synthetic one"},
        **(integrations() if options is None else options),
    }
    if proxy is not None:
        settings["proxy"] = dict(proxy)
    at = f"{minute}min"
    tasks = [
        {"at": at, "do": "create-task", "task": f"update {place}", "type": "update", "target": "all", "run": True}
        | {"sources": [source]}
        for place, source in enumerate(sources)
    ]
    activation = {"at": at, "do": "create-task", "task": "activation", "type": "activation", "target": "all"}
    sent = [
        emit(HIGH, 5, at),
        {"at": at, "do": "start-process", "target": "all", "process": "synthetic/dropper"},
        *tasks,
        {**activation, "code": "AAAA-BBBB", "run": True, "additional": True},
    ]
    return agent.attempt(
        duration=f"{minute + 100}min",
        steps=[*steps, *sent],
        settings=settings,
        kics=True,
        keys=[{"name": "first", "code": "AAAA-BBBB"}],
        services={"proxy": {"address": ADDRESS, **(gate or {})}},
    )


def road(server: str) -> str:
    """The proxy server by which a server is asked, DIRECT where it is none."""
    return server.partition(" via ")[2].partition(" as ")[0] or DIRECT


def roads_of_telemetry(trial: Trial, target: Target = Target.CENTRAL_NODE) -> set[str]:
    """The roads on which devices ask the server of a target."""
    return {road(one.server) for kind in (SEND, SYNCHRONISE) for one in trial.asked(kind, target=target)}


def roads_to(trial: Trial, integration: str) -> set[str]:
    """The same of the server of an integration; those of Sandbox by the words `direct` and `proxy`."""
    if integration == SANDBOX:
        kinds = ("sandbox-submitted", "sandbox-unanswered")
        return {str(one["via"]) for kind in kinds for _, _, one in trial.told(kind)}
    found = roads_of_telemetry(trial, Target.CENTRAL_NODE if integration == KATA else Target.KICS)
    return {DIRECT if one == DIRECT else "proxy" for one in found}


def roads_by_integration(trial: Trial) -> dict[str, set[str]]:
    """The roads to all of them."""
    return {key: roads_to(trial, key) for key in SERVERS}


def roads_of_services(trial: Trial) -> dict[str, set[str]]:
    """The roads to updates, activation and external services."""
    found = {name: {str(one["via"]) for _, _, one in trial.told(fact)} for name, fact in SERVICES.items()}
    return {**found, MDR: {str(one["via"]) for _, _, one in trial.told("mdr-contact")}}


def all_by(way: str, names: Any) -> dict[str, set[str]]:
    """What is wanted where all of these take one road."""
    return {name: {way} for name in names}


# --- who uses it ------------------------------------------------------------------------------------------------------


@clause("KEA-PRX-001")
def check_updates_activation_and_external_services_use_the_proxy(agent: AgentUnderTest) -> None:
    """With a proxy server specified they arrive by it; with none they arrive directly."""
    equal(roads_of_services(used(agent, SPECIFIED)), all_by("proxy", EXTERNAL), "roads with a proxy server specified")
    equal(roads_of_services(used(agent, {"mode": "none"})), all_by(DIRECT, EXTERNAL), "roads without one")


@clause("KEA-PRX-002")
def check_integrations_go_past_the_proxy_by_default(agent: AgentUnderTest) -> None:
    """Nobody has touched the option: all three are asked directly, while updates use the proxy server."""
    trial = used(agent, SPECIFIED)
    equal(roads_by_integration(trial), all_by(DIRECT, SERVERS), "roads to the integrations with a proxy specified")
    equal(roads_of_services(trial)["updates"], {"proxy"}, "roads of updates in the same trial")


@clause("KEA-PRX-003")
def check_integrations_use_the_proxy_where_the_option_is_selected(agent: AgentUnderTest) -> None:
    """Off, servers see direct connections; on, all come through the proxy server."""
    for on, way in ((False, DIRECT), (True, "proxy")):
        trial = used(agent, SPECIFIED, integrations(kata=on, kics=on, sandbox=on))
        equal(roads_by_integration(trial), all_by(way, SERVERS), f"roads to the integrations, the option {on}")
        equal(trial.count(HIGH), 5, "events that arrive at the Central Node")


@clause("KEA-PRX-004")
def check_each_integration_has_an_option_of_its_own(agent: AgentUnderTest) -> None:
    """On for one, this one goes through the proxy server and the other two directly."""
    for chosen in SERVERS:
        options = {key.partition("-")[0]: key == chosen for key in SERVERS}
        seen = roads_by_integration(used(agent, SPECIFIED, integrations(**options)))
        wanted = {**all_by(DIRECT, SERVERS), chosen: {"proxy"}}
        equal(seen, wanted, f"roads with the option on for {chosen} only")


# --- how it is found --------------------------------------------------------------------------------------------------


@clause("KEA-PRX-006")
def check_without_a_proxy_nothing_goes_through_one(agent: AgentUnderTest) -> None:
    """Whatever else is set, and though the options of the integrations are on."""
    options = integrations(kata=True, kics=True, sandbox=True)
    trial = used(agent, {**SPECIFIED, "mode": "none"}, options)
    equal(roads_by_integration(trial), all_by(DIRECT, SERVERS), "roads to the integrations in the mode `none`")
    equal(roads_of_services(trial), all_by(DIRECT, EXTERNAL), "roads of services in the mode `none`")
    other = used(agent, SPECIFIED, options)
    equal(roads_by_integration(other), all_by("proxy", SERVERS), "roads to the integrations in the mode `specified`")


@clause("KEA-PRX-007")
def check_a_proxy_is_found_automatically(agent: AgentUnderTest) -> None:
    """With no address given telemetry arrives through the one that can be found."""
    trial = used(agent, {"mode": "auto-detect"}, integrations(kata=True, kics=True, sandbox=True))
    equal(roads_of_telemetry(trial), {ADDRESS}, "the proxy server that telemetry goes through")
    equal(trial.count(HIGH), 5, "events that arrive at the Central Node")


@clause("KEA-PRX-008")
def check_a_proxy_is_given_by_name_or_address_and_port(agent: AgentUnderTest) -> None:
    """Exactly this one is connected to, by a name and by an IP address; where another one stands nothing arrives."""
    for host in ("gate.seatrial.example", "192.0.2.9"):
        given = {"mode": "specified", "host": host, "port": 3_128}
        for listens, count in ((f"{host}:3128", 5), (f"{host}:3129", 0), ("192.0.2.10:3128", 0)):
            trial = used(agent, given, integrations(kata=True), gate={"address": listens})
            equal(roads_of_telemetry(trial), {f"{host}:3128"}, f"the proxy server connected to, given {host} and 3128")
            equal(trial.count(HIGH), count, f"events that arrive where the proxy server is {listens}")


@clause("KEA-PRX-009")
def check_the_default_port_is_8080(agent: AgentUnderTest) -> None:
    """Only a host is given."""
    trial = used(agent, SPECIFIED, integrations(kata=True))
    equal(roads_of_telemetry(trial), {f"{HOST}:8080"}, "the proxy server connected to, given its host only")


# --- authentication ---------------------------------------------------------------------------------------------------

NTLM: Final[dict[str, Any]] = {**SPECIFIED, "use-ntlm": True, "user": "anna", "password": "synthetic"}
DEMANDS: Final = {"demands-ntlm": True}


@clause("KEA-PRX-010")
def check_ntlm_opens_a_proxy_that_demands_it(agent: AgentUnderTest) -> None:
    """With option, user and password telemetry arrives, and updates come."""
    trial = used(agent, NTLM, integrations(kata=True), gate=DEMANDS)
    equal(trial.count(HIGH), 5, "events that arrive through a proxy server that demands NTLM")
    equal(len(trial.told("databases-updated")), 1, "updates that come through it")


@clause("KEA-PRX-011")
def check_without_ntlm_a_proxy_that_demands_it_refuses(agent: AgentUnderTest) -> None:
    """Nothing passes though user and password are set, and Endpoint Agent tells that the update failed."""
    trial = used(agent, {**NTLM, "use-ntlm": False}, integrations(kata=True), gate=DEMANDS)
    equal(trial.count(HIGH), 0, "events that arrive without NTLM")
    outcomes = {one.outcome for kind in (SEND, SYNCHRONISE) for one in trial.asked(kind)}
    equal(outcomes, {Outcome.REFUSED}, "what becomes of the requests of telemetry")
    told = (len(trial.told("databases-updated")), len(trial.told("update-source-failed")))
    equal(told, (0, 1), "updates that come, and sources that Endpoint Agent tells have failed")
    equal(used(agent, {**NTLM, "use-ntlm": False}, integrations(kata=True)).count(HIGH), 5, "events, nobody demands it")


@clause("KEA-PRX-012", needs=[ADMINISTRATION])
def check_the_password_is_masked_until_it_is_asked_for(server: ServerUnderTest) -> None:
    """What the settings show of it does not have its characters; asked for, they are those that were entered."""
    password = parse_policy_settings({"proxy": NTLM}).values.proxy.password
    shown = (str(password), repr(password), f"{password}")
    equal([text for text in shown if "synthetic" in text], [], "shown texts with the characters of the password")
    equal([text for text in shown if not text], [], "shown texts that hide that there is one")
    equal(password.characters, "synthetic", "characters on request")


# --- local addresses --------------------------------------------------------------------------------------------------


def sources_of(trial: Trial) -> list[str]:
    """The roads of all sources of updates that answered, in the order of their names."""
    return [
        via for _, via in sorted((str(one["source"]), str(one["via"])) for _, _, one in trial.told("update-source"))
    ]


def bypassing(agent: AgentUnderTest, bypass: bool) -> list[str]:
    """The roads of a local source, then of the vendor's, with the option on or off."""
    proxy = {**SPECIFIED, "bypass-local-addresses": bypass}
    return sources_of(used(agent, proxy, sources=(LOCAL, VENDOR)))


@clause("KEA-PRX-013")
def check_local_addresses_go_past_the_proxy_where_that_is_on(agent: AgentUnderTest) -> None:
    """A source at a private address is asked directly, the vendor's through the proxy server."""
    equal(bypassing(agent, True), [DIRECT, "proxy"], "roads of a local source and of the vendor's, the option on")


@clause("KEA-PRX-014")
def check_local_addresses_use_the_proxy_without_the_option(agent: AgentUnderTest) -> None:
    """Both are asked through the proxy server."""
    equal(bypassing(agent, False), ["proxy", "proxy"], "roads of a local source and of the vendor's, the option off")


# --- the policy -------------------------------------------------------------------------------------------------------


@clause("KEA-PRX-015")
def check_proxy_settings_hold_once_the_group_is_under_policy(agent: AgentUnderTest) -> None:
    """Unaffected, telemetry goes directly; after the switch is set and the policy saved, through the proxy server."""
    under = {"at": "1h", "do": "change-policy", "policy": "check", "settings": {"proxy": {"switch": UNDER_POLICY}}}
    early = emit(HIGH, 3, "30min")
    given = {**SPECIFIED, "switch": UNAFFECTED}
    trial = used(agent, given, integrations(kata=True), steps=(early, under), minute=120)
    sent = [(one.at_ms > 3_600_000, road(one.server)) for one in trial.asked()]
    equal(sorted(set(sent)), [(False, DIRECT), (True, ADDRESS)], "roads of telemetry, after the save or before")


@clause("KEA-PRX-015", needs=[ADMINISTRATION])
def check_proxy_settings_have_a_place_and_a_switch(server: ServerUnderTest) -> None:
    """They stand in the general settings, are switched alone, and reach devices under policy only."""
    (group,) = [one for one in describe() if one.key == "proxy"]
    equal(group.section, "Application settings / General settings", "the section of the proxy settings")
    equal(group.switch, Switch.UNAFFECTED, "the switch in a fresh policy")
    for switch in (UNDER_POLICY, UNAFFECTED):
        stored = parse_policy_settings({"proxy": {**SPECIFIED, "switch": switch}})
        moved = stored.under_policy - PolicySettings().under_policy
        equal(moved, {"proxy"} if switch == UNDER_POLICY else set(), f"groups that move with {switch}")
        governing = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, stored)).governing(GROUP, 0)
        lock = None if governing is None else governing.lock("proxy")
        equal(lock is not None, switch == UNDER_POLICY, f"whether the settings reach devices, {switch}")


@clause("KEA-PRX-005", needs=[ADMINISTRATION])
def check_one_of_three_modes_is_selected(server: ServerUnderTest) -> None:
    """Each of the three is stored and stands alone; a fourth one, and two at once, are refused."""
    for mode in MODES:
        stored = parse_policy_settings({"proxy": {**SPECIFIED, "mode": mode}}).values.proxy
        equal(str(stored.mode), mode, "the mode, as it was stored")
    contains(
        ("none", "auto-detect", "specified"), str(PolicySettings().values.proxy.mode), "the mode of a fresh policy"
    )
    for wrong in ("all", ["none", "specified"], None):
        try:
            parse_policy_settings({"proxy": {**SPECIFIED, "mode": wrong}})
        except SettingError as error:
            refusal: SettingError | None = error
        else:
            refusal = None
        refused(refusal, f"the mode {wrong!r}", names="mode", because="not known")
