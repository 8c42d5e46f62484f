"""Quarantine at the Administration Server: the common list, managing objects, what devices send (KEA-QUA)."""

from collections.abc import Mapping
from typing import Any, Final

from conformance.agents import GROUP, INDICATORS, QUARANTINE, UNDER_POLICY, AgentUnderTest, Settings
from conformance.checks.quarantine import (
    ADD,
    FILE,
    FIRST,
    FOLDER_SETTING,
    MD5,
    OWNER,
    PATH,
    PLACED,
    RESTORE,
    RESTORED_SETTING,
    SECOND,
    SHA256,
    SHOW,
    SIZE_BYTES,
    held,
    look,
    seen,
    values,
)
from conformance.checks.security import UNAFFECTED, attempt, saved
from conformance.judging import equal
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import Trial
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import Switch, describe

NEEDS: Final = (QUARANTINE, INDICATORS)
SYNCHRONISATION: Final = "administration-synchronisation"
SENDS: Final = "send-quarantine-data-to-server"
LIST: Final = {"do": "view", "what": "quarantine"}
PROPERTIES: Final = frozenset(("object", "file", "size_bytes", "md5", "sha256", "quarantined_ms", "by", "account"))
"""What the common list may tell of an object; `account` is who looks."""


def order(command: str, **more: Any) -> dict[str, Any]:
    """A step in which an operator has the object restored or deleted."""
    return {"do": "command-quarantine", "target": "all", "command": command, "file": FILE, **more}


def sending(on: bool, **more: Any) -> dict[str, Mapping[str, Any]]:
    """The option that devices send data about objects."""
    return {SYNCHRONISATION: {SENDS: on, **more}}


