"""What is planted for an indicator file makes it match, on every image, and nothing is planted unconfirmed."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import identity
from emulator.exclusions.environment import Os
from emulator.host import KEY_FIELDS, HostBase, HostChanges, instance_key
from emulator.images import IMAGES
from emulator.ioc import ITEM_TYPES, IndicatorFile, Instance, Snapshot, Sweep, evaluate, parse, parse_file
from emulator.ioc import witness as witness_module
from emulator.ioc.witness import FIELD_CONDITION_MAX, INSTANCE_COUNT_MAX, first_witness, witness
from tests.emulator.ioc.documents import alone, document, indicator, item, meets, read
from tests.emulator.ioc.makers import Maker
from tests.emulator.ioc.makers import read as read_trees
from tests.emulator.ioc.test_reference import makers

Witness = Mapping[str, tuple[Instance, ...]]
SLOTS = identity.slots(7, "office", 0)


def confirmed(file: IndicatorFile, os: Os, found: Witness) -> bool:
    """Whether these instances, put on an empty host one after the other, make the file match."""
    changes = HostChanges(os)
    for kind, instances in found.items():
        for instance in instances:
            changes.put(kind, instance)
    device = HostBase(os, Snapshot({}), {}).device({}, changes)
    kept = {kind: len(tuple(device.instances(kind))) for kind in found}
    return kept == {kind: len(instances) for kind, instances in found.items()} and evaluate(file, device).matched


def found_on(file: IndicatorFile, os: Os = "windows") -> Witness:
    found = witness(file, os)
    assert found is not None
    assert confirmed(file, os, found)
    return found


def only(file: IndicatorFile, os: Os = "windows") -> Instance:
    """The one instance of a witness."""
    ((instance,),) = found_on(file, os).values()
    return instance


def asking(*items: str, version: str = "1.1") -> IndicatorFile:
    return read(version, indicator("AND", *items))


CONDITIONS = [
    ("is", "Evil.exe", "string", "evil.exe"),
    ("contains", "Evil", "md5", "evil"),
    ("starts-with", "C:\\Temp", "string", "c:\\temp"),
    ("ends-with", ".EXE", "string", ".exe"),
    ("matches", r"^Tasks\\At\d+\.job$", "string", "Tasks\\At0.job"),
    ("matches", r"\x4d\x5A.+\s?x*\w", "string", "MZxa"),
    ("is", " 0x10 ", "int", 16),
    ("is", "[3 TO 9]", "int", 3),
    ("greater-than", "9", "int", 10),
    ("less-than", "9", "int", 8),
    ("is", "2026-01-01T00:00:00Z", "date", "2026-01-01T00:00:00Z"),
    ("is", "2026-01-01T00:00:00.5Z TO 2026-01-02T00:00:00Z", "date", "2026-01-01T00:00:00.500000Z"),
    ("greater-than", "2026-01-01T00:00:00Z", "date", "2026-01-01T00:00:00.000001Z"),
    ("less-than", "2026-01-01T00:00:00Z", "date", "2025-12-31T23:59:59.999999Z"),
    ("is", "PT1M", "duration", 60),
    ("is", "1.50", "duration", "1.5"),
    ("greater-than", "1.5", "duration", "2.5"),
    ("less-than", "P1D", "duration", 86_399),
]


@pytest.mark.parametrize(("condition", "content", "kind", "value"), CONDITIONS)
def test_a_condition_is_met_by_what_it_asks_for(condition: str, content: str, kind: str, value: object) -> None:
    assert only(alone(condition, content, kind))["F"] == value


@pytest.mark.parametrize(("condition", "content", "kind", "value"), CONDITIONS)
def test_a_negated_condition_is_met_by_another_value(condition: str, content: str, kind: str, value: object) -> None:
    planted = only(alone(condition, content, kind, negate="true"))["F"]
    assert planted not in (None, "")
    assert not meets(alone(condition, content, kind), planted)


@pytest.mark.parametrize("condition", ["isnot", "containsnot"])
def test_the_older_negations_are_met_too(condition: str) -> None:
    assert only(alone(condition, "a", version="1.0"))["F"] is not None


def test_case_is_kept_where_it_counts() -> None:
    assert only(alone("is", "Evil.EXE", preserve_case="true"))["F"] == "Evil.EXE"


@pytest.mark.parametrize("pattern", ["(a|b)", "[ab]", "a{2}", "a|b", r"\pL", r"\bword", "(?i)a", "$a^", "a*"])
def test_a_pattern_that_spells_no_text_is_given_up(pattern: str) -> None:
    assert witness(alone("matches", pattern), "windows") is None


@pytest.mark.parametrize(("kind", "content"), [("int", "x"), ("string", " "), ("date", "2026-01-01")])
def test_a_broken_item_has_no_witness(kind: str, content: str) -> None:
    assert witness(alone("is", content, kind), "windows") is None


@pytest.mark.parametrize(
    ("condition", "end"), [("less-than", "0001-01-01T00:00:00Z"), ("greater-than", "9999-12-31T23:59:59.999999Z")]
)
def test_there_is_no_moment_beyond_the_calendar(condition: str, end: str) -> None:
    assert witness(alone(condition, end, "date"), "windows") is None


TOGETHER = [
    ([("starts-with", "c:\\"), ("contains", "temp"), ("ends-with", ".exe")], "c:\\temp.exe"),
    ([("starts-with", "evil.exe"), ("ends-with", ".exe")], "evil.exe"),
    ([("contains", "temp"), ("contains", "emp"), ("matches", r"\\x")], "temp\\x"),
    ([("is", "evil.exe"), ("contains", "vil")], "evil.exe"),
]


@pytest.mark.parametrize(("asked", "value"), TOGETHER)
def test_conditions_on_one_field_are_met_by_one_value(asked: list[tuple[str, str]], value: str) -> None:
    items = [item("FileItem/F", condition, content) for condition, content in asked]
    assert only(asking(*items))["F"] == value


def test_a_text_that_is_excluded_as_it_is_asked_for_is_lengthened() -> None:
    ending, excluded = item("FileItem/F", "ends-with", ".exe"), item("FileItem/F", "is", ".exe", negate="true")
    assert re.fullmatch(r"\w{12}-0\.exe", str(only(asking(ending, excluded))["F"]))


def test_bounds_on_one_number_are_met_by_a_number_between() -> None:
    above = item("FileItem/SizeInBytes", "greater-than", "5", "int")
    below = item("FileItem/SizeInBytes", "less-than", "10", "int")
    other = item("FileItem/SizeInBytes", "is", "6", "int", negate="true")
    assert only(asking(above, below))["SizeInBytes"] == 6
    assert only(asking(below, above, other))["SizeInBytes"] == 9


def test_what_one_value_cannot_meet_is_met_by_several() -> None:
    names = [item("FileItem/StringList/string", "is", text) for text in ("a", "b", "a")]
    excluded = item("FileItem/StringList/string", "contains", "c", negate="true")
    assert only(asking(*names, excluded))["StringList/string"] == ("a", "b")


def test_a_field_of_the_key_never_has_several_values() -> None:
    paths = [item("FileItem/FullPath", "is", text) for text in ("C:\\a", "C:\\b")]
    assert witness(asking(*paths), "windows") is None


def test_a_contradiction_has_no_witness() -> None:
    wanted, unwanted = item("FileItem/F", "is", "a"), item("FileItem/F", "contains", "A", negate="true")
    assert witness(asking(wanted, unwanted), "windows") is None
    assert found_on(asking(wanted))


def test_too_many_conditions_on_one_field_are_not_tried() -> None:
    items = [item("FileItem/F", "contains", f"v{number}") for number in range(FIELD_CONDITION_MAX + 1)]
    assert found_on(asking(*items[1:]))
    assert witness(asking(*items), "windows") is None


def test_too_many_instances_are_not_planted() -> None:
    parts = [indicator("AND", item("FileItem/F", "is", f"v{number}")) for number in range(INSTANCE_COUNT_MAX + 1)]
    assert len(found_on(asking(*parts[1:]))["FileItem"]) == INSTANCE_COUNT_MAX
    assert witness(asking(*parts), "windows") is None


NAME = item("FileItem/FileName", "is", "evil.exe")
SIZE = item("FileItem/SizeInBytes", "is", "7", "int")
RUNS = item("ProcessItem/name", "is", "evil.exe")
HOPELESS = item("FileItem/FileName", "matches", "[ab]")


def test_items_tied_together_make_one_instance() -> None:
    file = only(asking(NAME, SIZE))
    assert (file["FileName"], file["SizeInBytes"]) == ("evil.exe", 7)


def test_an_and_plants_for_every_part() -> None:
    found = found_on(asking(NAME, RUNS, indicator("AND", SIZE)))
    assert {kind: len(instances) for kind, instances in found.items()} == {"FileItem": 2, "ProcessItem": 1}


def test_what_is_planted_already_is_not_planted_again() -> None:
    found = found_on(asking(NAME, SIZE, indicator("OR", NAME), indicator("AND", SIZE)))
    assert {kind: len(instances) for kind, instances in found.items()} == {"FileItem": 1}


def test_an_or_takes_its_first_alternative_that_can_be_met() -> None:
    assert set(found_on(read("1.1", indicator("OR", HOPELESS, RUNS, SIZE)))) == {"ProcessItem"}
    inner = indicator("OR", indicator("AND", SIZE, HOPELESS), indicator("AND", RUNS))
    assert set(found_on(read("1.1", indicator("AND", inner)))) == {"ProcessItem"}


def test_an_and_with_a_part_that_cannot_be_met_has_no_witness() -> None:
    assert witness(asking(NAME, indicator("OR", HOPELESS)), "windows") is None


def test_the_next_indicator_is_tried_where_the_first_has_no_witness() -> None:
    file = read("1.1", indicator("AND", HOPELESS), indicator("AND", RUNS))
    assert set(found_on(file)) == {"ProcessItem"}


def test_two_instances_never_have_one_key() -> None:
    path = item("FileItem/FullPath", "is", "C:\\a")
    parts = indicator("AND", path, SIZE), indicator("AND", path, item("FileItem/SizeInBytes", "is", "8", "int"))
    assert witness(asking(*parts), "windows") is None
    assert len(found_on(asking(parts[0], indicator("AND", NAME)))["FileItem"]) == 2


def test_a_number_too_long_for_a_key_is_given_up() -> None:
    number = "0x" + "f" * 3_900
    assert witness(asking(item("ProcessItem/pid", "is", number, "int")), "windows") is None
    assert only(asking(item("ProcessItem/parentpid", "is", number, "int")))["parentpid"] == int(number, 16)


@pytest.mark.parametrize("kind", sorted(set(ITEM_TYPES) - {"SystemInfoItem"}))
def test_each_item_type_gets_the_fields_of_its_key(kind: str) -> None:
    instance = only(asking(item(f"{kind}/Other", "is", "x")))
    assert set(KEY_FIELDS[kind]) <= set(instance)
    assert instance_key("windows", kind, instance)


@pytest.mark.parametrize("kind", ITEM_TYPES)
def test_linux_gets_only_what_is_read_there(kind: str) -> None:
    found = witness(asking(item(f"{kind}/Other", "is", "x")), "linux")
    assert (found is not None) == (kind in {"ArpEntryItem", "FileItem", "PortItem", "ProcessItem"})


def test_the_system_itself_is_not_planted() -> None:
    system = item("SystemInfoItem/OS", "is", "x")
    assert witness(asking(system), "windows") is None
    assert found_on(read("1.1", indicator("OR", system, NAME)))


def path_of(os: Os, *items: str) -> str:
    instance = only(asking(*items), os)
    module_path = str(instance["FullPath"])
    assert module_path.endswith(str(instance["FileName"]))
    return module_path


def test_a_file_lies_where_its_other_fields_say() -> None:
    folder = item("FileItem/FilePath", "is", "\\Windows\\Tasks")
    drive = item("FileItem/FilePath", "is", "D:\\")
    text = item("FileItem/FileExtension", "is", "txt")
    assert path_of("windows", folder, NAME) == "C:\\windows\\tasks\\evil.exe"
    assert path_of("windows", drive, NAME) == "d:\\evil.exe"
    assert path_of("windows", item("FileItem/FullPath", "is", "C:\\X\\a.exe")) == "c:\\x\\a.exe"
    assert re.fullmatch(r"C:\\ProgramData\\Synthetic\\(\w{12}-0)\\\1\.txt", path_of("windows", text))
    assert re.fullmatch(r"/opt/synthetic/\w{12}-0/evil\.exe", path_of("linux", NAME))
    assert path_of("linux", item("FileItem/FilePath", "is", "/tmp"), NAME) == "/tmp/evil.exe"


def test_the_folder_and_the_name_follow_from_a_full_path() -> None:
    file = only(asking(item("FileItem/FullPath", "is", "C:\\x\\a.exe")))
    assert (file["FilePath"], file["FileName"]) == ("c:\\x", "a.exe")


def test_a_field_with_only_exclusions_keeps_its_usual_value() -> None:
    file = only(asking(NAME, item("FileItem/FullPath", "contains", "\\windows\\", negate="true")))
    assert str(file["FullPath"]).startswith("C:\\ProgramData\\Synthetic\\")
    assert str(file["FullPath"]).endswith("\\evil.exe")


def test_a_process_a_registry_value_and_a_name_are_completed() -> None:
    process = only(asking(item("ProcessItem/path", "is", "C:\\x\\a.exe")))
    assert (process["name"], isinstance(process["pid"], int)) == ("a.exe", True)
    key, value = item("RegistryItem/KeyPath", "is", "Software\\Run"), item("RegistryItem/ValueName", "is", "x")
    hive = item("RegistryItem/KeyPath", "is", "HKEY_CURRENT_USER\\Run")
    assert only(asking(key, value))["Path"] == "HKEY_LOCAL_MACHINE\\software\\run\\x"
    assert only(asking(hive, value))["Path"] == "hkey_current_user\\run\\x"
    entry = only(asking(item("DnsEntryItem/RecordName", "is", "c2.example")))
    assert (entry["Host"], entry["RecordType"]) == ("c2.example", "A")


def test_a_port_with_a_remote_end_is_a_connection() -> None:
    connection = only(asking(item("PortItem/remoteIP", "is", "192.0.2.1")))
    listening = only(asking(item("PortItem/process", "is", "x")))
    assert (connection["remoteIP"], connection["remotePort"]) == ("192.0.2.1", 443)
    assert (listening["remoteIP"], listening["remotePort"]) == ("", 0)


@pytest.mark.parametrize("kind", sorted(set(ITEM_TYPES) - {"SystemInfoItem"}))
def test_files_with_other_identifiers_get_instances_with_other_keys(kind: str) -> None:
    body = indicator("AND", item(f"{kind}/Other", "is", "x"), indicator("AND", item(f"{kind}/Other", "is", "y")))
    files = [parse(document("1.1", body, id=f"file-{number}"), "same.ioc") for number in range(40)]
    keys = Counter(instance_key("windows", kind, one) for file in files for one in found_on(file)[kind])
    assert len(keys) == 80


def test_without_an_identifier_the_name_of_the_file_tells() -> None:
    body = indicator("AND", item("UserItem/Other", "is", "x"))
    names = [only(parse(document("1.1", body, id=None), name))["Username"] for name in ("a.ioc", "b.ioc", "a.ioc")]
    assert names[0] == names[2] != names[1]


def test_the_first_file_with_a_witness_is_taken() -> None:
    files = [asking(HOPELESS), read("1.1"), asking(NAME), asking(RUNS)]
    found = first_witness(files, "windows")
    assert found is not None
    assert found == (files[2], witness(files[2], "windows"))
    assert first_witness(files[:2], "windows") is None


def test_nothing_is_returned_that_does_not_make_the_file_match(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_module._Search, "holding", lambda search, part, planted: planted)
    assert witness(asking(NAME), "windows") is None


TERMS = [
    *("FileItem/FullPath", "FileItem/FilePath", "FileItem/FileName", "FileItem/SizeInBytes"),
    *("ProcessItem/pid", "ProcessItem/name", "RegistryItem/Path", "RegistryItem/KeyPath", "DnsEntryItem/Host"),
    *("PortItem/remoteIP", "PortItem/localPort", "SystemInfoItem/OS", "DriverItem/Name"),
]
KINDS = {
    "string": ["a", "A", "ab", "C:\\x", "\\x\\", "/tmp", "1", "ß", "{user}"],
    "int": ["1", "0x2", "1 TO 3", "-1"],
    "date": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z TO 2026-01-01T00:00:00.5Z"],
    "duration": ["1", "PT1M", "0.5"],
}
TEXT_CONDITIONS = ["is", "contains", "starts-with", "ends-with", "matches"]


@st.composite
def leaves(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["string", "string", *KINDS]))
    condition = draw(st.sampled_from(TEXT_CONDITIONS if kind == "string" else ["is", "greater-than", "less-than"]))
    return item(
        draw(st.sampled_from(TERMS)),
        condition,
        draw(st.sampled_from(KINDS[kind])),
        kind,
        negate=draw(st.sampled_from(["false", "false", "true"])),
    )


trees = st.recursive(
    leaves(),
    lambda parts: st.builds(
        lambda operator, children: indicator(operator, *children),
        st.sampled_from(["AND", "OR"]),
        st.lists(parts, min_size=1, max_size=4),
    ),
    max_leaves=12,
)
systems: st.SearchStrategy[Os] = st.sampled_from(["windows", "linux"])


@given(body=st.lists(trees, min_size=1, max_size=3), os=systems)
def test_whatever_is_planted_makes_the_file_match(body: list[str], os: Os) -> None:
    file = read("1.1", indicator("AND", *body))
    found = witness(file, os)
    assert found == witness(read("1.1", indicator("AND", *body)), os)
    if found is not None:
        assert confirmed(file, os, found)
        assert all(instances for instances in found.values())


@given(maker=makers)
def test_a_device_that_also_has_what_is_planted_matches(maker: Maker) -> None:
    file = read_trees(*maker.document())
    found = witness(file, "windows")
    if found is not None:
        device = maker.device()
        together = {
            kind: {**device.items.get(kind, {}), **{f"planted {place}": one for place, one in enumerate(planted)}}
            for kind, planted in found.items()
        }
        assert evaluate(file, Snapshot({**device.items, **together})).matched


def test_files_that_random_devices_match_have_a_witness() -> None:
    """Nearly all of them: `None` always would satisfy every other test of random files."""
    made = [Maker(Random(seed), 1 + seed % 4) for seed in range(400)]
    files = [(read_trees(*maker.document()), maker) for maker in made]
    met = [file for file, maker in files if any(evaluate(file, maker.device()).matched for _ in range(4))]
    assert len(met) > 200
    assert sum(witness(file, "windows") is not None for file in met) > 0.97 * len(met)


@pytest.mark.parametrize("fault", ["value", "key"])
def test_the_confirmation_notices_a_witness_that_is_wrong(fault: str) -> None:
    file = asking(NAME, indicator("AND", SIZE))
    first, second = found_on(file)["FileItem"]
    if fault == "value":
        assert not confirmed(file, "windows", {"FileItem": ({**first, "FileName": "x"}, second)})
    else:
        assert not confirmed(file, "windows", {"FileItem": (first, {**second, "FullPath": first["FullPath"]})})


# Of the 327 supported published files 211 (Windows) and 208 (Linux) have a witness: all but three of those with an
# item that is read at all.
SHARES: list[tuple[Os, float]] = [("windows", 0.63), ("linux", 0.62)]


@pytest.fixture(scope="module")
def supported(published: list[Path]) -> list[IndicatorFile]:
    return [file for file in map(parse_file, published) if file.supported]


@pytest.mark.parametrize(("os", "share"), SHARES)
def test_most_published_files_have_a_witness(supported: list[IndicatorFile], os: Os, share: float) -> None:
    found = [(file, planted) for file in supported if (planted := witness(file, os)) is not None]
    assert all(confirmed(file, os, planted) for file, planted in found)
    assert len(found) >= share * len(supported)
    assert len(found) <= sum(bool(file.alternatives) for file in supported)


@pytest.mark.parametrize("name", IMAGES)
def test_what_is_planted_on_a_device_of_an_image_is_found_by_a_sweep(name: str, supported: list[IndicatorFile]) -> None:
    image = IMAGES[name]
    made = asking(NAME, SIZE, RUNS)
    files = [made, *supported]
    sweep = Sweep(files)
    base = image.host.shared
    assert not sweep.on_device(base, image.host.changes(SLOTS))[0].matched
    planted = 0
    for index, file in enumerate(files):
        found = witness(file, image.os)
        if found is None:
            continue
        changes = HostChanges(image.os)
        for kind, instances in found.items():
            for instance in instances:
                changes.put(kind, instance)
        assert sweep.on_device(base, image.host.changes(SLOTS, changes))[index].matched, file.name
        planted += 1
    assert planted > 200


@pytest.mark.parametrize("os", ["windows", "linux"])
def test_everything_can_be_planted_on_one_device(os: Os, supported: list[IndicatorFile]) -> None:
    files = list({file.id: file for file in supported}.values())
    changes = HostChanges(os)
    planted = []
    for index, file in enumerate(files):
        found = witness(file, os)
        planted += [index] if found else []
        for kind, instances in (found or {}).items():
            for instance in instances:
                changes.put(kind, instance)
    matches = Sweep(files).on_device(Snapshot({}), HostBase(os, Snapshot({}), {}).changes({}, changes))
    assert [files[index].name for index in planted if not matches[index].matched] == []
