"""Integration with KATA Central Node: the list of servers, fail-over, time-outs, synchronisation (KEA-CEN)."""

from typing import Any, Final

from conformance.agents import INDICATORS, TELEMETRY, AgentUnderTest, Settings
from conformance.checks.ioc_files import GOOD, PLANTED, document
from conformance.checks.telemetry import UNTHROTTLED, emit, gaps
from conformance.judging import at_least, at_most, contains, equal, holds, refused
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import MINUTE_MS, SEND, SYNCHRONISE, Trial
from emulator.policy.errors import SettingError
from emulator.policy.policies import PolicySettings, parse_policy_settings
from emulator.policy.settings import AgentSettings, KataIntegration, describe
from emulator.ports import Outcome

NEEDS: Final = (TELEMETRY,)
GROUP: Final = "kata-integration"
NODES: Final = ("first", "second", "third", "fourth")
ANSWERED: Final = (Outcome.OK, Outcome.REFUSED)
ADDRESS: Final = {"host": "telemetry.seatrial.example", "port": 443}


def integration(**values: Any) -> Settings:
    """The connection to the Central Node, in a policy; keys with underscores."""
    named = {key.replace("_", "-"): value for key, value in values.items()}
    return {**UNTHROTTLED, GROUP: {"enabled": True, "servers": [ADDRESS], **named}}


def down(node: str, at: str = "0s", **more: Any) -> dict[str, Any]:
    """A step that has a node refuse connections."""
    return {"at": at, "fault": {"server": node, "kind": "refused-connection", **more}}


def asked_by_kind(trial: Trial, server: str) -> int:
    """The requests of both kinds that reached for a server."""
    return len(trial.asked(SEND, server=server)) + len(trial.asked(SYNCHRONISE, server=server))


def read_refusal(data: dict[str, Any]) -> SettingError | None:
    """Why settings of the group are refused; None where they are taken."""
    try:
        parse_policy_settings({GROUP: data})
    except SettingError as error:
        return error
    return None


# --- integration ------------------------------------------------------------------------------------------------------


@clause("KEA-CEN-002")
def check_a_body_above_the_limit_of_a_proxy_does_not_pass(agent: AgentUnderTest) -> None:
    """A package above the body limit is refused before the server and stays with the device; one below passes."""
    limit = {"at": "0s", "fault": {"server": "telemetry", "kind": "body-limit", "limit": "100 kB"}}
    steps = [limit, emit("threat-detection", 20, "2min"), emit("threat-detection", 1_000, "6min")]
    trial = agent.attempt(duration="12min", steps=steps, settings=UNTHROTTLED)
    equal(trial.count("threat-detection"), 20, "events at the Central Node, those of the package below the limit")
    large = [request for request in trial.asked() if request.upto - request.first >= 1_000]
    at_least(len(large), 1, "requests with the package above the limit")
    equal({request.outcome.name for request in large}, {"REFUSED"}, "what such a request comes to")
    waiting = trial.booked("queued") + trial.booked("unanswered")
    equal(waiting, 1_000, "events that the device still has")


@clause("KEA-CEN-003", needs=[INDICATORS])
def check_a_proxy_passes_bodies_of_up_to_1_mb_by_default(agent: AgentUnderTest) -> None:
    """With no limit given an object of 1 MB passes, and one that is larger in either meaning of MB does not."""
    limit = {"at": "0s", "fault": {"server": "telemetry", "kind": "body-limit"}}
    sizes = {"within": 1_000_000, "beyond": 1_100_000}
    steps: list[dict[str, Any]] = [limit]
    for name, size_bytes in sizes.items():
        file = f"C:\\Data\\{name}.bin"
        steps.append({"at": "1min", "do": "place-file", "target": "all", "file": file, "size": f"{size_bytes} B"})
        task = {"name": name, "do": "create-central-task", "target": "all", "kind": "get-file", "file": file}
        steps.append({"at": "6min", **task})
    trial = agent.attempt(duration="30min", steps=steps)
    arrived = [(detail["task"], detail["bytes"]) for _, _, detail in trial.told("central-task-finished")]
    equal(arrived, [("within", sizes["within"])], "objects that the Central Node has, with their bytes")
    failed = [detail["task"] for _, _, detail in trial.told("central-task-failed")]
    equal(failed, ["beyond"], "objects of which the device is told that they did not pass")


@clause("KEA-CEN-004", "KEA-CEN-034", needs=[ADMINISTRATION])
def check_the_group_of_connection_settings(server: ServerUnderTest) -> None:
    """The switch of integration, time-out, interval and both TTL settings are in one group with a policy switch."""
    (group,) = (group for group in describe() if group.key == GROUP)
    equal(group.title, "Connection settings", "title of the group")
    equal(group.section, "Telemetry collection servers / Integration with KATA", "section of the group")
    fields = {setting.key: setting.kind for setting in group.settings}
    wanted = {
        "enabled": "boolean",
        "response-timeout": "duration",
        "sync-interval": "duration",
        "use-ttl": "boolean",
        "ttl-period": "duration",
    }
    for key, kind in wanted.items():
        equal(fields.get(key), kind, f"kind of the setting {key}")


