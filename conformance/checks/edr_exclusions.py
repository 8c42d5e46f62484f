"""EDR telemetry: excluded processes, optimisation of volume, excluded network communications (KEA-EDX)."""

from typing import Any, Final

from lxml import etree

from conformance.agents import TELEMETRY, AgentUnderTest, Settings
from conformance.checks.telemetry import emit
from conformance.judging import at_least, contains, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import MINUTE_MS, Trial
from emulator.policy.effective import EditRefused, LocalSettings, edit_local, effective
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import AgentSettings, Group, GroupDescription, Switch, describe
from emulator.ports import Target

NEEDS: Final = (TELEMETRY,)
BOTH: Final = (Target.CENTRAL_NODE, Target.KICS)

FOLDER: Final = "C:\\ProgramData\\Synthetic"
EMITTER: Final = f"{FOLDER}\\emitter.exe"
UNTHROTTLED: Final[Settings] = {"request-throttling": {"enabled": False}}
WEB: Final = 443
DNS: Final = 53
SMB: Final[dict[str, Any]] = {"port": 445}
WINRM: Final[dict[str, Any]] = {"port": 5985}
NETWORK_AGENT: Final[dict[str, Any]] = {"process": "\\klnagent.exe"}
CODES: Final = (102, 8)
PROCESSES, NETWORK = "excluded-processes", "excluded-network-communications"


def processes(*rules: dict[str, Any], **switches: bool) -> Settings:
    """The group of process exclusions with these rules; `use` and `optimise` are its two settings."""
    values: dict[str, Any] = {
        "use-exclusions": switches.get("use", True),
        "optimise-telemetry": switches.get("optimise", True),
        "rules": list(rules),
    }
    return {PROCESSES: values}


def communications(*rules: dict[str, Any], use: bool = True) -> Settings:
    """The group of network exclusions with these rules."""
    return {NETWORK: {"use-exclusions": use, "rules": list(rules)}}


TOOL: Final = {"name": "tool", "path": f"{FOLDER}\\tool.exe"}
MADE: Final = {"name": "emitter", "path": EMITTER}
TO_WEB: Final = {"name": "web", "direction": "outbound", "protocol": "tcp", "remote-ports": [WEB]}


def start(process: str, at: str = "5min") -> dict[str, Any]:
    """A step that starts a synthetic process on all devices."""
    return {"at": at, "do": "start-process", "target": "all", "process": f"synthetic/{process}"}


def starts(trial: Trial, process: str, target: Target) -> int:
    """The starts of a process that servers of a target hold."""
    return trial.count("process-start", target=target, process=f"\\{process}.exe")


# --- process exclusions -----------------------------------------------------------------------------------------------


@clause("KEA-EDX-001", "KEA-EDX-006", "KEA-EDX-008")
def check_an_excluded_process_is_told_to_neither_server(agent: AgentUnderTest) -> None:
    """Nothing about an excluded process arrives at either server; a control process in the same run is reported."""
    trial = agent.attempt(
        duration="15min",
        steps=[start("tool"), start("control")],
        settings={**UNTHROTTLED, **processes(TOOL)},
        kics=True,
    )
    for target in BOTH:
        equal(starts(trial, "control", target), 1, f"starts of the control process at {target}")
        equal(starts(trial, "tool", target), 0, f"starts of the excluded process at {target}")


@clause("KEA-EDX-005")
def check_exclusions_need_an_integration(agent: AgentUnderTest) -> None:
    """With either integration the rule withholds; with neither it has no effect that could be seen."""
    steps = [start("tool"), start("control")]
    for central_node, kics in ((True, False), (False, True)):
        target = Target.KICS if kics else Target.CENTRAL_NODE
        settings = {**UNTHROTTLED, **processes(TOOL)}
        trial = agent.attempt(duration="15min", steps=steps, settings=settings, central_node=central_node, kics=kics)
        seen = [starts(trial, name, target) for name in ("tool", "control")]
        equal(seen, [0, 1], f"starts of the excluded and of the control process at {target}, the only integration")
    settings = {**UNTHROTTLED, **processes(TOOL)}
    nobody = agent.attempt(duration="15min", steps=steps, settings=settings, central_node=False)
    equal(sum(nobody.booked("excluded", target=target) for target in BOTH), 0, "events excluded without integration")
    equal(len(nobody.requests), 0, "requests without integration")


