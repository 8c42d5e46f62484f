"""What a scan sees: presets of files, folders, event logs, documents."""

from collections.abc import Iterable

import pytest

from emulator.ioc.snapshot import Changes, Instance, Snapshot
from emulator.policy.errors import SettingError
from emulator.policy.records import read_record
from emulator.tasks.scan_scope import FileScope, ScanScope, View

FILES = (
    "C:\\Windows\\System32\\a.dll",
    "C:\\Windows\\Temp\\b.exe",
    "C:\\Users\\anna\\AppData\\Local\\Temp\\c.exe",
    "D:\\Data\\d.exe",
    "D:\\Database\\e.exe",
)


def image(paths: Iterable[str]) -> Snapshot:
    return Snapshot({"FileItem": {path.casefold(): {"FullPath": path} for path in paths}})


def seen(scope: ScanScope, os: str = "windows", paths: Iterable[str] = FILES) -> list[str]:
    found = View(os, scope).snapshot(image(paths)).instances("FileItem")
    return [str(one["FullPath"])[-5] for one in found]


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (ScanScope(), "abcde"),
        (ScanScope(FileScope.SYSTEM), "abc"),
        (ScanScope(FileScope.CRITICAL), "bc"),
        (ScanScope(FileScope.CUSTOM, ("d:\\data",)), "d"),
        (ScanScope(FileScope.CUSTOM, ("D:\\Data\\", "C:\\Windows")), "abd"),
        (ScanScope(excludes=("C:\\Windows", "D:\\")), "c"),
    ],
)
def test_a_scope_has_the_files_of_its_preset_without_what_is_excluded(scope: ScanScope, names: str) -> None:
    assert "".join(seen(scope)) == names


def test_on_linux_letter_case_counts() -> None:
    paths = ("/tmp/a.bin", "/home/b.bin", "/Home/c.bin")
    assert seen(ScanScope(FileScope.CRITICAL), "linux", paths) == ["a"]
    assert len(seen(ScanScope(FileScope.CUSTOM, ("/home",)), "linux", paths)) == 1


def test_folders_and_preset_go_together() -> None:
    for data in ({"files": "custom"}, {"files": "system", "folders": ["C:\\a"]}):
        with pytest.raises(SettingError):
            read_record(ScanScope, data)


def entry(log: str, at: str) -> Instance:
    return {"log": log, "genTime": at}


def test_event_logs_are_those_of_the_channels_from_the_date_on() -> None:
    logs = {"a": entry("Security", "2026-01-01T00:00:00Z"), "b": entry("Security", "2026-03-01T00:00:00Z")}
    host = Snapshot({"EventLogItem": {**logs, "c": entry("System", "2026-03-01T00:00:00Z")}})
    scope = read_record(ScanScope, {"channels": ["security"], "events-since": "2026-02-01T00:00"})
    assert list(View("windows", scope).snapshot(host).instances("EventLogItem")) == [logs["b"]]


def test_documents_that_are_left_out_are_as_if_they_were_not_there() -> None:
    host = Snapshot({"FileItem": {"a": {"FullPath": "C:\\a"}}, "UserItem": {"b": {"Username": "b"}}})
    view = View("windows", documents=frozenset({"UserItem"}))
    assert list(view.snapshot(host).instances("FileItem")) == []
    assert len(list(view.snapshot(host).instances("UserItem"))) == 1


def test_a_changed_file_out_of_scope_hides_the_one_of_the_image() -> None:
    view = View("windows", ScanScope(FileScope.CRITICAL))
    changes = Changes(put={"FileItem": {"x": {"FullPath": "D:\\moved.exe"}}})
    assert view.changes(changes).put["FileItem"] == {}
    assert "x" in view.changes(changes).gone["FileItem"]


def test_a_scope_of_everything_costs_nothing() -> None:
    host = image(FILES)
    assert View("windows").snapshot(host) is host
