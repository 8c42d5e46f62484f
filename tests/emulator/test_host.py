from collections.abc import Mapping

import pytest

from emulator.host import (
    KEY_FIELDS,
    HostBase,
    HostChanges,
    dns_entry_item,
    file_item,
    host_base,
    instance_key,
    port_item,
    process_item,
    registry_item,
)
from emulator.ioc.snapshot import ITEM_TYPES, Instance, Snapshot

SLOTS = {"address": "10.20.0.1", "host": "OFFICE-00001", "mac": "02:00:00:00:00:01", "site": "hq", "user": "a.adams01"}


def file(path: str, *, os: str = "windows", md5: str = "0" * 32) -> Instance:
    return file_item(
        os,
        path,
        size_bytes=10,
        md5=md5,
        sha1="0" * 40,
        sha256="0" * 64,
        created="2026-01-01T00:00:00Z",
        modified="2026-01-02T00:00:00Z",
    )


def user(name: str) -> Instance:
    return {"Username": name}


@pytest.fixture
def base() -> HostBase:
    return host_base(
        "windows",
        {
            "FileItem": [file("C:\\a.exe"), file("C:\\b.exe"), file("C:\\Users\\{user}\\c.txt")],
            "UserItem": [user("Administrator"), user("{user}")],
        },
    )


def paths(device: Snapshot) -> list[object]:
    return [item["FullPath"] for item in device.instances("FileItem")]


def test_the_item_types_are_those_that_indicators_know() -> None:
    assert tuple(sorted(KEY_FIELDS)) == ITEM_TYPES


def test_items_without_slots_are_shared(base: HostBase) -> None:
    assert [item["FullPath"] for item in base.shared.instances("FileItem")] == ["C:\\a.exe", "C:\\b.exe"]


def test_items_with_slots_are_marked(base: HostBase) -> None:
    assert {kind: len(templates) for kind, templates in base.own.items()} == {"FileItem": 1, "UserItem": 1}


def test_a_slot_in_one_of_several_values_marks_the_item() -> None:
    made = host_base("windows", {"UserItem": [{"Username": "x", "groups": ("all", "{site}")}]})
    assert made.own
    (item,) = made.device(SLOTS).instances("UserItem")
    assert item["groups"] == ("all", "hq")


def test_a_device_without_changes_has_the_images_items_filled(base: HostBase) -> None:
    assert paths(base.device(SLOTS)) == ["C:\\a.exe", "C:\\b.exe", "C:\\Users\\a.adams01\\c.txt"]
    assert [item["Username"] for item in base.device(SLOTS).instances("UserItem")] == ["Administrator", "a.adams01"]


def test_every_field_of_a_template_is_filled(base: HostBase) -> None:
    item = list(base.device(SLOTS).instances("FileItem"))[-1]
    assert item["FilePath"] == "C:\\Users\\a.adams01"
    assert item["SizeInBytes"] == 10


def test_two_instances_of_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="two instances of FileItem"):
        host_base("windows", {"FileItem": [file("C:\\a.exe"), file("c:\\A.EXE")]})


def test_linux_tells_upper_from_lower_case() -> None:
    made = host_base("linux", {"FileItem": [file("/a", os="linux"), file("/A", os="linux")]})
    assert len(list(made.shared.instances("FileItem"))) == 2


def test_a_placed_file_comes_last(base: HostBase) -> None:
    changes = HostChanges("windows")
    changes.put("FileItem", file("C:\\evil.exe"))
    assert paths(base.device(SLOTS, changes))[-1] == "C:\\evil.exe"
    assert len(paths(base.device(SLOTS, changes))) == 4
    assert len(paths(base.device(SLOTS))) == 3


def test_a_put_replaces_what_the_image_has(base: HostBase) -> None:
    changes = HostChanges("windows")
    changes.put("FileItem", file("C:\\A.EXE", md5="f" * 32))
    device = base.device(SLOTS, changes)
    assert len(paths(device)) == 3
    assert [item["Md5sum"] for item in device.instances("FileItem")].count("f" * 32) == 1


