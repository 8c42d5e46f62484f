"""IOC Scan tasks as steps of a scenario: what they look at, what they find, and what is done about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.model import Scenario
from tests.emulator.ioc.documents import document, indicator, item
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, facts, rows, run

PATH = "C:\\ProgramData\\Synthetic\\dropper.exe"
START = "2026-03-02T08:00:00+00:00"
FILE = document("1.1", indicator("OR", item("FileItem/FullPath", "is", PATH)), id="file")
USER = document("1.1", indicator("OR", item("UserItem/Username", "is", "Administrator")), id="user")
PLACED = {"at": "5min", "do": "place-file", "target": "pc-00001", "file": "synthetic/dropper"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    indicators = tmp_path / "indicators"
    indicators.mkdir()
    (indicators / "file.ioc").write_bytes(FILE)
    (indicators / "user.xml").write_bytes(USER)
    return tmp_path


def scenario(folder: Path, *timeline: dict[str, Any], **sections: Any) -> Scenario:
    block = {"name": "pc", "image": "windows-office", "count": 2, "group": "Managed devices/HQ"}
    fleet = {"integrate": {"central-node": False}, "blocks": [block]}
    given = {"fleet": fleet, "duration": "6h", "start": START, "timeline": [PLACED, *timeline]}
    return loaded(folder=folder, **{**given, **sections})


def scan(minutes: int = 60, **more: Any) -> dict[str, Any]:
    task = {"task": f"scan {minutes}", "type": "ioc-scan", "group": "Managed devices/HQ", "run": True}
    return {"at": f"{minutes}min", "do": "create-task", "indicators": "indicators", **task, **more}


def told(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [
        {**json.loads(row["detail"]), "device": row["device"]} for row in rows(folder, "facts") if row["kind"] == kind
    ]


def found(folder: Path) -> set[tuple[str, str]]:
    return {(one["device"], one["file"]) for one in told(folder, "ioc-match")}


def test_only_the_chosen_documents_are_analysed(folder: Path) -> None:
    run(scenario(folder, scan(documents=["UserItem"])), folder / "users")
    run(scenario(folder, scan(documents=["FileItem", "ProcessItem"])), folder / "files")
    assert found(folder / "users") == {("pc-00001", "user.xml"), ("pc-00002", "user.xml")}
    assert found(folder / "files") == {("pc-00001", "file.ioc")}


@pytest.mark.parametrize(
    ("scope", "sees"),
    [
        ({"files": "system"}, True),
        ({"files": "critical"}, False),
        ({"files": "custom", "folders": ["C:\\ProgramData"]}, True),
        ({"files": "custom", "folders": ["D:\\"]}, False),
        ({"excludes": ["C:\\ProgramData\\Synthetic"]}, False),
    ],
)
def test_a_file_is_found_where_the_scope_has_it(scope: dict[str, Any], sees: bool, folder: Path) -> None:
    run(scenario(folder, scan(scope=scope, documents=["FileItem"])), folder / "run")
    assert bool(found(folder / "run")) is sees


def test_a_card_shows_objects_and_conditions_where_something_was_detected(folder: Path) -> None:
    views = [
        {"at": "3h", "do": "view-ioc-card", "task": "scan 60", "file": name} for name in ("file.ioc", "nothing.ioc")
    ]
    run(scenario(folder, scan(), *views), folder / "run")
    (card,) = told(folder / "run", "ioc-card-viewed")
    assert (card["device"], card["id"], card["conditions"]) == (
        "pc-00001",
        "file",
        [f"FileItem/FullPath is '{PATH!s}'".replace("\\", "\\\\")],
    )
    assert [PATH in one for one in card["objects"]] == [True]


def test_cards_are_gone_with_their_task(folder: Path) -> None:
    delete = {"at": "2h", "do": "delete-tasks", "tasks": ["scan 60"]}
    view = {"at": "3h", "do": "view-ioc-card", "task": "scan 60", "file": "file.ioc"}
    run(scenario(folder, scan(), delete, view), folder / "run")
    assert not told(folder / "run", "ioc-card-viewed")
    assert [one["operation"] for one in told(folder / "run", "operation-refused")] == ["view-ioc-card"]


def test_what_cannot_be_used_is_named_and_what_is_there_twice_too(folder: Path) -> None:
    (folder / "indicators" / "rules.yar").write_text("rule synthetic { condition: false }")
    (folder / "indicators" / "copy.ioc").write_bytes(FILE)
    run(scenario(folder, scan(), {"at": "3h", "do": "view-task", "task": "scan 60"}), folder / "run")
    assert {(one["skipped"], one["duplicates"]) for one in told(folder / "run", "sweep-finished")} == {
        ("rules.yar", "file")
    }
    assert {one["result_skipped"] for one in told(folder / "run", "task-result-viewed")} == {"rules.yar"}
    assert ("pc-00001", "file.ioc") in found(folder / "run")


def test_a_collection_of_unsupported_files_runs_and_finds_nothing(folder: Path) -> None:
    for path in (folder / "indicators").iterdir():
        path.rename(path.with_suffix(".txt"))
    run(scenario(folder, scan()), folder / "run")
    assert len(facts(folder / "run", "task-completed")) == 2
    assert not found(folder / "run")


def test_a_file_that_is_too_large_fails_the_task_and_is_named(folder: Path) -> None:
    (folder / "indicators" / "large.ioc").write_bytes(b" " * 3_200_000)
    run(scenario(folder, scan()), folder / "run")
    assert {one["reason"] for one in told(folder / "run", "task-failed")} == {
        "the file large.ioc of the collection is too large"
    }
    assert not found(folder / "run")


def test_an_exported_collection_is_imported_again_byte_for_byte(folder: Path) -> None:
    steps = [
        {"at": "2h", "do": "export-collection", "task": "scan 60", "to": "all.zip"},
        {**scan(130), "indicators": None, "collection": "all.zip"},
        {"at": "3h", "do": "export-collection", "task": "scan 130", "to": "again.zip"},
        {**scan(190), "indicators": None, "collection": "never.zip"},
    ]
    made = [{name: value for name, value in step.items() if value is not None} for step in steps]
    run(scenario(folder, scan(), *made), folder / "run")
    first, second = told(folder / "run", "collection-exported")
    assert (first["sha256"], first["files"]) == (second["sha256"], 2)
    assert len([one for one in told(folder / "run", "ioc-match") if one["file"] == "file.ioc"]) == 2
    assert "never.zip" in told(folder / "run", "operation-refused")[0]["reason"]


def test_upon_a_detection_the_object_goes_to_quarantine_and_critical_areas_are_scanned(folder: Path) -> None:
    protection = {"at": "10min", "do": "install-protection", "target": "pc-00001", "version": "12.1"}
    responses = ["quarantine-and-delete", "scan-critical-areas"]
    run(scenario(folder, protection, scan(responses=responses, documents=["FileItem"])), folder / "run")
    assert [(one["device"], one["file"], one["by"]) for one in told(folder / "run", "quarantined")] == [
        ("pc-00001", PATH, "scan 60")
    ]
    assert [device for _, device in facts(folder / "run", "critical-areas-scanned")] == ["pc-00001"]


def test_without_responses_a_detection_changes_nothing(folder: Path) -> None:
    run(scenario(folder, scan(), scan(120)), folder / "run")
    assert not facts(folder / "run", "quarantined")
    assert len([one for one in told(folder / "run", "ioc-match") if one["file"] == "file.ioc"]) == 2


def test_a_retrospective_scan_finds_what_is_gone_and_a_usual_one_does_not(folder: Path) -> None:
    ran = document("1.1", indicator("OR", item("ProcessItem/path", "contains", "synthetic\\tool")), id="ran")
    (folder / "indicators" / "ran.ioc").write_bytes(ran)
    burst = {"at": "30min", "do": "emit", "target": "all", "type": "file-change", "count": 1}
    start = {"at": "30min", "do": "start-process", "target": "pc-00001", "process": "synthetic/tool"}
    named = document("1.1", indicator("OR", item("FileItem/FullPath", "ends-with", "synthetic\\object.exe")), id="made")
    (folder / "indicators" / "made.ioc").write_bytes(named)
    past = {"start": "2026-03-02T08:20", "end": "2026-03-02T08:40"}
    later = {"start": "2026-03-02T08:40", "end": "2026-03-02T08:50"}
    scans = (scan(60), scan(120, retrospective=past), scan(180, retrospective=later), scan(240, retrospective={}))
    run(scenario(folder, burst, start, *scans), folder / "run")
    made = {(one["task"], one["device"]) for one in told(folder / "run", "ioc-match") if one["file"] == "made.ioc"}
    both = ("pc-00001", "pc-00002")
    assert made == {(task, device) for task in ("scan 120", "scan 240") for device in both}


def test_the_command_line_scans_and_refuses_responses(folder: Path) -> None:
    def attempt(minutes: int, **more: Any) -> dict[str, Any]:
        wanted = {"indicators": "indicators", "documents": ["FileItem"], **more}
        about = {"do": "attempt", "target": "all", "operation": "scan-ioc", "user": "{user}"}
        return {"at": f"{minutes}min", **about, "scan": wanted}

    run(scenario(folder, attempt(60), attempt(120, responses=["isolate-device"])), folder / "run")
    shown = told(folder / "run", "command-line-scan")
    assert sorted((one["device"], one["return_code"], one["matches"]) for one in shown) == [
        ("pc-00001", 0, 1),
        ("pc-00002", 0, 0),
    ]
    assert {one["clause"] for one in told(folder / "run", "attempt-refused")} == {"KEA-IOC-010"}
    assert not facts(folder / "run", "quarantined")


def test_without_a_licence_the_command_line_says_so(folder: Path) -> None:
    block = {"name": "pc", "image": "windows-office", "count": 1, "group": "Managed devices/HQ", "licence": "none"}
    about = {"do": "attempt", "target": "all", "operation": "scan-ioc", "user": "{user}"}
    step = {"at": "1h", **about, "scan": {"indicators": "indicators"}}
    run(scenario(folder, step, fleet={"blocks": [block]}), folder / "run")
    assert [one["return_code"] for one in told(folder / "run", "command-line-scan")] == [8]


CENTRAL = {"blocks": [{"name": "pc", "image": "windows-office", "count": 2, "group": "Managed devices/HQ"}]}


def test_the_central_node_searches_the_events_that_it_holds(folder: Path) -> None:
    ran = document("1.1", indicator("OR", item("ProcessItem/path", "ends-with", "\\tool.exe")), id="ran")
    (folder / "indicators" / "ran.ioc").write_bytes(ran)
    start = {"at": "30min", "do": "start-process", "target": "pc-00001", "process": "synthetic/tool"}
    sweeps = [
        {"at": at, "name": at, "do": "sweep", "target": "all", "indicators": "indicators"} for at in ("20min", "2h")
    ]
    run(scenario(folder, start, *sweeps, fleet=CENTRAL), folder / "run")
    hits = [(one["device"], one["task"], one["file"]) for one in told(folder / "run", "database-match")]
    assert hits == [("pc-00001", "2h", "ran.ioc")]


def test_what_has_not_reached_the_central_node_is_not_in_its_database(folder: Path) -> None:
    ran = document("1.1", indicator("OR", item("ProcessItem/path", "ends-with", "\\tool.exe")), id="ran")
    (folder / "indicators" / "ran.ioc").write_bytes(ran)
    steps = [
        {"at": "20min", "do": "unplug", "target": "pc-00001", "for": "3h"},
        {"at": "30min", "do": "start-process", "target": "all", "process": "synthetic/tool"},
        {"at": "2h", "do": "sweep", "target": "all", "indicators": "indicators"},
    ]
    run(scenario(folder, *steps, fleet=CENTRAL), folder / "run")
    assert {one["device"] for one in told(folder / "run", "database-match")} == {"pc-00002"}


def test_a_scan_of_the_central_node_keeps_to_its_schedule(folder: Path) -> None:
    daily = {"frequency": "every-hour", "interval": 2, "start": "2026-03-02T09:30"}
    sweep = {"at": "20min", "do": "sweep", "target": "all", "indicators": "indicators", "schedule": daily}
    run(scenario(folder, sweep, fleet=CENTRAL), folder / "run")
    assert sorted({at_ms // 60_000 for at_ms, _ in facts(folder / "run", "sweep-finished")}) == [90, 210, 330]


def test_upon_a_detection_the_device_is_isolated_where_its_settings_allow(folder: Path) -> None:
    settings = {"network-isolation": {"switch": "under-policy", "enabled": True}}
    policies = [{"name": "hq", "group": "Managed devices/HQ", "settings": settings}]
    wanted = scan(responses=["isolate-device"], documents=["FileItem"])
    run(scenario(folder, wanted, policies=policies), folder / "run")
    assert {device for _, device in facts(folder / "run", "isolated")} == {"pc-00001"}


def test_the_digest_is_the_same_with_two_workers(folder: Path) -> None:
    steps = (scan(responses=["quarantine-and-delete"]), scan(120, retrospective={}))
    view = {"at": "3h", "do": "view-ioc-card", "task": "scan 60", "file": "file.ioc"}
    made = scenario(folder, *steps, view)
    assert digest(made, folder / "one") == digest(made, folder / "two", workers=2)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"indicators": None}, "has no collection"),
        ({"collection": "a.zip"}, "has two collections"),
        ({"documents": ["NoItem"]}, "NoItem"),
        ({"scope": {"files": "custom"}}, "folders and preset"),
        ({"retrospective": {"start": "2026-03-03T00:00", "end": "2026-03-02T00:00"}}, "ends before it starts"),
        ({"type": "update"}, "has no 'indicators'"),
    ],
)
def test_what_a_scan_cannot_have_is_a_mistake(change: dict[str, Any], cause: str, folder: Path) -> None:
    step = {name: value for name, value in {**scan(), **change}.items() if value is not None}
    assert any(cause in line for line in mistakes(folder=folder, start=START, timeline=[step]))
