"""Deeds: files and processes that a scenario makes, and sweeps that find exactly what was put there."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from emulator.control import Control
from emulator.events import EVENT_TYPES, PROCESS_START
from emulator.ioc.document import parse_file
from emulator.ioc.witness import first_witness, witness
from scenarios import actions, deeds
from scenarios.facts import FACTS
from scenarios.library import INDICATORS
from scenarios.loader import load_text
from scenarios.selectors import parse_selector
from tests.emulator.ioc.documents import document, indicator, item
from tests.scenarios.made import loaded, text_of
from tests.scenarios.running import facts, manifest, rows, run

MIN = 60_000
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "openioc"
ALL = parse_selector("all")
HASHES = ("md5", "sha1", "sha256")
FLEET = {
    "blocks": [
        {"name": "office", "image": "windows-office", "count": 40, "group": "Managed devices/HQ"},
        {"name": "jump", "image": "windows-jump-host", "count": 8, "group": "Managed devices/HQ"},
        {"name": "db", "image": "linux-server", "count": 12, "group": "Managed devices/HQ/Servers"},
    ]
}
"""Sixty devices."""


def place(file: str, **fields: Any) -> actions.PlaceFile:
    return actions.PlaceFile.model_validate({"do": "place-file", "target": ALL, "file": file, **fields})


# --- what is made -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "os", "path"),
    [
        ("synthetic/dropper", "windows", "C:\\ProgramData\\Synthetic\\dropper.exe"),
        ("synthetic/dropper", "linux", "/opt/synthetic/dropper"),
        ("C:\\Temp\\a.exe", "windows", "C:\\Temp\\a.exe"),
        ("/tmp/a", "linux", "/tmp/a"),
    ],
)
def test_a_synthetic_name_has_a_path_on_each_system(name: str, os: Any, path: str) -> None:
    assert deeds.path_of(name, os) == path


def test_a_file_follows_from_its_name_but_for_what_is_said_of_it() -> None:
    one, same = (deeds.placed_file(place("synthetic/dropper"), "windows") for _ in range(2))
    assert one == same
    assert one["FilePath"] == "C:\\ProgramData\\Synthetic"
    assert one["FileName"] == "dropper.exe"
    assert len(str(one["Md5sum"])) == 32
    assert len(str(one["Sha256sum"])) == 64
    other = deeds.placed_file(place("synthetic/other"), "windows")
    assert other["Md5sum"] != one["Md5sum"]
    said = deeds.placed_file(place("synthetic/dropper", size="1 KB", md5="ab" * 16, sha256="cd" * 32), "windows")
    assert (said["Md5sum"], said["Sha256sum"], said["SizeInBytes"]) == ("ab" * 16, "cd" * 32, 1_000)
    assert said["Sha1sum"] == one["Sha1sum"]


def test_each_step_that_does_something_on_devices_has_one_class_for_each_system() -> None:
    starts = [
        actions.StartProcess.model_validate({"do": "start-process", "target": ALL, "process": f"synthetic/{name}"})
        for name in ("a", "a", "b")
    ]
    burst = actions.Emit.model_validate({"do": "emit", "target": ALL, "type": "file-change", "count": 9})
    classes = deeds.ScenarioClasses([None, *starts, burst, place("synthetic/a")])
    assert [one.name for one in classes.all] == [
        "scenario/windows/start-process/synthetic/a",
        "scenario/linux/start-process/synthetic/a",
        "scenario/windows/start-process/synthetic/b",
        "scenario/linux/start-process/synthetic/b",
        "scenario/windows/emit/file-change",
        "scenario/linux/emit/file-change",
    ]
    assert classes.index(starts[0], "linux") == classes.index(starts[1], "linux") == 1
    assert classes.index(starts[2], "windows") == 2
    started = classes.all[0]
    assert started.type == PROCESS_START
    assert started.process.path == "C:\\ProgramData\\Synthetic\\a.exe"
    assert all(not any(one.rates) for one in classes.all)


@pytest.mark.parametrize("os", deeds.SYSTEMS)
def test_every_event_type_can_be_emitted(os: Any) -> None:
    for index, kind in enumerate(EVENT_TYPES):
        burst = actions.Emit.model_validate({"do": "emit", "target": ALL, "type": kind.name, "count": 1})
        classes = deeds.ScenarioClasses([burst])
        made = classes.all[classes.index(burst, os)]
        assert made.type == index
        assert (made.peer is not None) is (kind.code is not None)


# --- what a sweep finds -----------------------------------------------------------------------------------------------


def indicators(folder: Path, os: Any = "windows") -> Path:
    """A folder with one indicator: the hash of the synthetic dropper."""
    sha256 = str(deeds.placed_file(place("synthetic/dropper"), os)["Sha256sum"])
    body = indicator("OR", item("FileItem/Sha256sum", "is", sha256))
    (folder / "iocs").mkdir(exist_ok=True)
    (folder / "iocs" / f"{os}.ioc").write_bytes(document("1.1", body, id=f"dropper-{os}"))
    return folder


def step(minutes: int, do: str, target: Any, **fields: Any) -> dict[str, Any]:
    return {"at": f"{minutes}min", "do": do, "target": target, **fields}


def swept(folder: Path, *timeline: dict[str, Any], duration: str = "30min", **sections: Any) -> set[str]:
    """On which devices a run's sweeps found something; every device was swept."""
    scenario = loaded(fleet=FLEET, timeline=list(timeline), duration=duration, folder=folder, **sections)
    run(scenario, folder / "out", workers=2)
    assert {device for _, device in facts(folder / "out", "sweep-finished")} == set(
        scenario.fleet.names(scenario.fleet.everything).to_pylist()
    )
    return {device for _, device in facts(folder / "out", "ioc-match")}


