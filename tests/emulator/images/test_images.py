import pickle
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

import pytest

from emulator import identity, life
from emulator.chance import device_key
from emulator.clock import HOUR_SLOTS, WEEK_HOURS
from emulator.events import EVENT_TYPES, HIGH_TYPES, PROCESS_START, Direction, EventClass
from emulator.images import IMAGES, Image, image, linux, windows
from emulator.images.statistics import statistics
from emulator.images.windows_host import windows_host
from emulator.policy.settings import RequestThrottling

LIVELY = tuple(name for name in IMAGES if name != "quiet")
SLOTS = identity.slots(device_key(1, "trial", 0), "trial", 0)


def codes(made: Image, *, path_end: str = "", port: int = 0) -> set[int]:
    """The codes of the network classes of one process, or to or at one port."""
    found = set()
    for item in made.classes:
        code, peer = EVENT_TYPES[item.type].code, item.peer
        if peer is None or code is None or not item.process.path.endswith(path_end):
            continue
        at = peer.local_port if peer.direction is Direction.INBOUND else peer.remote_port
        if port in (0, at):
            found.add(code)
    return found


def clashes(classes: Iterable[EventClass]) -> set[str]:
    """Names that stand for more than one class."""
    seen: dict[str, EventClass] = {}
    return {item.name for item in classes if seen.setdefault(item.name, item) is not item}


def test_the_shipped_images_are_these() -> None:
    assert tuple(IMAGES) == (
        "linux-database",
        "linux-server",
        "linux-workstation",
        "quiet",
        "windows-jump-host",
        "windows-office",
        "windows-server",
    )
    assert len(IMAGES) == 7
    assert "quiet" in IMAGES
    assert "windows-toaster" not in IMAGES


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_bears_its_name_and_is_one_object(name: str) -> None:
    assert image(name) is IMAGES[name]
    assert image(name).name == name
    assert image(name).about


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="windows-toaster"):
        image("windows-toaster")


def test_listing_the_images_loads_none() -> None:
    code = (
        "import sys; from emulator.images import IMAGES; list(IMAGES); sys.exit('emulator.images.quiet' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", LIVELY)
def test_an_image_has_enough_classes_and_not_too_many(name: str) -> None:
    assert 25 <= len(image(name).classes) <= 45


def test_nothing_happens_on_the_quiet_image() -> None:
    quiet = image("quiet")
    assert (quiet.classes, quiet.caps, quiet.rare) == ((), (), ())
    tables = life.hour_tables(quiet, 10)
    assert (tables.common, tables.rare) == ((), ())
    assert tables.counts.shape == (0, life.LEVELS, life.CELLS)
    assert tables.thresholds.shape == (0, life.LEVELS)


def test_one_name_is_one_class_over_all_images() -> None:
    everything = [item for name in IMAGES for item in image(name).classes]
    assert not clashes(everything)
    assert clashes([*everything, replace(everything[3])]) == {everything[3].name}


@pytest.mark.parametrize("name", LIVELY)
def test_images_of_a_system_share_the_classes_of_its_services(name: str) -> None:
    base = windows.CLASSES if image(name).os == "windows" else linux.CLASSES
    assert {item.name for item in base} <= {item.name for item in image(name).classes}


@pytest.mark.parametrize("name", LIVELY)
def test_both_codes_are_there_for_smb_and_network_agent(name: str) -> None:
    made = image(name)
    assert codes(made, port=windows.SMB_PORT) == {8, 102}
    assert codes(made, path_end="klnagent.exe" if made.os == "windows" else "klnagent") == {8, 102}


@pytest.mark.parametrize("name", ["windows-jump-host", "windows-server"])
def test_both_codes_are_there_for_winrm(name: str) -> None:
    assert codes(image(name), port=windows.WINRM_PORT) == {8, 102}


@pytest.mark.parametrize("name", LIVELY)
def test_both_codes_are_there_for_a_control(name: str) -> None:
    assert codes(image(name), port=53) == {8, 102}


@pytest.mark.parametrize("name", LIVELY)
def test_every_kind_of_event_is_there_but_detections(name: str) -> None:
    made = image(name)
    expected = {kind.name for kind in EVENT_TYPES} - {"threat-detection", "prevention"}
    if made.os == "linux":
        expected.remove("registry-change")
    assert {EVENT_TYPES[item.type].name for item in made.classes} == expected


@pytest.mark.parametrize("name", LIVELY)
def test_one_process_image_starts_in_several_classes(name: str) -> None:
    starts = [item.process.image for item in image(name).classes if item.type == PROCESS_START]
    assert len(set(starts)) < len(starts)


@pytest.mark.parametrize("name", LIVELY)
def test_a_start_recurs_within_a_day(name: str) -> None:
    starts = [item for item in image(name).classes if item.type == PROCESS_START]
    assert max(sum(item.rates[:24]) for item in starts) > 100_000


@pytest.mark.parametrize("name", LIVELY)
def test_some_template_depends_on_the_device(name: str) -> None:
    texts = [
        text for item in image(name).classes for text in (item.subject, item.process.path, item.process.command_line)
    ]
    assert any(identity.has_slots(text) for text in texts)


@pytest.mark.parametrize("name", [name for name in LIVELY if name.startswith("windows")])
def test_windows_processes_say_what_they_are(name: str) -> None:
    for item in image(name).classes:
        process = item.process
        assert all((process.command_line, process.description, process.original_name, process.version)), item.name


@pytest.mark.parametrize("name", LIVELY)
def test_processes_and_their_parents_are_files_of_the_host(name: str) -> None:
    made = image(name)
    files = {
        item["FullPath"]: item
        for kind in (made.host.shared.instances, made.host.own.get)
        for item in kind("FileItem") or ()
    }
    for item in made.classes:
        assert files[item.process.path]["Sha256sum"] == item.process.sha256
        assert files[item.process.path]["Md5sum"] == item.process.md5
        assert not item.process.parent_path or item.process.parent_path in files, item.process.parent_path