def listed(trial: Trial, hour: int | None = None) -> list[int]:
    """The devices with an object in the common list; when it was looked at in a certain hour."""
    return [device for at_ms, device, _ in trial.told("quarantine-listed") if hour in (None, at_ms // 3_600_000)]


# --- what devices send ------------------------------------------------------------------------------------------------


@clause("KEA-QUA-007")
def check_network_agent_delivers_the_data(agent: AgentUnderTest) -> None:
    """While the server is away nothing is listed; then it is, though Endpoint Agent has stopped meanwhile."""
    away = {"at": "0s", "fault": {"server": "administration", "kind": "refused-connection", "for": "150min"}}
    stop = {"at": "65min", "do": "stop-agent", "target": "all"}
    trial = held(agent, away, ADD, stop, LIST, LIST, LIST)
    equal(listed(trial, 2), [], "devices in the common list while the server is away")
    equal(listed(trial, 4), [FIRST], "devices in it after that, Endpoint Agent not running any more")


@clause("KEA-QUA-008")
def check_only_properties_reach_the_server(agent: AgentUnderTest) -> None:
    """The list tells of an object what is known of its file, and nothing in which its content could be."""
    told = [one for _, _, one in held(agent, ADD, LIST).told("quarantine-listed")]
    equal([one["file"] for one in told], [PATH], "objects in the common list")
    extra = sorted(set().union(*told) - PROPERTIES)
    equal(extra, [], "what is told of an object beside its properties")
    names = ("file", "size_bytes", "md5", "sha256")
    equal([tuple(one[name] for name in names) for one in told], [(PATH, SIZE_BYTES, MD5, SHA256)], "properties")


@clause("KEA-QUA-015")
def check_without_the_option_nothing_is_sent(agent: AgentUnderTest) -> None:
    """With it off the list stays empty, though the object is there; with it on it has the object."""
    trial = held(agent, ADD, LIST, SHOW, settings=sending(False))
    equal(listed(trial), [], "devices in the common list with the option off")
    equal(values(trial, "quarantine-viewed", "objects"), [(1,)], "objects that the device itself shows")
    equal(listed(held(agent, ADD, LIST, settings=sending(True))), [FIRST], "devices in it with the option on")


@clause("KEA-QUA-016")
def check_data_is_sent_by_default(agent: AgentUnderTest) -> None:
    """By a fresh device, and by one whose policy says nothing of it."""
    quiet: Settings = {"quarantine": {"folder": "D:\\Locked"}}
    for settings in (None, quiet):
        equal(listed(held(agent, ADD, LIST, settings=settings)), [FIRST], f"devices in the list, policy: {settings}")


# --- managing objects -------------------------------------------------------------------------------------------------


@clause("KEA-QUA-006")
def check_one_list_has_the_objects_of_all_devices(agent: AgentUnderTest) -> None:
    """Three devices, two of them with an object: both are in the list, each with its own."""
    adds = [{**ADD, "target": name} for name in ("lab-00001", "lab-00003")]
    trial = held(agent, *adds, LIST, devices=3)
    equal(listed(trial), [FIRST, 2], "devices in the common list")
    own = [(device, one["object"]) for _, device, one in trial.told("quarantined")]
    equal([(device, one["object"]) for _, device, one in trial.told("quarantine-listed")], own, "objects by device")


@clause("KEA-QUA-011")
def check_the_agent_obeys_the_policy(agent: AgentUnderTest) -> None:
    """The folders that a policy sets are those where objects go, and come back."""
    group = {"folder": "D:\\Locked", "restored-folder": "D:\\Back"}
    trial = held(agent, ADD, RESTORE, settings={"quarantine": group})
    stored = [str(path).rpartition("\\")[0] for (path,) in values(trial, "quarantined", "stored")]
    equal(stored, ["D:\\Locked"], "folders of objects")
    equal(values(trial, "restored", "to"), [("D:\\Back\\dropper.exe",)], "where they come back")


@clause("KEA-QUA-012")
def check_properties_can_be_viewed_at_the_server(agent: AgentUnderTest) -> None:
    """Two devices with different files under one name: the list has the properties of each."""
    other = {**PLACED, "at": "2min", "target": "lab-00002", "size": "3MB", "md5": "f" * 32, "sha256": "f" * 64}
    trial = held(agent, other, ADD, LIST, devices=2)
    names = ("file", "size_bytes", "md5", "sha256")
    wanted = [(PATH, SIZE_BYTES, MD5, SHA256), (PATH, 3_000_000, "f" * 32, "f" * 64)]
    equal(values(trial, "quarantine-listed", *names), wanted, "properties of both objects in the common list")


@clause("KEA-QUA-013")
def check_objects_are_deleted_from_the_server(agent: AgentUnderTest) -> None:
    """The object is gone from the device and from the list, and came back nowhere; another device keeps its own."""
    trial = held(agent, ADD, {**order("delete"), "target": "lab-00001"}, SHOW, LIST, look("after"), devices=2)
    equal(values(trial, "quarantine-viewed", "objects"), [(0,), (1,)], "objects that the devices show")
    equal(listed(trial), [SECOND], "devices in the common list")
    equal(seen(trial, "after"), [], "what a scan finds where it was deleted")


@clause("KEA-QUA-014")
def check_objects_are_restored_from_the_server(agent: AgentUnderTest) -> None:
    """The file is in the target folder with what was in it, and no longer in the list."""
    trial = held(agent, ADD, LIST, order("restore"), look("after"), LIST)
    equal(seen(trial, "after"), ["content", "restored"], "what a scan finds after the restore")
    equal((listed(trial, 2), listed(trial, 5)), ([FIRST], []), "devices in the common list before and after it")


@clause("KEA-QUA-040")
def check_managing_from_the_server_needs_the_data(agent: AgentUnderTest) -> None:
    """With the option off an order to restore and one to delete change nothing; with it on both are carried out."""
    for command in ("restore", "delete"):
        trial = held(agent, ADD, LIST, order(command), SHOW, look("after"), settings=sending(False))
        told = (listed(trial), values(trial, "quarantine-viewed", "objects"), seen(trial, "after"))
        equal(told, ([], [(1,)], []), f"list, objects and finds after the order to {command}, the option off")
        trial = held(agent, ADD, LIST, order(command), SHOW, settings=sending(True))
        equal(values(trial, "quarantine-viewed", "objects"), [(0,)], f"objects after {command}, the option on")


@clause("KEA-QUA-041")
def check_the_option_holds_once_the_group_is_under_policy(agent: AgentUnderTest) -> None:
    """Off and unaffected, data keeps coming; once the switch is set and saved, it stops."""
    second = attempt("quarantine-file", OWNER, object={"file": "synthetic/loader"})
    other = {"at": "2min", "do": "place-file", "target": "all", "file": "synthetic/loader"}
    under = saved({SYNCHRONISATION: {"switch": UNDER_POLICY}})
    trial = held(agent, other, ADD, LIST, under, second, LIST, SHOW, settings=sending(False, switch=UNAFFECTED))
    equal(listed(trial, 2), [FIRST], "devices in the list while the group is unaffected")
    new = [one["file"] for at_ms, _, one in trial.told("quarantine-listed") if at_ms > 4 * 3_600_000]
    equal([file for file in new if file != PATH], [], "objects in the list that came in after the save")
    equal(values(trial, "quarantine-viewed", "objects"), [(2,)], "objects that the device itself shows")


# --- the policy -------------------------------------------------------------------------------------------------------


@clause("KEA-QUA-011", needs=[ADMINISTRATION])
def check_a_policy_carries_the_settings_to_devices(server: ServerUnderTest) -> None:
    """What a policy has of quarantine is what its devices are given."""
    limits = {"limit-size": True, "max-size": "300MB", "use-threshold": True, "threshold": "20MB"}
    group = {"switch": UNDER_POLICY, "folder": "D:\\Locked", "restored-folder": "D:\\Back", **limits}
    stored = parse_policy_settings({"quarantine": group})
    governing = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, stored)).governing(GROUP, 0)
    lock = None if governing is None else governing.lock("quarantine")
    equal(None if lock is None else lock.values, stored.values.quarantine, "settings that reach the devices")


