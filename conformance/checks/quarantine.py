"""Quarantine on devices: storage, folders, restoring, the command line (KEA-QUA).

A file is put on a device, and steps follow it, far enough apart that all servers have heard of the last one. Where it
lies is found as anybody finds it: by a scan for its path and for what is in it.
"""

from collections.abc import Mapping
from typing import Any, Final

from conformance.agents import INDICATORS, QUARANTINE, AgentUnderTest, Settings
from conformance.checks.ioc_files import document, one
from conformance.checks.security import attempt, saved
from conformance.judging import contains, equal
from conformance.registry import clause
from conformance.trial import MINUTE_MS, Trial

NEEDS: Final = (QUARANTINE, INDICATORS)
FILE: Final = "synthetic/dropper"
SYNTHETIC: Final = "C:\\ProgramData\\Synthetic"
PATH: Final = f"{SYNTHETIC}\\dropper.exe"
MD5: Final = "0123456789abcdef0123456789abcdef"
SHA256: Final = MD5 * 2
SIZE_BYTES: Final = 1_000_000
PLACED: Final = {"do": "place-file", "target": "all", "file": FILE, "size": "1MB", "md5": MD5, "sha256": SHA256}
"""The step that puts the file on every device."""
DATA: Final = "C:\\ProgramData\\Kaspersky Lab\\Endpoint Agent\\4.0"
"""What %SOYUZAPPDATA% comes to on a device with its system on drive C."""
STORE, RESTORED = f"{DATA}\\Quarantine", f"{DATA}\\Restored"
FOLDER_SETTING, RESTORED_SETTING = "%SOYUZAPPDATA%\\Quarantine\\", "%SOYUZAPPDATA%\\Restored\\"
ACCOUNT: Final = "SYSTEM"
STRANGER: Final = "mallory"
OWNER: Final = "{user}"
"""The user of each device."""
STEP_MIN: Final = 60
FIRST, SECOND = 0, 1
"""Devices by number."""


def iocs(**paths: str) -> dict[str, bytes]:
    """Indicator files, each for a path; `content` is for the file by what is in it, wherever it lies."""
    bodies = {name: one("FileItem/FullPath", "is", path) for name, path in paths.items()}
    bodies["content"] = one("FileItem/Md5sum", "is", MD5, "md5")
    return {f"iocs/{name}.ioc": document(body, id=name) for name, body in bodies.items()}


PLACES: Final = iocs(original=PATH, restored=f"{RESTORED}\\dropper.exe")


def by_command(operation: str, user: str = OWNER, **where: Any) -> dict[str, Any]:
    """A step in which a user does something with the file, or its object, at the command line."""
    return attempt(operation, user, object={"file": FILE, **where})


ADD: Final = by_command("quarantine-file")
RESTORE: Final = by_command("restore-quarantined")
SHOW: Final = attempt("show-quarantine", OWNER)
SHOW_SETTINGS: Final = attempt("show-quarantine-settings", OWNER)


def look(name: str) -> dict[str, Any]:
    """A step that scans all devices."""
    return {"name": name, "do": "sweep", "target": "all", "indicators": "iocs"}


def held(
    agent: AgentUnderTest,
    *steps: Mapping[str, Any],
    settings: Settings | None = None,
    files: Mapping[str, bytes] = PLACES,
    **more: Any,
) -> Trial:
    """The file is placed, then steps follow an hour apart; one with `at` of its own is beside them."""
    timed = [step if "at" in step else {**step, "at": f"{STEP_MIN * place}min"} for place, step in _placed(steps)]
    hours = 1 + sum("at" not in step for step in steps)
    begin = {**PLACED, "at": "1min"}
    return agent.attempt(duration=f"{hours}h", steps=[begin, *timed], settings=settings, files=files, **more)


def _placed(steps: tuple[Mapping[str, Any], ...]) -> list[tuple[int, Mapping[str, Any]]]:
    place, found = 0, []
    for step in steps:
        place += "at" not in step
        found.append((place, step))
    return found


