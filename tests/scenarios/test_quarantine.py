"""Quarantine as steps of a scenario: what goes in, comes out, and is heard of at the Administration Server."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.model import Scenario
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, facts, rows, run

DROPPER = {"file": "synthetic/dropper"}
PATH = "C:\\ProgramData\\Synthetic\\dropper.exe"
SYNC = "administration-synchronisation"
DATA = "C:\\ProgramData\\Kaspersky Lab\\Endpoint Agent\\4.0"


def scenario(
    *timeline: dict[str, Any], image: str = "windows-office", folder: Path = Path(), **sections: Any
) -> Scenario:
    block = {"name": "office", "image": image, "count": 2, "group": "Managed devices/HQ"}
    fleet = {"integrate": {"central-node": False}, "blocks": [block]}
    placed = {"at": "5min", "do": "place-file", "target": "all", "file": "synthetic/dropper", "size": "1MB"}
    return loaded(folder=folder, **{"fleet": fleet, "duration": "4h", "timeline": [placed, *timeline], **sections})


def policy(**groups: Any) -> list[dict[str, Any]]:
    under = {name: {"switch": "under-policy", **values} for name, values in groups.items()}
    return [{"name": "hq", "group": "Managed devices/HQ", "settings": under}]


def attempt(minutes: int, operation: str, user: str = "{user}", **more: Any) -> dict[str, Any]:
    return {"at": f"{minutes}min", "do": "attempt", "target": "all", "operation": operation, "user": user, **more}


def command(minutes: int, what: str, **more: Any) -> dict[str, Any]:
    order = {"do": "command-quarantine", "target": "all", "command": what, "file": "synthetic/dropper"}
    return {"at": f"{minutes}min", **order, **more}


def details(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row["detail"]) for row in rows(folder, "facts") if row["kind"] == kind]


def test_a_file_leaves_its_place_and_lies_encrypted_in_the_folder(tmp_path: Path) -> None:
    add = attempt(30, "quarantine-file", object=DROPPER)
    again = attempt(60, "quarantine-file", object=DROPPER)
    run(scenario(add, again, attempt(90, "show-quarantine")), tmp_path)
    (first, second) = details(tmp_path, "quarantined")
    assert first["account"] == second["account"] == "SYSTEM"
    assert first["file"] == PATH
    assert first["stored"] == f"{DATA}\\Quarantine\\{first['object']}"
    assert first["object"] != second["object"]
    assert [one["reason"] for one in details(tmp_path, "quarantine-failed")] == ["there is no such file"] * 2
    assert [one["objects"] for one in details(tmp_path, "quarantine-viewed")] == [1, 1]


def test_an_indicator_of_the_file_finds_it_before_quarantine_and_after_a_restore_only(tmp_path: Path) -> None:
    folder = tmp_path / "indicators"
    folder.mkdir()
    (folder / "one.ioc").write_text(
        '<ioc xmlns="http://schemas.mandiant.com/2010/ioc" id="11111111-1111-1111-1111-111111111111"><definition>'
        '<Indicator operator="OR" id="22222222-2222-2222-2222-222222222222">'
        '<IndicatorItem id="33333333-3333-3333-3333-333333333333" condition="is">'
        '<Context document="FileItem" search="FileItem/FullPath" type="mir"/>'
        f'<Content type="string">{PATH}</Content></IndicatorItem></Indicator></definition></ioc>',
        encoding="utf-8",
    )
    scans = [{"at": f"{at}min", "do": "sweep", "target": "all", "indicators": "indicators"} for at in (10, 70, 190)]
    add = attempt(40, "quarantine-file", object=DROPPER)
    back = attempt(150, "restore-quarantined", object={**DROPPER, "path-type": "original"})
    fleet = {"blocks": [{"name": "office", "image": "windows-office", "count": 2}]}
    run(scenario(*scans, add, back, folder=tmp_path, fleet=fleet), tmp_path / "run")
    assert [one["matches"] for one in details(tmp_path / "run", "sweep-finished")] == [1, 1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ({}, f"{DATA}\\Restored\\dropper.exe"),
        ({"path-type": "original"}, PATH),
        ({"path-type": "custom", "path": "D:\\Back"}, "D:\\Back\\dropper.exe"),
    ],
)
def test_an_object_is_restored_to_where_it_is_wanted(wanted: dict[str, str], target: str, tmp_path: Path) -> None:
    add = attempt(30, "quarantine-file", object=DROPPER)
    run(scenario(add, attempt(60, "restore-quarantined", object={**DROPPER, **wanted})), tmp_path)
    assert {one["to"] for one in details(tmp_path, "restored")} == {target}


@pytest.mark.parametrize(("action", "name"), [("rename", "dropper (1).exe"), ("replace", "dropper.exe")])
def test_a_file_in_the_way_is_dealt_with_as_said(action: str, name: str, tmp_path: Path) -> None:
    add = attempt(30, "quarantine-file", object=DROPPER)
    placed = {"at": "40min", "do": "place-file", "target": "all", "file": "synthetic/dropper"}
    back = attempt(60, "restore-quarantined", object={**DROPPER, "path-type": "original", "action": action})
    run(scenario(add, placed, back), tmp_path)
    assert {one["to"].rpartition("\\")[2] for one in details(tmp_path, "restored")} == {name}


def test_the_server_lists_restores_and_deletes_what_devices_tell_of(tmp_path: Path) -> None:
    add = attempt(30, "quarantine-file", object=DROPPER)
    look = {"do": "view", "what": "quarantine"}
    run(scenario(add, {"at": "90min", **look}, command(100, "restore"), {"at": "3h", **look}), tmp_path)
    listed = details(tmp_path, "quarantine-listed")
    assert [(one["file"], one["size_bytes"], one["by"]) for one in listed] == [(PATH, 1_000_000, "SYSTEM")] * 2
    assert {one["by"] for one in details(tmp_path, "restored")} == {"administrator"}


def test_without_synchronisation_nothing_is_listed_and_nothing_can_be_ordered(tmp_path: Path) -> None:
    off = policy(**{SYNC: {"send-quarantine-data-to-server": False}})
    add = attempt(30, "quarantine-file", object=DROPPER)
    look = {"at": "90min", "do": "view", "what": "quarantine"}
    run(scenario(add, look, command(100, "delete"), policies=off), tmp_path)
    assert details(tmp_path, "quarantine-listed") == details(tmp_path, "quarantined-deleted") == []
    assert len(facts(tmp_path, "quarantine-command-refused")) == 2


def test_switching_synchronisation_off_withdraws_the_list_and_on_again_brings_it_back(tmp_path: Path) -> None:
    look = {"do": "view", "what": "quarantine"}
    switched = [
        {
            "at": at,
            "do": "edit-settings",
            "target": "all",
            "settings": {SYNC: {"send-quarantine-data-to-server": on}},
        }
        for at, on in (("60min", False), ("130min", True))
    ]
    add = attempt(30, "quarantine-file", object=DROPPER)
    views = [{"at": at, **look} for at in ("59min", "2h", "3h")]
    run(scenario(add, views[0], switched[0], views[1], switched[1], views[2]), tmp_path)
    assert [at // 60_000 for at, _ in facts(tmp_path, "quarantine-listed")] == [59, 59, 180, 180]


def test_a_group_unaffected_by_policy_does_not_switch_synchronisation_off(tmp_path: Path) -> None:
    loose = policy(**{SYNC: {"switch": "unaffected-by-policy", "send-quarantine-data-to-server": False}})
    add = attempt(30, "quarantine-file", object=DROPPER)
    run(scenario(add, {"at": "90min", "do": "view", "what": "quarantine"}, policies=loose), tmp_path)
    assert len(details(tmp_path, "quarantine-listed")) == 2


def test_an_account_without_the_right_gives_no_order(tmp_path: Path) -> None:
    roles = [{"name": "looker", "rights": ["read-quarantine", "read-devices"]}]
    accounts = [{"name": "eva", "roles": [{"role": "looker"}]}]
    add = attempt(30, "quarantine-file", object=DROPPER)
    made = scenario(add, command(100, "delete", account="eva"), roles=roles, accounts=accounts)
    run(made, tmp_path)
    assert details(tmp_path, "quarantined-deleted") == []
    assert "change-quarantine" in details(tmp_path, "operation-refused")[0]["reason"]


def test_only_the_account_of_the_device_deletes_on_the_command_line(tmp_path: Path) -> None:
    add = attempt(30, "quarantine-file", object=DROPPER)
    foreign = attempt(60, "delete-quarantined", "mallory", object=DROPPER)
    run(scenario(add, foreign, attempt(90, "delete-quarantined", object=DROPPER)), tmp_path)
    refused = {(one["reason"], one["clause"]) for one in details(tmp_path, "attempt-refused")}
    assert refused == {("not-the-local-account", "KEA-QUA-020")}
    assert [at // 60_000 for at, _ in facts(tmp_path, "quarantined-deleted")] == [90, 90]


def test_both_folders_are_there_from_the_start_and_those_of_a_policy_too(tmp_path: Path) -> None:
    mine = policy(quarantine={"folder": "D:\\Q", "restored-folder": "%ALLUSERSPROFILE%\\R"})
    run(scenario(attempt(30, "show-quarantine-settings"), policies=mine), tmp_path)
    run(scenario(attempt(30, "show-quarantine-settings")), tmp_path / "default")
    told = details(tmp_path, "quarantine-settings-viewed")[0]
    assert (told["folder"], told["restored_folder"]) == ("D:\\Q", "C:\\ProgramData\\R")
    usual = details(tmp_path / "default", "quarantine-settings-viewed")[0]
    assert (usual["folder"], usual["restored_folder"]) == (f"{DATA}\\Quarantine", f"{DATA}\\Restored")
    assert all(one["folder_is_there"] and one["restored_folder_is_there"] for one in (told, usual))


def test_nothing_goes_into_quarantine_while_endpoint_agent_does_not_run(tmp_path: Path) -> None:
    stop = {"at": "20min", "do": "stop-agent", "target": "all"}
    run(scenario(stop, attempt(30, "quarantine-file", object=DROPPER)), tmp_path)
    assert {one["reason"] for one in details(tmp_path, "quarantine-failed")} == {"Endpoint Agent does not run"}


def test_there_is_no_quarantine_on_linux(tmp_path: Path) -> None:
    tries = (attempt(30, "quarantine-file", object=DROPPER), attempt(40, "show-quarantine-settings"))
    run(scenario(*tries, image="linux-server"), tmp_path)
    assert {one["reason"] for one in details(tmp_path, "quarantine-failed")} == {"there is no quarantine on Linux"}
    assert all("folder" not in one for one in details(tmp_path, "quarantine-settings-viewed"))


STEPS = st.lists(st.sampled_from(["quarantine-file", "restore-quarantined", "delete-quarantined"]), max_size=6)


@settings(max_examples=10, deadline=None)
@given(steps=STEPS)
def test_an_object_is_in_one_place_at_a_time(steps: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    there, held = True, 0
    expected = []
    for step in steps:
        match step:
            case "quarantine-file":
                expected.append("quarantined" if there else "quarantine-failed")
                held, there = held + there, False
            case "restore-quarantined":
                expected.append("restored" if held else "restore-failed")
                held, there = held - bool(held), there or bool(held)
            case _:
                expected.append("quarantined-deleted" if held else "delete-failed")
                held -= bool(held)
    made = {**DROPPER, "path-type": "original", "action": "replace"}
    tries = [
        attempt(10 + 10 * place, step, object=made if step == "restore-quarantined" else DROPPER)
        for place, step in enumerate(steps)
    ]
    folder = tmp_path_factory.mktemp("run")
    run(scenario(*tries, attempt(200, "show-quarantine")), folder)
    kinds = {"quarantined", "quarantine-failed", "restored", "restore-failed", "quarantined-deleted", "delete-failed"}
    seen = [row["kind"] for row in rows(folder, "facts") if row["kind"] in kinds and row["device"] == "office-00001"]
    assert seen == expected
    assert {one["objects"] for one in details(folder, "quarantine-viewed")} == {held}


def test_the_digest_is_the_same_with_two_workers(tmp_path: Path) -> None:
    steps = (attempt(30, "quarantine-file", object=DROPPER), command(100, "restore"))
    look = {"at": "90min", "do": "view", "what": "quarantine"}
    made = scenario(*steps, look)
    assert digest(made, tmp_path / "one") == digest(made, tmp_path / "two", workers=2)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"object": None}, "quarantine-file is about no file"),
        ({"operation": "show-quarantine"}, "show-quarantine is not about a file"),
        ({"object": {**DROPPER, "path-type": "original"}}, "quarantine-file restores nothing"),
        ({"operation": "restore-quarantined", "object": {**DROPPER, "path": "D:\\x"}}, "do not fit together"),
        ({"operation": "restore-quarantined", "object": {**DROPPER, "path-type": "custom"}}, "do not fit together"),
        (
            {"operation": "restore-quarantined", "object": {**DROPPER, "path-type": "custom", "path": "x"}},
            "no absolute path",
        ),
    ],
)
def test_what_does_not_fit_the_operation_is_a_mistake(change: dict[str, Any], cause: str) -> None:
    step = {**attempt(30, "quarantine-file", object=DROPPER), **change}
    found = mistakes(
        fleet={"blocks": [{"name": "office", "image": "windows-office", "count": 1}]},
        timeline=[{name: value for name, value in step.items() if value is not None}],
    )
    assert any(cause in str(problem) for problem in found)
