"""The common list of quarantined objects, at any moment."""

from emulator.reporting import QuarantineEntry, QuarantineReport
from fakes.administration.quarantine import QuarantineList


def entry(name: str, path: str = "C:\\a.exe") -> QuarantineEntry:
    return QuarantineEntry(name, path, 10, "0" * 32, "0" * 64, 1, "SYSTEM")


def test_an_object_is_listed_from_its_report_to_the_report_of_its_end() -> None:
    objects = QuarantineList()
    objects.receive(0, 100, QuarantineReport(added=(entry("a"),)))
    objects.receive(0, 300, QuarantineReport(removed=("a", "unknown")))
    assert [objects.of(0, at_ms) for at_ms in (99, 100, 299, 300)] == [(), (entry("a"),), (entry("a"),), ()]
    assert objects.of(1, 200) == ()


def test_what_comes_anew_replaces_the_list_of_its_device() -> None:
    objects = QuarantineList()
    objects.receive(0, 100, QuarantineReport(added=(entry("a"), entry("b"))))
    objects.receive(1, 100, QuarantineReport(added=(entry("a"),)))
    objects.receive(0, 200, QuarantineReport(anew=True))
    objects.receive(0, 300, QuarantineReport(added=(entry("b"),), anew=True))
    assert objects.of(0, 250) == ()
    assert objects.of(0, 300) == (entry("b"),)
    assert objects.of(1, 300) == (entry("a"),)


def test_the_newest_object_of_a_path_is_found() -> None:
    objects = QuarantineList()
    objects.receive(0, 100, QuarantineReport(added=(entry("a"), entry("b"), entry("c", "C:\\c.exe"))))
    found = objects.find(0, "c:\\A.exe", 100)
    assert found is not None
    assert found.id == "b"
    assert objects.find(0, "C:\\a.exe", 99) is None
