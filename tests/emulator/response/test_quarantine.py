"""The rules of quarantine: limits, destinations, and that no object is in two places."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.host import file_item
from emulator.ioc.snapshot import Instance
from emulator.policy.errors import SettingError
from emulator.policy.kinds import UNIT_BYTES
from emulator.policy.settings import DEFAULTS, AdministrationSynchronisation, Quarantine
from emulator.response.quarantine import (
    MAXIMUM_REACHED,
    THRESHOLD_REACHED,
    Conflict,
    Destination,
    Fill,
    PathType,
    QuarantineStore,
    fill,
    free_path,
    moved,
    target_folder,
)

MB = UNIT_BYTES["MB"]
LIMITED = Quarantine(limit_size=True, max_size_mb=200, use_threshold=True, threshold_mb=50)


def file(path: str = "C:\\Temp\\a.exe", size_bytes: int = 10 * MB) -> Instance:
    return file_item(
        "windows",
        path,
        size_bytes=size_bytes,
        md5="0" * 32,
        sha1="0" * 40,
        sha256="0" * 64,
        created="2026-01-01T00:00:00Z",
        modified="2026-01-01T00:00:00Z",
    )


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert DEFAULTS.quarantine.folder == "%SOYUZAPPDATA%\\Quarantine\\"
    assert DEFAULTS.quarantine.restored_folder == "%SOYUZAPPDATA%\\Restored\\"
    assert not DEFAULTS.quarantine.limit_size
    assert not DEFAULTS.quarantine.use_threshold
    assert (DEFAULTS.quarantine.max_size_mb, DEFAULTS.quarantine.threshold_mb) == (200, 50)
    assert AdministrationSynchronisation().send_quarantine_data_to_server


@pytest.mark.parametrize("folder", ["Quarantine", "C:", "%NOWHERE%\\a", "C:\\a\\..\\b", "\\\\server\\share", "C:\\a?"])
def test_a_folder_that_no_device_could_have_is_refused(folder: str) -> None:
    with pytest.raises(SettingError):
        Quarantine(folder=folder)


@pytest.mark.parametrize("folder", ["C:\\Quarantine", "%ALLUSERSPROFILE%\\Q\\", "D:\\a b\\c", "%soyuzappdata%\\Q"])
def test_a_folder_with_or_without_variables_is_taken(folder: str) -> None:
    assert Quarantine(folder=folder).folder == folder


@pytest.mark.parametrize(
    ("used_mb", "level"),
    [(0, Fill.ROOM), (50, Fill.ROOM), (149, Fill.ROOM), (150, Fill.THRESHOLD), (200, Fill.MAXIMUM)],
)
def test_the_threshold_is_the_space_that_remains(used_mb: int, level: Fill) -> None:
    assert fill(used_mb * MB, LIMITED) is level


@given(st.integers(0, 10**12))
def test_without_a_maximum_there_is_always_room(used_bytes: int) -> None:
    assert fill(used_bytes, replace(LIMITED, limit_size=False)) is Fill.ROOM


def test_each_limit_is_told_of_once_on_the_way_up_and_again_after_there_was_room() -> None:
    store = QuarantineStore(key=3)
    told = []
    for number in range(24):
        store.add(file(f"C:\\{number}.exe"), "C:\\Q", number)
        told += [(number, one.kind) for one in store.follow(LIMITED)]
    assert told == [(14, THRESHOLD_REACHED), (19, MAXIMUM_REACHED)]
    for held in list(store)[:12]:
        store.remove(held.id)
        assert store.follow(LIMITED) == ()
    for number in range(3):
        store.add(file(f"C:\\again{number}.exe"), "C:\\Q", number)
        told += [(number, one.kind) for one in store.follow(LIMITED)]
    assert told[2:] == [(2, THRESHOLD_REACHED)]


def test_one_large_object_reaches_both_limits_the_threshold_first() -> None:
    store = QuarantineStore(key=3)
    store.add(file(size_bytes=300 * MB), "C:\\Q", 0)
    told = store.follow(LIMITED)
    assert [one.kind for one in told] == [THRESHOLD_REACHED, MAXIMUM_REACHED]
    assert all(one.windows_log and one.severity is not None for one in told)


def test_without_its_check_box_the_threshold_is_not_told_of() -> None:
    store = QuarantineStore(key=3)
    store.add(file(size_bytes=300 * MB), "C:\\Q", 0)
    assert [one.kind for one in store.follow(replace(LIMITED, use_threshold=False))] == [MAXIMUM_REACHED]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 300)), max_size=40))
def test_the_size_is_that_of_the_objects_and_ids_are_never_given_twice(steps: list[tuple[bool, int, int]]) -> None:
    store, ids, taken = QuarantineStore(key=9), set(), 0
    for adds, name, size_mb in steps:
        path = f"C:\\{name}.exe"
        if adds:
            ids.add(store.add(file(path, size_mb * MB), "C:\\Q", taken).id)
            taken += 1
        elif (held := store.of_path(path.upper())) is not None:
            store.remove(held.id)
        assert store.used_bytes == sum(held.size_bytes for held in store)
    assert len(ids) == taken


def test_the_newest_object_of_a_path_is_meant() -> None:
    store = QuarantineStore(key=9)
    store.add(file(), "C:\\Q", 1)
    newest = store.add(file(), "C:\\Q", 2)
    assert store.of_path("c:\\temp\\A.EXE") is newest
    assert store.of_path("C:\\Temp\\b.exe") is None


@pytest.mark.parametrize(
    ("destination", "folder"),
    [
        (Destination(), "C:\\Restored"),
        (Destination(PathType.ORIGINAL), "C:\\Temp"),
        (Destination(PathType.CUSTOM, "%ALLUSERSPROFILE%\\Back\\"), "C:\\ProgramData\\Back"),
        (Destination(PathType.CUSTOM, "%USERPROFILE%\\Back"), "C:\\Users\\anna\\Back"),
    ],
)
def test_an_object_is_restored_to_where_it_is_wanted(destination: Destination, folder: str) -> None:
    held = QuarantineStore(key=9).add(file(), "C:\\Q", 1)
    assert target_folder(held, destination, "C:\\Restored", {"user": "anna"}) == folder


def test_a_file_in_the_way_is_replaced_or_makes_the_restored_one_take_another_name() -> None:
    there = {"C:\\R\\a.exe", "C:\\R\\a (1).exe"}.__contains__
    assert free_path("C:\\R", "a.exe", Conflict.REPLACE, there) == "C:\\R\\a.exe"
    assert free_path("C:\\R", "a.exe", Conflict.RENAME, there) == "C:\\R\\a (2).exe"
    assert free_path("C:\\R", "b", Conflict.RENAME, there) == "C:\\R\\b"


def test_a_moved_file_keeps_what_it_is() -> None:
    there = moved(file(), "D:\\x\\b.txt")
    assert (there["FileName"], there["FilePath"], there["FileExtension"]) == ("b.txt", "D:\\x", "txt")
    assert there["Sha256sum"] == "0" * 64