def seen(trial: Trial, scan: str, device: int = FIRST) -> list[str]:
    """The indicators that a scan found on a device, by name."""
    matches = (one for _, place, one in trial.told("ioc-match") if place == device and one["task"] == scan)
    return sorted(str(one["file"]).removesuffix(".ioc") for one in matches)


def values(trial: Trial, kind: str, *names: str) -> list[tuple[Any, ...]]:
    """Some values of the facts of a kind, in order."""
    return [tuple(detail[name] for name in names) for _, _, detail in trial.told(kind)]


# --- the repository ---------------------------------------------------------------------------------------------------


@clause("KEA-QUA-001")
def check_quarantine_is_on_the_device(agent: AgentUnderTest) -> None:
    """A device without a network puts the file in quarantine, shows it and restores it: no server has to hold it."""
    unplug = {"at": "55min", "do": "unplug", "target": "all", "for": "3h"}
    trial = held(agent, unplug, ADD, SHOW, RESTORE, look("after"))
    equal(values(trial, "quarantine-viewed", "objects"), [(1,)], "objects that the device shows without a network")
    equal(seen(trial, "after"), ["content", "restored"], "what a scan finds of the file that was restored off line")


@clause("KEA-QUA-002")
def check_a_user_moves_a_file_into_quarantine(agent: AgentUnderTest) -> None:
    """Before, a scan finds the file in its place; after it does not, and something lies in the repository."""
    trial = held(agent, look("before"), ADD, SHOW, look("after"))
    equal(seen(trial, "before"), ["content", "original"], "what a scan finds of the file before")
    equal(seen(trial, "after"), [], "what it finds afterwards")
    wanted = [(PATH, SIZE_BYTES)]
    equal(values(trial, "quarantined-object-viewed", "file", "size_bytes"), wanted, "objects in quarantine")


@clause("KEA-QUA-003")
def check_objects_are_encrypted(agent: AgentUnderTest) -> None:
    """What lies in the folder is found by its folder, and not by what the file had in it, which comes back whole."""
    inside = document(one("FileItem/FullPath", "contains", f"{STORE}\\"), id="stored")
    files = {**PLACES, "iocs/stored.ioc": inside}
    trial = held(agent, ADD, look("inside"), RESTORE, look("after"), files=files)
    equal(seen(trial, "inside"), ["stored"], "what a scan finds while the object is in quarantine")
    equal(seen(trial, "after"), ["content", "restored"], "what it finds after the restore")


@clause("KEA-QUA-004")
def check_the_default_folder_holds_the_object(agent: AgentUnderTest) -> None:
    """On a device that nobody has set anything on."""
    stored = [str(path).rpartition("\\")[0] for (path,) in values(held(agent, ADD), "quarantined", "stored")]
    equal(stored, [STORE], "folders of objects on a fresh device")


@clause("KEA-QUA-005")
def check_the_default_folder_gets_what_is_restored(agent: AgentUnderTest) -> None:
    """On a device that nobody has set anything on."""
    trial = held(agent, ADD, RESTORE, look("after"))
    equal(seen(trial, "after"), ["content", "restored"], f"what a scan finds, of the file restored into {RESTORED}")


@clause("KEA-QUA-009")
def check_objects_stay_on_their_device(agent: AgentUnderTest) -> None:
    """What was deleted on a device comes back from nowhere, while another device still has it."""
    delete = {**by_command("delete-quarantined"), "target": "lab-00001"}
    order = {"do": "command-quarantine", "target": "all", "command": "restore", "file": FILE}
    listed = {"do": "view", "what": "quarantine"}
    trial = held(agent, ADD, listed, delete, order, look("after"), devices=2)
    equal([device for _, device, _ in trial.told("quarantine-listed")], [FIRST, SECOND], "devices in the common list")
    equal(seen(trial, "after", FIRST), [], "what a scan finds where the object was deleted")
    equal(seen(trial, "after", SECOND), ["content", "restored"], "what it finds where the object still lay")