@clause("KEA-QUA-022", "KEA-QUA-035", needs=[ADMINISTRATION])
def check_a_fresh_policy_has_the_default_folders(server: ServerUnderTest) -> None:
    """The strings of both settings."""
    fresh = PolicySettings().values.quarantine
    equal((fresh.folder, fresh.restored_folder), (FOLDER_SETTING, RESTORED_SETTING), "folders in a fresh policy")


@clause("KEA-QUA-038", "KEA-QUA-041", needs=[ADMINISTRATION])
def check_both_groups_have_their_place_and_switch(server: ServerUnderTest) -> None:
    """Each stands in its subsection of the repositories, and is switched alone."""
    known = {one.key: one for one in describe()}
    sections = {
        "quarantine": "Repositories / Quarantine",
        SYNCHRONISATION: "Repositories / Synchronization with Administration Server",
    }
    for key, section in sections.items():
        equal(known[key].section, section, f"the section of {key}")
        equal(known[key].switch, Switch.UNAFFECTED, f"the switch of {key} in a fresh policy")
        moved = parse_policy_settings({key: {"switch": UNDER_POLICY}}).under_policy - PolicySettings().under_policy
        equal(moved, {key}, f"groups that move with the switch of {key}")


@clause("KEA-QUA-039", needs=[ADMINISTRATION])
def check_what_is_sent_is_chosen_in_the_repositories(server: ServerUnderTest) -> None:
    """The subsection has the option for quarantined objects, and a policy stores it either way."""
    (group,) = [one for one in describe() if one.key == SYNCHRONISATION]
    equal(group.section, "Repositories / Synchronization with Administration Server", "where the option is")
    for on in (True, False):
        stored = parse_policy_settings(sending(on)).values.administration_synchronisation
        equal(stored.send_quarantine_data_to_server, on, "the option, as it was stored")