def devices_with(folder: Path, kind: str) -> set[str]:
    return {device for _, device in facts(folder / "out", kind)}


def test_a_file_that_was_placed_is_found_on_exactly_its_devices(tmp_path: Path) -> None:
    placed = {"pick": 7, "from": {"image": "windows-office"}}
    found = swept(
        indicators(tmp_path),
        step(5, "place-file", placed, file="synthetic/dropper"),
        step(5, "place-file", {"block": "db"}, file="synthetic/dropper"),
        step(10, "sweep", "all", indicators="iocs"),
    )
    assert len(found) == 7
    assert found == devices_with(tmp_path, "file-placed") - {f"db-{number:05}" for number in range(1, 13)}


def test_a_file_is_found_on_its_own_system(tmp_path: Path) -> None:
    indicators(tmp_path, "windows")
    found = swept(
        indicators(tmp_path, "linux"),
        step(5, "place-file", {"any": ["db-00003", "office-00004"]}, file="synthetic/dropper"),
        step(10, "sweep", "all", indicators="iocs"),
    )
    assert found == {"db-00003", "office-00004"}
    matched = {row["device"]: row["detail"] for row in rows(tmp_path / "out", "facts") if row["kind"] == "ioc-match"}
    assert "linux.ioc" in matched["db-00003"]
    assert "windows.ioc" in matched["office-00004"]


def test_a_file_that_was_removed_is_not_found(tmp_path: Path) -> None:
    found = swept(
        indicators(tmp_path),
        step(5, "place-file", {"block": "office"}, file="synthetic/dropper"),
        step(8, "remove-file", {"not": "office-00009"}, file="synthetic/dropper"),
        step(10, "sweep", "all", indicators="iocs"),
    )
    assert found == {"office-00009"}
    assert len(devices_with(tmp_path, "file-removed")) == 59


def test_a_sweep_sees_a_device_as_it_is_when_it_hears_of_it(tmp_path: Path) -> None:
    """Each device learns of the task with its own synchronisation, some minutes after it was made known."""
    found = swept(
        indicators(tmp_path),
        step(10, "sweep", "all", indicators="iocs"),
        step(12, "place-file", {"block": "office"}, file="synthetic/dropper"),
    )
    when = {device: at_ms for at_ms, device in facts(tmp_path / "out", "sweep-finished")}
    assert found == {device for device in when if device.startswith("office") and when[device] >= 12 * MIN}
    assert 0 < len(found) < 40
    assert all(10 * MIN <= at_ms <= 16 * MIN for at_ms in when.values())


def test_a_process_that_was_started_is_found_and_told_of(tmp_path: Path) -> None:
    body = indicator("OR", item("ProcessItem/name", "is", "dropper.exe"))
    (tmp_path / "iocs").mkdir()
    (tmp_path / "iocs" / "process.ioc").write_bytes(document("1.0", body))
    found = swept(
        tmp_path,
        step(5, "start-process", {"pick": 4, "from": {"os": "windows"}}, process="synthetic/dropper", count=3),
        step(10, "sweep", "all", indicators="iocs"),
    )
    assert found == devices_with(tmp_path, "process-started")
    assert len(found) == 4


def test_the_events_of_a_scenario_are_generated_exactly(tmp_path: Path) -> None:
    """Beside what the images live: here nothing."""
    idle = {"blocks": [{"name": "idle", "image": "quiet", "count": 6, "group": "Managed devices"}]}
    timeline = [
        step(5, "start-process", "all", process="synthetic/a", count=3),
        step(6, "emit", {"pick": 2}, type="file-change", count=70_000),
        step(7, "start-process", "idle-00001", process="synthetic/b", count=10, over="5min"),
    ]
    run(loaded(fleet=idle, timeline=timeline, duration="15min"), tmp_path)
    assert manifest(tmp_path)["telemetry"]["central-node"]["generated"] == 6 * 3 + 2 * 70_000 + 10
    by_type = {row["type"] for row in rows(tmp_path, "telemetry") if row["generated"]}
    assert by_type == {"process-start", "file-change"}
    spread = {row["at_ms"] for row in rows(tmp_path, "telemetry") if row["generated"] and row["at_ms"] >= 7 * MIN}
    assert len(spread) == 10