@clause("KEA-QUA-010")
def check_a_restore_takes_place_on_the_device_that_held_it(agent: AgentUnderTest) -> None:
    """Two devices hold it; an order of the server and a command line bring back each its own."""
    order = {"do": "command-quarantine", "target": "lab-00001", "command": "restore", "file": FILE}
    by_hand = {**RESTORE, "target": "lab-00002"}
    trial = held(agent, ADD, order, look("ordered"), by_hand, look("typed"), devices=2)
    found = [seen(trial, scan, device) for scan in ("ordered", "typed") for device in (FIRST, SECOND)]
    there = ["content", "restored"]
    equal(found, [there, [], there, there], "what scans find on both devices, after the order and after the command")


@clause("KEA-QUA-019")
def check_objects_are_put_there_by_the_system(agent: AgentUnderTest) -> None:
    """Whoever asks: the user of the device and a stranger are not the account of what they had quarantined."""
    trial = held(agent, ADD, PLACED, by_command("quarantine-file", STRANGER))
    equal(values(trial, "quarantined", "account"), [(ACCOUNT,), (ACCOUNT,)], "accounts that put files in quarantine")
    asked = [str(by) for (by,) in values(trial, "quarantined", "by")]
    contains(asked, STRANGER, "who asked for it is told apart")


# --- restoring --------------------------------------------------------------------------------------------------------


@clause("KEA-QUA-034")
def check_the_folder_for_restored_objects_can_be_set(agent: AgentUnderTest) -> None:
    """The first object comes back into the one folder, after the change the second into the other."""
    files = iocs(before="D:\\Before\\dropper.exe", later="D:\\Later\\dropper.exe", usual=f"{RESTORED}\\dropper.exe")
    gone = {"do": "remove-file", "target": "all", "file": FILE}
    change = saved({"quarantine": {"restored-folder": "D:\\Later"}})
    trial = held(
        agent,
        *(ADD, RESTORE, look("first"), PLACED, ADD, change, RESTORE, gone, look("second")),
        settings={"quarantine": {"restored-folder": "D:\\Before"}},
        files=files,
    )
    equal(seen(trial, "first"), ["before", "content"], "what a scan finds after the first restore")
    equal(seen(trial, "second"), ["before", "content", "later"], "what a scan finds after the second one")


@clause("KEA-QUA-037")
def check_a_restore_does_not_put_back_where_it_came_from(agent: AgentUnderTest) -> None:
    """The original place stays as it is: empty, or with the file that has been put there since."""
    trial = held(agent, ADD, RESTORE, look("empty"))
    equal(seen(trial, "empty"), ["content", "restored"], "what a scan finds, with nothing in the original place")
    other = {**PLACED, "md5": "f" * 32, "sha256": "f" * 64}
    files = {**PLACES, "iocs/other.ioc": document(one("FileItem/Md5sum", "is", "f" * 32, "md5"), id="other")}
    trial = held(agent, ADD, other, look("before"), RESTORE, look("after"), files=files)
    equal(seen(trial, "before"), ["original", "other"], "what a scan finds, with another file in the original place")
    equal(seen(trial, "after"), ["content", "original", "other", "restored"], "what it finds after the restore")


# --- the command line -------------------------------------------------------------------------------------------------


@clause("KEA-QUA-017")
def check_the_command_line_shows_settings_as_they_are(agent: AgentUnderTest) -> None:
    """Folders, limit and threshold are those of the policy; another policy shows others."""
    for folder, maximum, left in (("D:\\One", 300, 70), ("D:\\Two", 120, 20)):
        group = {"folder": folder, "restored-folder": f"{folder}\\Back", "limit-size": True, "use-threshold": True}
        limits = {"max-size": f"{maximum}MB", "threshold": f"{left}MB"}
        trial = held(agent, SHOW_SETTINGS, settings={"quarantine": {**group, **limits}})
        names = ("folder", "restored_folder", "limit_size", "max_size_mb", "use_threshold", "threshold_mb")
        wanted = [(folder, f"{folder}\\Back", True, maximum, True, left)]
        equal(values(trial, "quarantine-settings-viewed", *names), wanted, "settings that the command line shows")


