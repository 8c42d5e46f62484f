"""What a sweep saves, and the changes of a device that it must not miss."""

import gc

import pytest

from emulator.ioc import Changes, Instance, Snapshot, Sweep
from emulator.ioc.document import Question
from tests.emulator.ioc.documents import indicator, item, read

IS_A = item("FileItem/FileName", "is", "a.exe", id="name")
BIG = item("FileItem/SizeInBytes", "greater-than", "9", "int", id="size")
RUNS = item("ProcessItem/name", "is", "a.exe", id="process")
FILE: Instance = {"FileName": "a.exe", "SizeInBytes": 10}


def image() -> Snapshot:
    return Snapshot(
        {
            "FileItem": {"one": FILE, "two": {"FileName": "b.exe", "SizeInBytes": 1}},
            "ProcessItem": {"4": {"name": "b.exe"}},
        }
    )


def on(body: str, changes: Changes) -> tuple[str, ...]:
    (match,) = Sweep([read("1.1", body)]).on_device(image(), changes)
    return match.matched_items


def test_an_instance_put_can_make_a_file_match() -> None:
    body = indicator("AND", IS_A, RUNS)
    assert on(body, Changes()) == ()
    assert on(body, Changes(put={"ProcessItem": {"5": {"name": "a.exe"}}})) == ("name", "process")
    assert on(body, Changes(put={"ProcessItem": {"5": {"name": "c.exe"}}})) == ()


def test_an_instance_gone_can_end_a_match() -> None:
    body = indicator("AND", IS_A, BIG)
    assert on(body, Changes()) == ("name", "size")
    assert on(body, Changes(gone={"FileItem": frozenset({"one"})})) == ()
    assert on(body, Changes(gone={"FileItem": frozenset({"two", "unknown"})})) == ("name", "size")


def test_an_instance_replaced_is_judged_as_it_now_is() -> None:
    body = indicator("AND", IS_A, BIG)
    assert on(body, Changes(put={"FileItem": {"one": {"FileName": "a.exe", "SizeInBytes": 9}}})) == ()
    assert on(body, Changes(put={"FileItem": {"one": {"FileName": "A.EXE", "SizeInBytes": 11}}})) == ("name", "size")


def test_another_instance_can_take_the_place_of_one_gone() -> None:
    changes = Changes(put={"FileItem": {"three": FILE}}, gone={"FileItem": frozenset({"one"})})
    assert on(indicator("AND", IS_A, BIG), changes) == ("name", "size")
    first_gone = Changes(gone={"FileItem": frozenset({"one"})})
    assert on(indicator("OR", item("FileItem/FileName", "contains", ".exe", id="x")), first_gone) == ("x",)


def test_an_instance_both_put_and_gone_is_put() -> None:
    changes = Changes(put={"FileItem": {"one": FILE}}, gone={"FileItem": frozenset({"one"})})
    assert on(indicator("AND", IS_A, BIG), changes) == ("name", "size")


def test_changes_name_the_types_that_differ() -> None:
    changes = Changes(put={"UserItem": {}, "PortItem": {"1": {}}}, gone={"FileItem": frozenset({"x"})})
    assert changes.item_types() == ("FileItem", "PortItem")


def test_a_device_without_changes_takes_the_verdicts_of_its_image() -> None:
    sweep = Sweep([read("1.1", indicator("OR", IS_A))])
    base = image()
    assert sweep.on_device(base, Changes()) is sweep.on_image(base)
    unrelated = Changes(put={"FileItem": {"three": {"FileName": "c.exe"}}})
    assert sweep.on_device(base, unrelated) is sweep.on_image(base)


def test_only_what_a_device_changed_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Instance] = []
    genuine = Question.satisfied_by

    def counted(question: Question, instance: Instance) -> bool:
        asked.append(instance)
        return genuine(question, instance)

    monkeypatch.setattr(Question, "satisfied_by", counted)
    bodies = [
        indicator("OR", item("FileItem/FileName", "contains", "a.exe")),
        indicator("AND", item("ProcessItem/name", "contains", "nothing")),
        indicator("OR", item("FileItem/FullPath", "is", "x")),
    ]
    sweep = Sweep([read("1.1", body) for body in bodies])
    base = image()
    for _ in range(100):
        sweep.on_image(base)
        sweep.on_device(base, Changes())
    assert len(asked) == 2, "one file answers, so the other is not asked, and one process is asked"
    asked.clear()
    sweep.on_device(base, Changes(put={"ProcessItem": {"5": {"name": "c.exe"}}}))
    assert asked == [{"name": "c.exe"}]
    asked.clear()
    sweep.on_device(base, Changes(put={"FileItem": {"5": {"FullPath": "y"}, "6": {"FullPath": "X"}}}))
    assert asked == [{"FullPath": "X"}], "one text is looked up, in any case"


def test_unsupported_files_keep_their_place_among_the_verdicts() -> None:
    files = [read("1.1", indicator("OR", RUNS)), read("1.0"), read("1.1", indicator("OR", IS_A))]
    assert [match.matched for match in Sweep(files).on_image(image())] == [False, False, True]


def test_an_image_is_forgotten_with_the_image() -> None:
    sweep = Sweep([read("1.1", indicator("OR", IS_A))])
    base = image()
    sweep.on_image(base)
    del base
    gc.collect()
    assert len(sweep._images) == 0