@clause("KEA-EDX-007")
def check_an_excluded_process_is_not_analysed(agent: AgentUnderTest) -> None:
    """Events of an excluded process use up nothing of the hourly maximum, and the agent's own books show no work."""
    throttling = {"request-throttling": {"max-events-per-hour": 400, "percentage-of-event-limit-excess": 100}}
    steps = [emit("file-change", 1_000), {**start("control", "12min"), "count": 1}]
    alone = agent.attempt(duration="20min", steps=steps, settings={**throttling, **processes(MADE)})
    equal(alone.count("file-change"), 0, "events of the excluded process at the Central Node")
    equal(starts(alone, "control", Target.CENTRAL_NODE), 1, "starts of a control process at the Central Node")
    equal(alone.booked("throttled"), 0, "events of the excluded process that request throttling had to judge")
    equal(alone.booked("excluded"), 1_000, "events of the excluded process in the agent's own books")
    without = agent.attempt(duration="20min", steps=steps, settings={**throttling, **processes()})
    at_least(without.booked("throttled"), 400, "the same events without the rule: withheld by request throttling")


@clause("KEA-EDX-009")
def check_process_rules_hold_only_while_use_exclusions_is_on(agent: AgentUnderTest) -> None:
    """The rule is there: with `Use exclusions` off the process is reported, with it on it is not."""
    for use, wanted in ((False, 1), (True, 0)):
        settings = {**UNTHROTTLED, **processes(TOOL, use=use)}
        trial = agent.attempt(duration="15min", steps=[start("tool"), start("control")], settings=settings)
        seen = starts(trial, "tool", Target.CENTRAL_NODE)
        equal(seen, wanted, f"starts of the process with `Use exclusions` {'on' if use else 'off'}")
        equal(starts(trial, "control", Target.CENTRAL_NODE), 1, "starts of the control process")


@clause("KEA-EDX-027")
def check_the_agent_follows_a_rule_that_is_changed_and_deleted(agent: AgentUnderTest) -> None:
    """A rule for one process is changed to another, then deleted; what is reported follows."""
    other = {"name": "tool", "path": f"{FOLDER}\\other.exe"}
    seen = _followed(agent, PROCESSES, processes(TOOL), processes(other)[PROCESSES], [start("tool"), start("other")])
    equal(_minutes(seen, "process-start", "\\tool.exe"), [50, 80], "minutes of `tool`, excluded at first")
    equal(_minutes(seen, "process-start", "\\other.exe"), [20, 80], "minutes of `other`, excluded after the change")


def _followed(
    agent: AgentUnderTest, group: str, first: Settings, second: Any, steps: list[dict[str, Any]], **more: Any
) -> Trial:
    """Steps at 20, 50 and 80 minutes, under `first`, then `second`, then no rules; each is heard within 15 minutes."""
    times = ("20min", "50min", "80min")
    changes = [
        {"at": "25min", "do": "change-policy", "policy": "check", "settings": {group: second}},
        {"at": "55min", "do": "change-policy", "policy": "check", "settings": {group: {"rules": []}}},
    ]
    repeated = [{**step, "at": at} for step in steps for at in times]
    return agent.attempt(duration="90min", steps=[*repeated, *changes], settings={**UNTHROTTLED, **first}, **more)