@clause("KEA-QUA-018")
def check_the_command_line_shows_objects_with_their_properties(agent: AgentUnderTest) -> None:
    """None before, then the one with path, size, hashes and moment, and none after it was restored."""
    trial = held(agent, SHOW, ADD, SHOW, RESTORE, SHOW)
    equal(values(trial, "quarantine-viewed", "objects"), [(0,), (1,), (0,)], "objects that the command line shows")
    wanted = [(PATH, SIZE_BYTES, MD5, SHA256, 2 * STEP_MIN * MINUTE_MS)]
    names = ("file", "size_bytes", "md5", "sha256", "quarantined_ms")
    equal(values(trial, "quarantined-object-viewed", *names), wanted, "properties that the command line shows")


@clause("KEA-QUA-020")
def check_only_the_local_account_deletes_at_the_command_line(agent: AgentUnderTest) -> None:
    """A stranger is refused and the object stays; the user of the device deletes it."""
    foreign, own = (by_command("delete-quarantined", user) for user in (STRANGER, OWNER))
    trial = held(agent, ADD, foreign, SHOW, own, SHOW)
    equal(values(trial, "quarantine-viewed", "objects"), [(1,), (0,)], "objects after the stranger, and after the user")
    refusals = [one["user"] for _, _, one in trial.told("attempt-refused")]
    equal(refusals, [STRANGER], "who is refused")
    equal(len(trial.told("quarantined-deleted")), 1, "objects that are deleted")


# --- folders ----------------------------------------------------------------------------------------------------------


@clause("KEA-QUA-021")
def check_the_folder_can_be_set(agent: AgentUnderTest) -> None:
    """The first object lies in the one folder, after the change the second in the other."""
    change = saved({"quarantine": {"folder": "D:\\Later"}})
    trial = held(agent, ADD, PLACED, change, ADD, settings={"quarantine": {"folder": "D:\\Before"}})
    stored = [str(path).rpartition("\\")[0] for (path,) in values(trial, "quarantined", "stored")]
    equal(stored, ["D:\\Before", "D:\\Later"], "folders of the objects before and after the change")


@clause("KEA-QUA-022", "KEA-QUA-035")
def check_the_folders_of_a_fresh_device_are_the_defaults(agent: AgentUnderTest) -> None:
    """The strings of both settings, as the command line shows them."""
    trial = held(agent, SHOW_SETTINGS)
    wanted = [(FOLDER_SETTING, RESTORED_SETTING)]
    names = ("folder_setting", "restored_folder_setting")
    equal(values(trial, "quarantine-settings-viewed", *names), wanted, "folder settings of a fresh device")


@clause("KEA-QUA-023", "KEA-QUA-036")
def check_both_folders_are_there_on_every_device(agent: AgentUnderTest) -> None:
    """Before anything is quarantined, on each device, after the installation and after a policy with others."""
    names = ("folder", "folder_is_there", "restored_folder", "restored_folder_is_there")
    trial = held(agent, SHOW_SETTINGS, devices=2)
    fresh = (STORE, True, RESTORED, True)
    equal(values(trial, "quarantine-settings-viewed", *names), [fresh, fresh], "folders of two fresh devices")
    theirs: Settings = {"quarantine": {"folder": "D:\\Locked", "restored-folder": "D:\\Back"}}
    trial = held(agent, SHOW_SETTINGS, settings=theirs, devices=2)
    other = ("D:\\Locked", True, "D:\\Back", True)
    equal(values(trial, "quarantine-settings-viewed", *names), [other, other], "folders of two devices of a policy")


@clause("KEA-QUA-024")
def check_variables_are_resolved_on_the_device(agent: AgentUnderTest) -> None:
    """Drive C has the default folder below ProgramData; a folder by another variable is resolved by its own value."""
    cases = {
        FOLDER_SETTING: STORE,
        "%ALLUSERSPROFILE%\\Kept": "C:\\ProgramData\\Kept",
        "%SystemRoot%\\Kept": "C:\\Windows\\Kept",
    }
    for setting, folder in cases.items():
        trial = held(agent, ADD, SHOW_SETTINGS, settings={"quarantine": {"folder": setting}})
        equal(values(trial, "quarantine-settings-viewed", "folder"), [(folder,)], f"the folder of {setting}")
        stored = [str(path).rpartition("\\")[0] for (path,) in values(trial, "quarantined", "stored")]
        equal(stored, [folder], f"folders of objects with {setting}")