@pytest.mark.parametrize("name", IMAGES)
def test_running_processes_ports_and_services_agree(name: str) -> None:
    device = image(name).host.device(SLOTS)
    running = {item["pid"]: item for item in device.instances("ProcessItem")}
    files = {item["FullPath"] for item in device.instances("FileItem")}
    assert {item["path"] for item in running.values()} <= files
    for kind in ("PortItem", "ServiceItem"):
        for item in device.instances(kind):
            assert running[item["pid"]]["path"] == item["path"]
    roots = [item for item in running.values() if item["parentpid"] == 0]
    assert all(item["parentpid"] in running for item in running.values() if item not in roots)


@pytest.mark.parametrize("name", IMAGES)
def test_a_host_names_its_device(name: str) -> None:
    (system,) = image(name).host.device(SLOTS).instances("SystemInfoItem")
    assert system["hostname"] == "TRIAL-00001"
    assert system["primaryIpv4Address"] == SLOTS["address"]
    assert system["MAC"] == SLOTS["mac"]


@pytest.mark.parametrize("name", IMAGES)
def test_no_slot_is_left_in_a_device(name: str) -> None:
    device = image(name).host.device(SLOTS)
    for instances in device.items.values():
        for item in instances.values():
            assert not any(identity.has_slots(str(value)) for value in item.values())


@pytest.mark.parametrize("name", IMAGES)
def test_few_items_depend_on_the_device(name: str) -> None:
    assert sum(map(len, image(name).host.own.values())) <= 20


def test_what_lies_on_a_share_is_no_file_of_the_host() -> None:
    subjects = [item.subject for item in image("windows-office").classes]
    paths = [str(item["FullPath"]) for item in image("windows-office").host.device(SLOTS).instances("FileItem")]
    assert any(subject.startswith("\\\\") for subject in subjects)
    assert not any(path.startswith("\\\\") for path in paths)


def test_remote_desktops_are_let_in_where_there_is_a_listener() -> None:
    found = {}
    for name in ("windows-jump-host", "windows-office"):
        for item in image(name).host.device(SLOTS).instances("RegistryItem"):
            if item["ValueName"] == "fDenyTSConnections":
                found[name] = item["Value"]
    assert found == {"windows-jump-host": 0, "windows-office": 1}


def test_a_linux_host_has_the_items_that_a_scan_reads_there() -> None:
    for name in ("linux-database", "linux-server", "linux-workstation"):
        kinds = set(image(name).host.device(SLOTS).items)
        assert kinds == {"ArpEntryItem", "FileItem", "PortItem", "ProcessItem", "SystemInfoItem"}


def test_two_hosts_made_alike_are_alike() -> None:
    one, other = (windows_host((), system="Windows 10 Pro", build=19_045) for _ in range(2))
    assert one.device(SLOTS).items == other.device(SLOTS).items


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_survives_the_way_to_another_process(name: str) -> None:
    made = image(name)
    copy = pickle.loads(pickle.dumps(made))  # ours, from above
    assert copy.classes == made.classes
    assert copy.host.device(SLOTS).items == made.host.device(SLOTS).items
    assert (life.hour_tables(copy, 9).counts == life.hour_tables(made, 9).counts).all()


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("linux-database", 250, 350),
        ("linux-server", 900, 1_100),
        ("windows-jump-host", 800, 1_000),
        ("windows-server", 1_100, 1_300),
    ],
)
def test_a_server_has_its_mean_over_the_week(name: str, least: int, most: int) -> None:
    assert least <= statistics(image(name)).mean <= most


@pytest.mark.parametrize(
    ("name", "least", "most"), [("linux-workstation", 1_000, 1_200), ("windows-office", 1_700, 1_900)]
)
def test_a_workstation_has_its_mean_over_working_hours(name: str, least: int, most: int) -> None:
    assert least <= statistics(image(name)).working <= most


def test_the_office_is_busiest_in_the_logon_wave() -> None:
    found = statistics(image("windows-office"))
    assert found.busiest_hour % 24 == 8
    assert 3_100 <= found.busiest <= 3_700


def hourly_at_the_highest_level(made: Image, hour: int) -> dict[int, float]:
    """Mean events of each type in an hour of the week, of a device at the highest level."""
    tables, found = life.hour_tables(made, hour), defaultdict[int, float](float)
    for place, index in enumerate(tables.common):
        found[made.classes[index].type] += tables.counts[place][-1].mean() * HOUR_SLOTS
    for place, index in enumerate(tables.rare):
        found[made.classes[index].type] += float(tables.thresholds[place][-1]) / 2**64 * HOUR_SLOTS
    return found


def cut(name: str) -> bool:
    """Whether throttling with its defaults may cut a device of an image, five standard deviations allowed for."""
    limits = RequestThrottling()
    share = limits.max_events_per_hour * limits.percentage_of_event_limit_excess / 100
    for hour in range(WEEK_HOURS):
        found = hourly_at_the_highest_level(image(name), hour)
        low = max(mean for kind, mean in found.items() if kind >= HIGH_TYPES)
        if low + 5 * low**0.5 > share or sum(found.values()) * 1.2 > limits.max_events_per_hour:
            return True
    return False


def test_a_database_alone_is_never_throttled() -> None:
    assert [name for name in LIVELY if not cut(name)] == ["linux-database"]


@pytest.mark.parametrize("name", LIVELY)
def test_events_of_high_importance_are_a_minority(name: str) -> None:
    assert statistics(image(name)).high_share <= 0.15
