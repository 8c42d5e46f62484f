"""The published indicator files: all are read, counted as known, and survive being damaged."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.ioc import IndicatorFile, Snapshot, Sweep, evaluate, parse, parse_file
from emulator.ioc.document import Indicator, Item

DEVICE = Snapshot.of(
    {
        "FileItem": [{"FileName": "movie.swf", "SizeInBytes": 214976}, {"FileName": "a.dll", "PEInfo/Type": "Dll"}],
        "ProcessItem": [{"name": "svchost.exe", "arguments": "-k netsvcs", "pid": 4}],
        "RegistryItem": [{"KeyPath": "Software\\Microsoft\\Windows\\CurrentVersion\\Run", "ValueName": "x"}],
    }
)


def test_all_are_read_and_counted(published: list[Path]) -> None:
    files = [parse_file(path) for path in published]
    assert len(files) == 328
    assert Counter(file.version for file in files) == {"1.1": 300, "1.0": 27, None: 1}
    assert [file.name for file in files if not file.supported] == ["SUSPICIOUS_DLL_LOAD_METHODOLOGY.88e7f02b.ioc"]
    assert len({term for file in files for term in file.terms}) == 108
    assert sum(file.item_count for file in files) == 7992


def test_every_item_is_usable_or_has_a_reason(published: list[Path]) -> None:
    reasons = Counter(fault.reason for path in published for fault in parse_file(path).faults)
    assert reasons.pop("its Content is empty") == 34
    assert reasons.pop("there is nothing inside") == 1
    assert {reason.split("'")[0] for reason in reasons} == {"item type "}


def test_a_sweep_over_all_equals_judging_each(published: list[Path]) -> None:
    files = [parse_file(path) for path in published]
    assert Sweep(files).on_image(DEVICE) == tuple(evaluate(file, DEVICE) for file in files)


def test_many_can_be_made_to_match_by_what_they_ask(published: list[Path]) -> None:
    judged = 0
    for path in published:
        file = parse_file(path)
        for item, content in _alone_enough(file.alternatives):
            judged += 1
            device = Snapshot.of({item.item_type: [{}, {item.field: [None, content.upper()]}]})
            assert evaluate(file, device).matched, (path.name, item.id)
            other = Snapshot.of({item.item_type: [{item.field: "\N{SNOWMAN}"}]})
            assert not evaluate(file, other).matched or _negated(file), path.name
    assert judged > 500


def _alone_enough(indicators: Iterable[Indicator]) -> Iterator[tuple[Item, str]]:
    """The positive text items of ORs that stand in nothing but ORs, with their contents."""
    for indicator in indicators:
        if not indicator.every:
            for question in indicator.questions:
                (item,) = question.items
                content = getattr(item.condition.test, "content", None)
                if content is not None and not item.condition.negated:
                    yield item, content
            yield from _alone_enough(indicator.branches)


def _negated(file: IndicatorFile) -> bool:
    return any(item.condition.negated for question in file.questions() for item in question.items)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_never_raise(published: list[Path], data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(published)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.sampled_from([0, 1, 1, 2, 40]))
        content[start : start + length] = data.draw(st.binary(max_size=4) | st.sampled_from([b"<", b"&", b"/>", b'"']))
    file = parse(bytes(content), "damaged.ioc")
    assert file.supported == (file.reason is None)
    evaluate(file, DEVICE)