def test_a_put_replaces_a_filled_template(base: HostBase) -> None:
    changes = HostChanges("windows")
    changes.put("FileItem", file("C:\\Users\\a.adams01\\c.txt", md5="f" * 32))
    found = [item["Md5sum"] for item in base.device(SLOTS, changes).instances("FileItem")]
    assert found == ["0" * 32, "0" * 32, "f" * 32]


@pytest.mark.parametrize("path", ["C:\\b.exe", "c:\\B.EXE", "C:\\Users\\a.adams01\\c.txt"])
def test_a_removed_file_is_gone(base: HostBase, path: str) -> None:
    changes = HostChanges("windows")
    changes.remove("FileItem", path)
    device = base.device(SLOTS, changes)
    assert len(paths(device)) == 2
    assert path.casefold() not in [str(found).casefold() for found in paths(device)]


def test_what_was_placed_can_be_removed_and_placed_again(base: HostBase) -> None:
    changes = HostChanges("windows")
    changes.put("FileItem", file("C:\\evil.exe"))
    changes.remove("FileItem", "C:\\evil.exe")
    assert len(paths(base.device(SLOTS, changes))) == 3
    changes.put("FileItem", file("C:\\evil.exe"))
    assert len(paths(base.device(SLOTS, changes))) == 4


def test_removing_what_is_not_there_shows_nowhere(base: HostBase) -> None:
    changes = HostChanges("windows")
    changes.remove("FileItem", "C:\\nowhere.exe")
    assert paths(base.device(SLOTS, changes)) == paths(base.device(SLOTS))


def test_changes_of_a_type_that_the_image_lacks(base: HostBase) -> None:
    changes = HostChanges("windows")
    changes.put("DnsEntryItem", dns_entry_item("bad.example", record_type="A", time_to_live_s=60))
    changes.remove("ServiceItem", "none")
    device = base.device(SLOTS, changes)
    assert [item["Host"] for item in device.instances("DnsEntryItem")] == ["bad.example"]
    assert list(device.instances("ServiceItem")) == []


def test_the_changes_for_a_sweep_hold_only_what_differs(base: HostBase) -> None:
    changes = HostChanges("windows")
    changes.put("FileItem", file("C:\\evil.exe"))
    changes.remove("FileItem", "C:\\b.exe")
    found = base.changes(SLOTS, changes)
    assert sorted(found.put["FileItem"]) == ["c:\\evil.exe", "c:\\users\\a.adams01\\c.txt"]
    assert found.gone["FileItem"] == {"c:\\b.exe"}
    assert "UserItem" not in found.gone


def test_the_revision_grows_with_each_change() -> None:
    changes = HostChanges("windows")
    seen = [changes.revision]
    changes.put("FileItem", file("C:\\x.exe"))
    seen.append(changes.revision)
    changes.remove("FileItem", "C:\\x.exe")
    seen.append(changes.revision)
    assert seen == sorted(set(seen))


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="is known by"):
        HostChanges("windows").remove("PortItem", "TCP", "0.0.0.0")


@pytest.mark.parametrize("instance", [{}, {"FullPath": None}, {"FullPath": ("a", "b")}])
def test_an_instance_without_its_key_is_refused(instance: Mapping[str, tuple[str, ...] | None]) -> None:
    with pytest.raises(ValueError, match="FileItem/FullPath"):
        HostChanges("windows").put("FileItem", instance)


def test_a_host_has_one_system_information() -> None:
    assert instance_key("windows", "SystemInfoItem", {"hostname": "a"}) == ""
    with pytest.raises(ValueError, match="two instances"):
        host_base("windows", {"SystemInfoItem": [{"hostname": "a"}, {"hostname": "b"}]})