@clause("KEA-CEN-005", "KEA-CEN-006")
def check_integration_on_connects_and_off_does_not(agent: AgentUnderTest) -> None:
    """The Central Node sees the agent while integration is on, and nothing from when it is switched off."""
    off = {"at": "16min", "do": "change-policy", "policy": "check", "settings": {GROUP: {"enabled": False}}}
    ticking = {**emit("threat-detection", 1, "1min"), "every": "1min", "until": "59min"}
    trial = agent.attempt(duration="60min", steps=[ticking, off], settings=integration())
    moments = [one.at_ms // MINUTE_MS for kind in (SEND, SYNCHRONISE) for one in trial.asked(kind)]
    at_least(sum(minute < 16 for minute in moments), 10, "requests while integration is on")
    equal([minute for minute in moments if minute > 31], [], "minutes of requests once the device heard that it is off")


@clause("KEA-CEN-007", needs=[ADMINISTRATION])
def check_the_list_takes_addresses_and_names_with_a_port(server: ServerUnderTest) -> None:
    """Lists of one and of several servers are stored in their order, by IP address or full domain name and port."""
    for given in (
        [{"host": "192.0.2.7", "port": 8_443}],
        [{"host": "kata-1.example.com", "port": 443}, {"host": "192.0.2.8", "port": 9_443}],
    ):
        stored = parse_policy_settings({GROUP: {"servers": given}}).values.kata_integration.servers
        seen = [(address.host, address.port) for address in stored]
        equal(seen, [(entry["host"], entry["port"]) for entry in given], "servers of the list, in order")


@clause("KEA-CEN-035", needs=[ADMINISTRATION])
def check_a_server_without_a_port_is_refused(server: ServerUnderTest) -> None:
    """An entry with an address only is refused for its port, and one with a port is taken."""
    error = read_refusal({"servers": [{"host": "kata-1.example.com"}]})
    refused(error, "a server without a port", names="servers", because="port")
    equal(read_refusal({"servers": [{"host": "kata-1.example.com", "port": 443}]}), None, "refusal of one with a port")


@clause("KEA-CEN-008", "KEA-CEN-010")
def check_only_the_first_server_is_asked_while_it_answers(agent: AgentUnderTest) -> None:
    """All servers up: the first has every request, the others none."""
    ticking = {**emit("threat-detection", 1, "1min"), "every": "1min", "until": "29min"}
    trial = agent.attempt(duration="30min", devices=3, steps=[ticking], settings=UNTHROTTLED, nodes=NODES)
    at_least(asked_by_kind(trial, NODES[0]), 60, f"requests of three devices at {NODES[0]}")
    equal(trial.count("threat-detection"), 87, "events of the three devices at the Central Node")
    seen = {node: asked_by_kind(trial, node) for node in NODES[1:]}
    equal(seen, dict.fromkeys(NODES[1:], 0), "requests at the others")


@clause("KEA-CEN-009")
def check_the_list_is_tried_in_its_order(agent: AgentUnderTest) -> None:
    """With the first k servers down each is tried, in order, and the next one serves; the rest is left alone."""
    for count in (1, 2, 3):
        steps = [*(down(node) for node in NODES[:count]), emit("threat-detection", 5, "12min")]
        trial = agent.attempt(duration="20min", steps=steps, settings=UNTHROTTLED, nodes=NODES)
        requests = [*trial.asked(SEND), *trial.asked(SYNCHRONISE)]
        order = list(dict.fromkeys(one.server for one in sorted(requests, key=lambda one: one.at_ms)))
        equal(order, list(NODES[: count + 1]), f"servers in the order in which they are tried, {count} being down")
        serving = {one.server for one in requests if one.outcome in ANSWERED}
        equal(serving, {NODES[count]}, f"servers that serve, {count} being down")
        equal(trial.count("threat-detection"), 5, f"events that arrive, {count} servers being down")


@clause("KEA-CEN-009", "KEA-CEN-010")
def check_a_server_that_fails_in_mid_session_is_followed_by_the_next(agent: AgentUnderTest) -> None:
    """The server in use fails: the next of the list takes over, nothing is lost, and no third one is asked."""
    ticking = {**emit("threat-detection", 1, "1min"), "every": "1min", "until": "28min"}
    steps = [ticking, down(NODES[0], "10min")]
    trial = agent.attempt(duration="30min", steps=steps, settings=UNTHROTTLED, nodes=NODES)
    late = {one.server for one in trial.asked(SEND) if one.at_ms > 16 * MINUTE_MS and one.outcome in ANSWERED}
    equal(late, {NODES[1]}, "servers in use after the first one has failed")
    equal(asked_by_kind(trial, NODES[2]), 0, f"requests at {NODES[2]}")
    equal(trial.count("threat-detection"), 28, "events that arrive")


@clause("KEA-CEN-011")
def check_the_general_proxy_is_not_used_by_default(agent: AgentUnderTest) -> None:
    """In fresh settings the connection to KATA does not use the general proxy."""
    equal(
        AgentSettings().kata_integration.connect_using_general_proxy, False, "use of the general proxy, fresh settings"
    )


PROXY: Final = "proxy.seatrial.example:8080"
BY_PROXY: Final = f"{ADDRESS['host']}:{ADDRESS['port']} via {PROXY}"
"""How the first server is asked for through the proxy server."""


def with_proxy(agent: AgentUnderTest, *steps: dict[str, Any], used: bool) -> Trial:
    """A device with general proxy settings, which its connection to the Central Node uses or not."""
    host, port = PROXY.split(":")
    settings = {
        **integration(connect_using_general_proxy=used),
        "proxy": {"mode": "specified", "host": host, "port": int(port)},
    }
    services = {"proxy": {"address": PROXY}}
    every = [emit("threat-detection", 5, "7min"), *steps]
    return agent.attempt(duration="20min", steps=every, settings=settings, services=services)


@clause("KEA-CEN-012")
def check_without_the_option_the_general_proxy_is_ignored(agent: AgentUnderTest) -> None:
    """Every request goes to the server directly and none to the proxy; a proxy that is down changes nothing."""
    for steps in ((), (down("proxy"),)):
        trial = with_proxy(agent, *steps, used=False)
        at_least(len(trial.requests), 3, "requests")
        equal({one.server for one in trial.requests}, {"telemetry"}, "where requests go")
        equal(trial.count("threat-detection"), 5, "events that arrive")


@clause("KEA-CEN-013")
def check_with_the_option_the_general_proxy_is_used(agent: AgentUnderTest) -> None:
    """Every request for the server goes to the proxy and through it; with the proxy down none arrives."""
    for steps, events in (((), 5), ((down("proxy"),), 0)):
        trial = with_proxy(agent, *steps, used=True)
        at_least(len(trial.requests), 3, "requests")
        equal({one.server for one in trial.requests}, {BY_PROXY}, "where requests go")
        equal(
            trial.count("threat-detection"), events, f"events that arrive, the proxy being {'down' if steps else 'up'}"
        )


@clause("KEA-CEN-014")
def check_integration_needs_its_group_under_policy(agent: AgentUnderTest) -> None:
    """Enabled in a policy whose group is unaffected there is no connection; under policy there is."""
    for switch, wanted in (("unaffected-by-policy", False), ("under-policy", True)):
        settings = {GROUP: {**integration()[GROUP], "switch": switch}}
        trial = agent.attempt(duration="20min", settings=settings, central_node=False)
        count = len(trial.asked(SYNCHRONISE))
        holds((count > 0) == wanted, f"requests with the group {switch}: {'some' if wanted else 0}", count)


# --- time-out ---------------------------------------------------------------------------------------------------------


def _slow(agent: AgentUnderTest, latency_s: int, settings: Settings) -> str:
    """What every synchronisation with a server of this latency comes to."""
    slow = {"at": "0s", "fault": {"server": "telemetry", "kind": "slow-answer", "latency": f"{latency_s}s"}}
    trial = agent.attempt(duration="20min", steps=[slow], settings=settings)
    at_least(len(trial.asked(SYNCHRONISE)), 2, "synchronisations")
    return " and ".join(sorted({one.outcome.name for one in trial.asked(SYNCHRONISE)}))


@clause("KEA-CEN-027")
def check_a_response_is_waited_for_10_s_by_default(agent: AgentUnderTest) -> None:
    """A server that answers after 9 s is heard, one that takes 11 s has been given up."""
    equal(AgentSettings().kata_integration.response_timeout_s, 10, "seconds in fresh settings")
    equal(_slow(agent, 9, UNTHROTTLED), "OK", "what requests to a server that takes 9 s come to")
    equal(_slow(agent, 11, UNTHROTTLED), "TIMED_OUT", "what requests to a server that takes 11 s come to")


@clause("KEA-CEN-028")
def check_the_time_out_is_the_one_set(agent: AgentUnderTest) -> None:
    """Set to 3 s: 2 s are heard, 5 s are given up; set to 30 s: 20 s are heard."""
    for timeout_s, latency_s, wanted in ((3, 2, "OK"), (3, 5, "TIMED_OUT"), (30, 20, "OK")):
        seen = _slow(agent, latency_s, integration(response_timeout=f"{timeout_s} s"))
        equal(seen, wanted, f"what requests come to, time-out {timeout_s} s, answers after {latency_s} s")


# --- synchronisation --------------------------------------------------------------------------------------------------


@clause("KEA-CEN-029")
def check_synchronisation_is_every_5_minutes_by_default(agent: AgentUnderTest) -> None:
    """Consecutive synchronisation requests are 300 s apart."""
    equal(KataIntegration().sync_interval_min, 5, "minutes in fresh settings")
    seen = gaps(agent.attempt(duration="41min").asked(SYNCHRONISE))
    at_least(len(seen), 6, "intervals between synchronisations")
    equal(set(seen), {5 * MINUTE_MS}, "milliseconds between two synchronisations")


@clause("KEA-CEN-030", needs=[ADMINISTRATION])
def check_the_interval_is_from_1_to_60_minutes(server: ServerUnderTest) -> None:
    """1 and 60 are accepted; 0 and 61 are refused, for the range of this setting."""
    for minutes in (1, 60):
        stored = parse_policy_settings({GROUP: {"sync-interval": f"{minutes} min"}})
        equal(stored.values.kata_integration.sync_interval_min, minutes, "minutes that are stored")
    for minutes in (0, 61):
        error = read_refusal({"sync-interval": f"{minutes} min"})
        refused(error, f"an interval of {minutes} minutes", names="sync-interval", because="60")


@clause("KEA-CEN-031", needs=[INDICATORS])
def check_a_task_of_the_central_node_arrives_within_an_interval(agent: AgentUnderTest) -> None:
    """A task published at the Central Node is carried out no later than one interval after, and not before."""
    steps = [
        {"at": "1min", "do": "place-file", "target": "all", "file": PLANTED},
        {"at": "12min", "do": "sweep", "target": "all", "indicators": "iocs"},
    ]
    trial = agent.attempt(duration="30min", devices=2, steps=steps, files={"iocs/good.ioc": document(GOOD)})
    moments = [at_ms for at_ms, _, _ in trial.told("sweep-finished")]
    equal(len(moments), 2, "devices that carried the task out")
    at_least(min(moments), 12 * MINUTE_MS, "milliseconds after the start at which the first did")
    at_most(max(moments), 17 * MINUTE_MS + 1_000, "milliseconds after the start at which the last did")


@clause("KEA-CEN-032")
def check_the_interval_is_the_one_set(agent: AgentUnderTest) -> None:
    """Set to 1 and to 60 minutes: requests are 60 s and 3600 s apart."""
    for minutes, duration in ((1, "20min"), (60, "185min")):
        trial = agent.attempt(duration=duration, settings=integration(sync_interval=f"{minutes} min"))
        seen = gaps(trial.asked(SYNCHRONISE))
        at_least(len(seen), 2, "intervals between synchronisations")
        equal(set(seen), {minutes * MINUTE_MS}, f"milliseconds between two, with an interval of {minutes} min")


@clause("KEA-CEN-033")
def check_transmission_and_synchronisation_do_not_touch_each_other(agent: AgentUnderTest) -> None:
    """Changing the period leaves synchronisation as it is, changing the interval leaves transmission as it is."""
    ticking = {**emit("threat-detection", 1, "5s"), "every": "10s", "until": "20min"}
    for period_s, minutes in ((30, 5), (60, 5), (30, 2)):
        settings = {
            **integration(sync_interval=f"{minutes} min"),
            "data-submission": {"events-transmission-period": f"{period_s} s"},
        }
        trial = agent.attempt(duration="20min", steps=[ticking], settings=settings)
        seen = set(gaps(trial.asked(SEND))), set(gaps(trial.asked(SYNCHRONISE)))
        wanted = {period_s * 1_000}, {minutes * MINUTE_MS}
        equal(seen, wanted, f"milliseconds between packages and between synchronisations ({period_s} s, {minutes} min)")


@clause("KEA-CEN-014", "KEA-CEN-004", needs=[ADMINISTRATION])
def check_a_fresh_policy_does_not_take_over_the_integration(server: ServerUnderTest) -> None:
    """The group of the integration is not among those that a fresh policy has under policy."""
    contains(PolicySettings().values.kata_integration.__slots__, "enabled", "the boolean of integration in the model")
    holds(GROUP not in PolicySettings().under_policy, f"{GROUP} is unaffected by a fresh policy", "under policy")


OPERATOR_ONLY: Final = {
    "KEA-CEN-001": "Whoever puts a proxy before a KATA server sets its limit on bodies to the largest object that "
    "Endpoint Agent sends.",
    "KEA-CEN-025": "Whoever sets up the trust configures the server's side too; what is set for Endpoint Agent changes "
    "no server.",
}