# --- planting ---------------------------------------------------------------------------------------------------------


def planted(folder: Path, source: str) -> tuple[set[str], set[str]]:
    """Devices that were changed to match, and devices that a sweep finds."""
    found = swept(
        folder,
        step(5, "plant", {"pick": 9, "from": {"os": "windows"}}, indicators=source),
        step(10, "sweep", "all", indicators=source),
    )
    return devices_with(folder, "planted"), found


def test_planting_makes_exactly_the_planted_devices_match_the_shipped_indicators(tmp_path: Path) -> None:
    infected, found = planted(tmp_path, "library")
    assert infected == found
    assert len(found) == 9


def test_every_shipped_indicator_can_be_planted_on_one_of_the_systems() -> None:
    for path in sorted(INDICATORS.glob("*.ioc")):
        file = parse_file(path)
        assert file.supported, path
        assert any(witness(file, os) is not None for os in deeds.SYSTEMS), path


def test_the_shipped_indicators_match_no_device_by_itself(tmp_path: Path) -> None:
    assert swept(tmp_path, step(10, "sweep", "all", indicators="library")) == set()


def test_planting_what_cannot_be_planted_changes_nobody(tmp_path: Path) -> None:
    body = indicator("OR", item("RegistryItem/Path", "is", "HKEY_LOCAL_MACHINE\\SOFTWARE\\Synthetic"))
    (tmp_path / "iocs").mkdir()
    (tmp_path / "iocs" / "registry.ioc").write_bytes(document("1.0", body))
    found = swept(
        tmp_path,
        step(5, "plant", {"block": "db"}, indicators="iocs"),
        step(10, "sweep", "all", indicators="iocs"),
    )
    assert first_witness((parse_file(tmp_path / "iocs" / "registry.ioc"),), "linux") is None
    assert found == devices_with(tmp_path, "planted") == set()


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published indicators are not beside this checkout")
def test_planting_works_with_the_published_indicators(tmp_path: Path) -> None:
    """Files of many hands, which match no device of ours by itself."""
    timeline = [
        step(5, "plant", {"pick": 9, "from": {"os": "windows"}}, indicators="${iocs}"),
        step(10, "sweep", "all", indicators="${iocs}"),
    ]
    matches = []
    for name, steps in (("clean", timeline[1:]), ("planted", timeline)):
        text = text_of(fleet=FLEET, timeline=steps, duration="30min", params={"iocs": {"default": "library"}})
        # From the command line, as only there a folder may lie anywhere.
        scenario = load_text(text.encode(), "trial.yaml", folder=tmp_path, sets={"iocs": str(PUBLISHED)})
        run(scenario, tmp_path / name)
        matches.append({device for _, device in facts(tmp_path / name, "ioc-match")})
        assert not facts(tmp_path / name, "sweep-failed")
    infected = {device for _, device in facts(tmp_path / "planted", "planted")}
    assert len(infected) == 9
    assert matches == [set(), infected]


# --- faults that these tests have to catch ----------------------------------------------------------------------------


def test_a_file_of_another_hash_is_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = indicators(tmp_path)
    monkeypatch.setattr(
        deeds, "hashes", lambda path: tuple(hashlib.new(name, path.encode()[:-1]).hexdigest() for name in HASHES)
    )
    placed = step(5, "place-file", "office-00001", file="synthetic/dropper")
    assert swept(folder, placed, step(10, "sweep", "all", indicators="iocs")) == set()


def test_planting_everywhere_is_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    true = Control.change_host
    monkeypatch.setattr(
        Control,
        "change_host",
        lambda self, devices, at_ms, change: true(self, self.context.world.group.nonzero()[0], at_ms, change),
    )
    infected, found = planted(tmp_path, "library")
    assert infected != found


def test_taking_a_file_away_is_told_of_devices_that_never_had_it(tmp_path: Path) -> None:
    """The fact says what the scenario did, and its description says so."""
    found = swept(
        indicators(tmp_path),
        step(5, "place-file", "office-00001", file="synthetic/dropper"),
        step(8, "remove-file", {"any": ["office-00001", "office-00002"]}, file="synthetic/dropper"),
        step(10, "sweep", "all", indicators="iocs"),
    )
    assert found == set()
    assert devices_with(tmp_path, "file-removed") == {"office-00001", "office-00002"}
    assert "whether it had the file or not" in FACTS["file-removed"]