def _minutes(trial: Trial, kind: str, process: str, target: Target = Target.CENTRAL_NODE) -> list[int]:
    found = trial.arrived(kind, target=target, process=process)
    return sorted({one.event.at_ms // MINUTE_MS for one in found})


# --- optimisation of volume -------------------------------------------------------------------------------------------


def kics_stream(agent: AgentUnderTest, *, use: bool, optimise: bool, image: str = "windows-office") -> Trial:
    """Half an hour of eight devices that report to KICS for Networks alone."""
    settings = {**UNTHROTTLED, **processes(use=use, optimise=optimise)}
    return agent.attempt(duration="30min", devices=8, image=image, settings=settings, kics=True, central_node=False)


def _optimised(agent: AgentUnderTest, code: int, subject: dict[str, Any], name: str) -> None:
    """Events of a code about a subject: none with optimisation on, some with it off."""
    on = kics_stream(agent, use=True, optimise=True)
    equal(on.count(target=Target.KICS, code=code, **subject), 0, f"events {code} about {name}, optimisation on")
    at_least(on.count(target=Target.KICS), 100, "events about other things, optimisation on")
    off = kics_stream(agent, use=True, optimise=False)
    at_least(off.count(target=Target.KICS, code=code, **subject), 1, f"events {code} about {name}, optimisation off")


@clause("KEA-EDX-011", random=True)
def check_optimisation_withholds_102_about_smb(agent: AgentUnderTest) -> None:
    """With optimisation on no event 102 about Microsoft SMB arrives at KICS for Networks; with it off they do."""
    _optimised(agent, 102, SMB, "SMB")


@clause("KEA-EDX-012", random=True)
def check_optimisation_withholds_8_about_smb(agent: AgentUnderTest) -> None:
    """With optimisation on no event 8 about Microsoft SMB arrives at KICS for Networks; with it off they do."""
    _optimised(agent, 8, SMB, "SMB")


@clause("KEA-EDX-013", random=True)
def check_optimisation_withholds_102_of_network_agent(agent: AgentUnderTest) -> None:
    """With optimisation on no event 102 of klnagent.exe arrives at KICS for Networks; with it off they do."""
    _optimised(agent, 102, NETWORK_AGENT, "klnagent.exe")


@clause("KEA-EDX-014", random=True)
def check_optimisation_withholds_8_of_network_agent(agent: AgentUnderTest) -> None:
    """With optimisation on no event 8 of klnagent.exe arrives at KICS for Networks; with it off they do."""
    _optimised(agent, 8, NETWORK_AGENT, "klnagent.exe")


@clause("KEA-EDX-016", "KEA-EDX-017", "KEA-EDX-018", random=True)
def check_with_optimisation_off_all_three_are_sent(agent: AgentUnderTest) -> None:
    """With optimisation off and exclusions in use, events 102 and 8 arrive for SMB, WinRM and klnagent.exe."""
    trial = kics_stream(agent, use=True, optimise=False, image="windows-jump-host")
    for name, subject in (("SMB", SMB), ("WinRM", WINRM), ("klnagent.exe", NETWORK_AGENT)):
        for code in CODES:
            seen = trial.count(target=Target.KICS, code=code, **subject)
            at_least(seen, 1, f"events {code} about {name} with optimisation off")


@clause("KEA-EDX-015", random=True)
def check_the_stream_to_kics_is_the_one_that_is_thinned(agent: AgentUnderTest) -> None:
    """With both integrations, what optimisation names is missing at KICS for Networks, and there without it."""
    for optimise in (True, False):
        settings = {**UNTHROTTLED, **processes(optimise=optimise)}
        trial = agent.attempt(duration="30min", devices=3, image="windows-office", settings=settings, kics=True)
        seen = trial.count(target=Target.KICS, code=102, **SMB)
        holds((seen == 0) == optimise, f"events 102 about SMB at KICS for Networks, optimisation {optimise}", seen)
        at_least(trial.count(target=Target.CENTRAL_NODE), 100, "events at the Central Node in the same run")


@clause("KEA-EDX-002", "KEA-EDX-010", random=True)
def check_optimisation_is_turned_off_on_and_off_again(agent: AgentUnderTest) -> None:
    """Off, on, off: the events that it names arrive at KICS for Networks, stop, and arrive again."""

    def switch(at: str, on: bool) -> dict[str, Any]:
        settings = {PROCESSES: {"optimise-telemetry": on}}
        return {"at": at, "do": "change-policy", "policy": "check", "settings": settings}

    settings = {**UNTHROTTLED, **processes(optimise=False)}
    steps = [switch("20min", True), switch("50min", False)]
    trial = agent.attempt(
        duration="90min",
        devices=2,
        image="windows-office",
        steps=steps,
        settings=settings,
        kics=True,
        central_node=False,
    )
    seen = [one.event.at_ms // MINUTE_MS for one in trial.arrived(target=Target.KICS, **SMB) if one.event.code in CODES]
    for first, last, wanted in ((0, 19, True), (36, 49, False), (66, 89, True)):
        there = sum(first <= minute <= last for minute in seen)
        holds((there > 0) == wanted, f"events about SMB in minutes {first} to {last}: {'some' if wanted else 0}", there)


@clause("KEA-EDX-019", random=True)
def check_optimisation_touches_nothing_else(agent: AgentUnderTest) -> None:
    """With optimisation on, other events of klnagent.exe, and events 102 and 8 of others about others, arrive."""
    on, off = (kics_stream(agent, use=True, optimise=optimise) for optimise in (True, False))
    at_least(on.count("registry-change", target=Target.KICS, **NETWORK_AGENT), 1, "registry changes of klnagent.exe")

    def others(trial: Trial) -> int:
        named = {id(one) for subject in (SMB, NETWORK_AGENT) for code in CODES for one in _of(trial, code, subject)}
        return sum(id(one) not in named for one in trial.arrived(target=Target.KICS))

    for code in CODES:
        at_least(on.count(target=Target.KICS, code=code, port=DNS), 1, f"events {code} about DNS, optimisation on")
    equal(others(on), others(off), "events that optimisation does not name, as many as without it")
    at_least(off.count(target=Target.KICS) - on.count(target=Target.KICS), 1, "events that it does withhold")


def _of(trial: Trial, code: int, subject: dict[str, Any]) -> tuple[object, ...]:
    return trial.arrived(target=Target.KICS, code=code, **subject)


@clause("KEA-EDX-020", random=True)
def check_without_use_exclusions_they_are_withheld_whatever_optimisation_says(agent: AgentUnderTest) -> None:
    """`Use exclusions` off: no such events, whatever optimisation says; on, with optimisation off: they come."""
    for use, optimise, wanted in ((False, False, False), (False, True, False), (True, False, True)):
        trial = kics_stream(agent, use=use, optimise=optimise)
        for name, subject in (("SMB", SMB), ("klnagent.exe", NETWORK_AGENT)):
            for code in CODES:
                seen = trial.count(target=Target.KICS, code=code, **subject)
                told = f"events {code} about {name}, use {use}, optimise {optimise}: {'some' if wanted else 0}"
                holds((seen > 0) == wanted, told, seen)
        at_least(trial.count(target=Target.KICS), 100, "events about other things")


# --- network exclusions -----------------------------------------------------------------------------------------------


def _connections(agent: AgentUnderTest, settings: Settings) -> Trial:
    return agent.attempt(
        duration="20min",
        devices=4,
        image="windows-office",
        steps=[emit("network-activity", 5), emit("basic-communications", 5)],
        settings={**UNTHROTTLED, **processes(optimise=False), **settings},
        kics=True,
    )


@clause("KEA-EDX-003", "KEA-EDX-031", "KEA-EDX-032", "KEA-EDX-033", random=True)
def check_an_excluded_communication_is_told_to_neither_server(agent: AgentUnderTest) -> None:
    """With KICS integrated, what matches a network exclusion arrives at neither server, and other connections do."""
    trial = _connections(agent, communications(TO_WEB))
    for target in BOTH:
        equal(trial.count(target=target, port=WEB, process=EMITTER), 0, f"matching events at {target}")
        at_least(trial.count(target=target, port=DNS), 1, f"events about other connections at {target}")
    without = _connections(agent, communications())
    for target in BOTH:
        equal(without.count(target=target, port=WEB, process=EMITTER), 40, f"the same events at {target}, no rule")


@clause("KEA-EDX-034", random=True)
def check_network_rules_hold_only_while_their_use_exclusions_is_on(agent: AgentUnderTest) -> None:
    """The rule is there: with its own `Use exclusions` off the connection is reported, with it on it is not."""
    for use, wanted in ((False, 40), (True, 0)):
        trial = _connections(agent, communications(TO_WEB, use=use))
        seen = trial.count(target=Target.KICS, port=WEB, process=EMITTER)
        equal(seen, wanted, f"events about the connection with `Use exclusions` {'on' if use else 'off'}")


@clause("KEA-EDX-036")
def check_the_agent_follows_a_network_rule_that_is_changed_and_deleted(agent: AgentUnderTest) -> None:
    """A rule that matches is changed to one that does not, then all are deleted; what is reported follows."""
    other = {**TO_WEB, "remote-ports": [8_443]}
    steps = [emit("network-activity", 1)]
    changed = _followed(agent, NETWORK, communications(TO_WEB), communications(other)[NETWORK], steps, kics=True)
    equal(_minutes(changed, "network-activity", EMITTER, Target.KICS), [50, 80], "minutes of the connection")
    added = _followed(agent, NETWORK, communications(other), communications(TO_WEB)[NETWORK], steps, kics=True)
    equal(_minutes(added, "network-activity", EMITTER, Target.KICS), [20, 80], "minutes, the rule being added at 25")


@clause("KEA-EDX-039")
def check_the_two_kinds_of_exclusions_are_independent(agent: AgentUnderTest) -> None:
    """Turning one of them off leaves the other in force."""
    steps = [start("tool"), emit("network-activity", 1)]
    for use_processes, use_network in ((True, False), (False, True), (True, True), (False, False)):
        settings = {
            **UNTHROTTLED,
            **processes(TOOL, use=use_processes, optimise=False),
            **communications(TO_WEB, use=use_network),
        }
        trial = agent.attempt(duration="15min", steps=steps, settings=settings, kics=True)
        seen = starts(trial, "tool", Target.CENTRAL_NODE), trial.count("network-activity", target=Target.CENTRAL_NODE)
        wanted = int(not use_processes), int(not use_network)
        told = f"process starts and connections that arrive, processes {use_processes}, network {use_network}"
        equal(seen, wanted, told)


# --- the model of policies and devices --------------------------------------------------------------------------------


def _group(key: str) -> GroupDescription:
    return next(group for group in describe() if group.key == key)


def _stored(settings: Settings) -> PolicySettings:
    return parse_policy_settings({key: dict(values) for key, values in settings.items()})


def _both_places(server: ServerUnderTest, key: str, settings: Settings) -> None:
    """Settings of a group are taken from the policy, and from the device where no policy locks them."""
    values: Group = _stored(settings).values.group(key)
    policy = Policy("check", "Managed devices", PolicyStatus.ACTIVE, _stored(settings))
    administration = server.administration(policy)
    followed = effective(administration.governing("Managed devices", 0), LocalSettings()).settings
    equal(followed.group(key), values, f"{key} on a device, set in the policy of its group")
    edited = edit_local(LocalSettings(), None, values)
    holds(not isinstance(edited, EditRefused), "an edit in the properties of a device without policy is taken", edited)
    assert isinstance(edited, LocalSettings)
    equal(effective(None, edited).settings.group(key), values, f"{key} on a device, set in its properties")


@clause("KEA-EDX-004", needs=[ADMINISTRATION])
def check_process_exclusions_are_set_for_a_device_or_in_a_policy(server: ServerUnderTest) -> None:
    """Both places accept rules and optimisation, and the device's effective settings have them."""
    _both_places(server, PROCESSES, processes(TOOL, optimise=False))


@clause("KEA-EDX-030", needs=[ADMINISTRATION])
def check_network_exclusions_are_set_for_a_device_or_in_a_policy(server: ServerUnderTest) -> None:
    """Both places accept rules, and the device's effective settings have them."""
    _both_places(server, NETWORK, communications(TO_WEB))


@clause("KEA-EDX-022", "KEA-EDX-024", needs=[ADMINISTRATION])
def check_rules_are_a_list_and_each_keeps_its_properties(server: ServerUnderTest) -> None:
    """A rule that is added and saved appears in the list; each keeps what it was given."""
    group = "Managed devices"
    administration = server.administration(Policy("check", group, PolicyStatus.ACTIVE, _stored(processes(TOOL))))
    second = {"name": "shell", "path": "C:\\Windows\\*.exe", "command-line": "-k *"}
    saved = parse_policy_settings({PROCESSES: {"rules": [TOOL, second]}}, administration.policy("check").settings)
    before = [rule.name for rule in administration.policy("check").settings.values.excluded_processes.rules]
    equal(before, ["tool"], "rules of the policy before it is saved")
    administration.save("check", settings=saved, at_ms=1_000)
    rules = administration.policy("check").settings.values.excluded_processes.rules
    seen = {rule.name: (rule.path, rule.command_line) for rule in rules}
    wanted = {"tool": (TOOL["path"], None), "shell": (second["path"], second["command-line"])}
    equal(seen, wanted, "rules of the policy with their path and command line")


@clause("KEA-EDX-023", needs=[ADMINISTRATION])
def check_which_fields_a_process_rule_has(server: ServerUnderTest) -> str:
    """The list of fields was lost: those of the rule's model are told."""
    rules = next(setting for setting in _group(PROCESSES).settings if setting.key == "rules")
    at_least(len(rules.items), 2, "fields of a rule")
    return f"a process rule has {', '.join(item.key for item in rules.items)}"


@clause("KEA-EDX-035", needs=[ADMINISTRATION])
def check_which_fields_a_network_rule_has(server: ServerUnderTest) -> str:
    """The list of fields is not known: those of the rule's model are told."""
    rules = next(setting for setting in _group(NETWORK).settings if setting.key == "rules")
    at_least(len(rules.items), 2, "fields of a rule")
    return f"a network rule has {', '.join(item.key for item in rules.items)}"


@clause("KEA-EDX-025", "KEA-EDX-026", needs=[ADMINISTRATION])
def check_the_list_is_exported_to_xml_and_imported_again(server: ServerUnderTest) -> None:
    """The export is well-formed and has every rule; imported into an empty list it gives the same rules."""
    group, root = "Managed devices/One", "Managed devices"
    second = {"name": "shell", "path": "C:\\a & b\\*.exe", "event-types": ["process-start"]}
    full = Policy("full", root, PolicyStatus.ACTIVE, _stored(processes(TOOL, second)))
    empty = Policy("empty", group, PolicyStatus.ACTIVE, PolicySettings())
    administration = server.administration(full, empty, groups=(root, group))
    exported = administration.export_exclusions("full")
    try:
        text = " ".join("".join(map(str, etree.fromstring(exported).itertext())).split())
    except etree.XMLSyntaxError as error:
        text = f"not well-formed: {error}"
    for rule in (TOOL, second):
        holds(str(rule["path"]) in text, f"the exported file holds the rule {rule['name']}", text)
    administration.import_exclusions("empty", exported, at_ms=1_000)
    rules = {name: administration.policy(name).settings.values.excluded_processes.rules for name in ("full", "empty")}
    equal(rules["empty"], rules["full"], "rules after the round trip")
    equal(len(rules["empty"]), 2, "rules after the round trip, in number")


@clause("KEA-EDX-028", "KEA-EDX-038", needs=[ADMINISTRATION])
def check_the_switches_of_both_groups_are_on_by_default(server: ServerUnderTest) -> None:
    """In a fresh policy the groups of process and of network exclusions stand at Under policy."""
    for key in (PROCESSES, NETWORK):
        equal(PolicySettings().switch(key), Switch.UNDER_POLICY, f"the switch of {key} in a fresh policy")


@clause("KEA-EDX-029")
def check_what_optimisation_is_at_first(agent: AgentUnderTest) -> str:
    """The initial value is not stated: the one of fresh settings is told."""
    value = AgentSettings().excluded_processes.optimise_telemetry
    return f"`Optimize the amount of telemetry` is {'on' if value else 'off'} in fresh settings"


@clause("KEA-EDX-037", needs=[ADMINISTRATION])
def check_whether_network_exclusions_are_exported(server: ServerUnderTest) -> str:
    """No export or import is listed for them, which is told by silence alone: what there is, is told."""
    administration = server.administration()
    names = [name for name in dir(administration) if "port" in name and ("network" in name or "communication" in name)]
    return f"export and import of network exclusions: {', '.join(names) or 'none'}"


@clause("KEA-EDX-040", needs=[ADMINISTRATION])
def check_both_kinds_have_their_section_under_edr_telemetry(server: ServerUnderTest) -> None:
    """Each has its section with a group Exclusions; optimisation is in that of processes only."""
    sections = {key: (_group(key).section, _group(key).title) for key in (PROCESSES, NETWORK)}
    equal(sections[PROCESSES], ("EDR telemetry / Excluded processes", "Exclusions"), "section and group of processes")
    wanted = ("EDR telemetry / Excluded network communications", "Exclusions")
    equal(sections[NETWORK], wanted, "section and group of network communications")
    keys = {key: [setting.key for setting in _group(key).settings] for key in (PROCESSES, NETWORK)}
    contains(keys[PROCESSES], "optimise-telemetry", "optimisation is among the settings of processes")
    equal(keys[NETWORK].count("optimise-telemetry"), 0, "optimisation among the settings of network exclusions")


OPERATOR_ONLY: Final = {
    "KEA-EDX-021": "With KATA Central Node integrated, the operator leaves `Optimize the amount of telemetry` on; "
    "what Endpoint Agent does otherwise is not said.",
}
