"""The card of a detected indicator (KEA-IOC-042 to KEA-IOC-045)."""

from random import Random

import pytest

from emulator.ioc import FieldValue, Instance, Snapshot, evaluate
from emulator.ioc.card import OBJECTS_MAX, card
from tests.emulator.ioc.documents import indicator, item, read

MD5 = item("FileItem/Md5sum", "is", "a" * 32, id="md5")
NAME = item("FileItem/FileName", "contains", "drop", id="name")
OTHER = item("FileItem/FileName", "is", "never.exe", id="other")
PROCESS = item("ProcessItem/name", "is", "x.exe", id="process")
DROPPER: dict[str, FieldValue] = {
    "FullPath": "C:\\dropper.exe",
    "FileName": "dropper.exe",
    "Md5sum": "a" * 32,
    "SizeInBytes": 7,
}


def device(*files: Instance, processes: tuple[str, ...] = ()) -> Snapshot:
    return Snapshot.of({"FileItem": list(files), "ProcessItem": [{"name": name} for name in processes]})


def test_it_quotes_the_single_condition_that_matched_and_no_other() -> None:
    made = card(read("1.1", indicator("OR", MD5, OTHER)), device(DROPPER))
    assert made is not None
    assert made.conditions == (f"FileItem/Md5sum is '{'a' * 32}'",)
    assert "never.exe" not in str(made)


def test_it_quotes_a_branch_as_a_whole() -> None:
    made = card(
        read("1.1", indicator("OR", OTHER, indicator("AND", MD5, NAME, PROCESS))), device(DROPPER, processes=("x.exe",))
    )
    assert made is not None
    (branch,) = made.conditions
    assert branch.startswith("(")
    assert branch.count(" AND ") == 2
    assert {one.item_type for one in made.objects} == {"FileItem", "ProcessItem"}


def test_it_lists_every_object_that_matches_with_what_a_result_tells_of_it() -> None:
    files = [{**DROPPER, "FullPath": f"C:\\{number}.exe"} for number in range(3)]
    made = card(read("1.1", indicator("OR", MD5)), device(*files, {"FullPath": "C:\\clean.exe", "Md5sum": "b" * 32}))
    assert made is not None
    assert [one.values["FullPath"] for one in made.objects] == ["C:\\0.exe", "C:\\1.exe", "C:\\2.exe"]
    assert "SizeInBytes=7" in str(made.objects[0])


def test_an_object_that_matches_twice_is_listed_once() -> None:
    made = card(read("1.1", indicator("OR", MD5, NAME)), device(DROPPER))
    assert made is not None
    assert len(made.conditions) == 1
    assert len({one.values["FullPath"] for one in made.objects}) == 1


def test_there_is_none_where_nothing_matched() -> None:
    assert card(read("1.1", indicator("OR", OTHER)), device(DROPPER)) is None
    assert card(read("1.1", indicator("AND", MD5, OTHER)), device(DROPPER)) is None


def test_a_branch_that_fails_leaves_no_object_behind() -> None:
    file = read("1.1", indicator("OR", PROCESS, indicator("AND", MD5, OTHER)))
    made = card(file, device(DROPPER, processes=("x.exe",)))
    assert made is not None
    assert [one.item_type for one in made.objects] == ["ProcessItem"]


def test_a_negated_condition_says_so() -> None:
    made = card(read("1.1", indicator("OR", item("FileItem/FileName", "is", "b", negate="true"))), device(DROPPER))
    assert made is not None
    assert made.conditions == ("NOT FileItem/FileName is 'b'",)


def test_the_objects_of_one_question_are_bounded() -> None:
    files = [{**DROPPER, "FullPath": f"C:\\{number}.exe"} for number in range(OBJECTS_MAX + 5)]
    made = card(read("1.1", indicator("OR", MD5)), device(*files))
    assert made is not None
    assert len(made.objects) == OBJECTS_MAX


@pytest.mark.parametrize("seed", range(40))
def test_there_is_a_card_exactly_where_a_file_matches(seed: int) -> None:
    chance = Random(seed)
    leaves = [MD5, NAME, OTHER, PROCESS]

    def tree(depth: int) -> str:
        parts = [chance.choice(leaves) if depth == 0 or chance.random() < 0.5 else tree(depth - 1) for _ in range(2)]
        return indicator(chance.choice(["AND", "OR"]), *parts)

    file = read("1.1", tree(3))
    for host in (device(DROPPER), device(DROPPER, processes=("x.exe",)), device()):
        assert (card(file, host) is not None) is evaluate(file, host).matched