@pytest.mark.parametrize(
    ("os", "path", "folder", "name", "extension"),
    [
        ("windows", "C:\\Windows\\System32\\a.b.DLL", "C:\\Windows\\System32", "a.b.DLL", "DLL"),
        ("windows", "C:\\x\\Makefile", "C:\\x", "Makefile", ""),
        ("linux", "/usr/lib/libc.so.6", "/usr/lib", "libc.so.6", "6"),
        ("linux", "/home/u/a\\b.txt", "/home/u", "a\\b.txt", "txt"),
    ],
)
def test_the_parts_of_a_path_follow_the_system(os: str, path: str, folder: str, name: str, extension: str) -> None:
    item = file(path, os=os)
    assert (item["FilePath"], item["FileName"], item["FileExtension"]) == (folder, name, extension)


def test_a_registry_value_has_its_path() -> None:
    item = registry_item(
        "HKEY_LOCAL_MACHINE", "SOFTWARE\\A", "Run", 1, kind="REG_DWORD", modified="2026-01-01T00:00:00Z"
    )
    assert item["Path"] == "HKEY_LOCAL_MACHINE\\SOFTWARE\\A\\Run"
    assert (item["Value"], item["Text"]) == (1, "1")


def test_a_process_is_named_after_its_file() -> None:
    item = process_item(
        "linux", "/usr/bin/tool", pid=5, parent_pid=1, arguments="-x", user="root", started="2026-01-01T00:00:00Z"
    )
    assert (item["name"], item["pid"], item["parentpid"]) == ("tool", 5, 1)


def test_a_connection_and_a_listener_on_one_port_are_two_items() -> None:
    one = port_item(protocol="TCP", local_address="10.0.0.9", local_port=22, state="LISTEN", path="/sshd", pid=2)
    other = port_item(
        protocol="TCP",
        local_address="10.0.0.9",
        local_port=22,
        state="ESTABLISHED",
        path="/sshd",
        pid=2,
        remote_address="10.0.0.7",
        remote_port=40_000,
    )
    assert instance_key("linux", "PortItem", one) != instance_key("linux", "PortItem", other)


@pytest.mark.parametrize("path", ["C:\\Users", "c:\\users\\", "C:\\Users\\a.adams01", "C:\\"])
def test_a_folder_is_there_where_a_file_is_in_it_or_below(base: HostBase, path: str) -> None:
    assert base.has_folder(path, SLOTS)


@pytest.mark.parametrize("path", ["C:\\Use", "C:\\Users\\b.brown02", "D:\\", "C:\\a.exe", "/"])
def test_other_folders_are_not(base: HostBase, path: str) -> None:
    assert not base.has_folder(path, SLOTS)


def test_a_file_that_is_put_makes_its_folder_and_the_last_one_takes_it_away(base: HostBase) -> None:
    changes = HostChanges("windows")
    changes.put("FileItem", file("C:\\Traces\\readme.txt"))
    assert base.has_folder("C:\\Traces", SLOTS, changes)
    changes.remove("FileItem", "C:\\traces\\readme.txt")
    assert not base.has_folder("C:\\Traces", SLOTS, changes)


def test_folders_of_linux_tell_upper_from_lower_case() -> None:
    linux = host_base("linux", {"FileItem": [file("/var/log/syslog", os="linux")]})
    assert linux.has_folder("/var/log", SLOTS)
    assert not linux.has_folder("/var/Log", SLOTS)


@pytest.mark.parametrize("path", ["C:\\a.exe", "c:\\A.EXE", "C:\\Users\\a.adams01\\c.txt"])
def test_a_file_of_the_image_is_found_by_its_path(base: HostBase, path: str) -> None:
    found = base.file(path, SLOTS)
    assert found is not None
    assert str(found["FullPath"]).lower() == path.lower()
    changes = HostChanges("windows")
    changes.remove("FileItem", path)
    assert base.file(path, SLOTS, changes) is None


def test_a_file_of_the_device_stands_before_that_of_the_image(base: HostBase) -> None:
    changes = HostChanges("windows")
    changes.put("FileItem", file("C:\\a.exe", md5="1" * 32))
    found = base.file("c:\\a.exe", SLOTS, changes)
    assert found is not None
    assert found["Md5sum"] == "1" * 32
    assert base.file("C:\\nowhere.exe", SLOTS, changes) is None
