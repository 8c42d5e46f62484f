"""Finds what to plant: item instances that make an indicator file match on the device that has them.

Names, numbers and addresses that an indicator leaves open are made up from the identifier of its file, so what is
planted for one file does not replace what is planted for another.
"""

import ntpath
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from hashlib import sha256
from itertools import chain
from types import MappingProxyType
from typing import Final, Protocol, cast

from emulator import host
from emulator.exclusions.environment import Os
from emulator.ioc.condition import BeyondTest, Condition, PatternTest, TextTest, ValueTest, WithinTest
from emulator.ioc.document import Indicator, IndicatorFile, Question
from emulator.ioc.evaluate import evaluate
from emulator.ioc.limits import NUMBER_LENGTH_MAX, TEXT_LENGTH_MAX
from emulator.ioc.snapshot import FieldValue, Instance, Scalar, Snapshot, values_of
from emulator.ioc.values import date_of, duration_of, integer_of, text_of

INSTANCE_COUNT_MAX: Final = 100
"""Instances of one witness; a file that asks for more has none."""

FIELD_CONDITION_MAX: Final = 256
"""Conditions of one question on one field; a question with more is not answered, since each is tried with each."""

# Not documented for Endpoint Agent: Endpoint Security for Linux has switches for these, and the Linux images hold them.
_LINUX_TYPES: Final = ("ArpEntryItem", "FileItem", "PortItem", "ProcessItem")
_FILLERS: Final = ("other", "0", "~")
# Above the process identifiers that Linux gives out, so above those of every image.
_FIRST_NUMBER: Final = 1 << 22
_FIRST_PORT, _PORT_COUNT = 49_152, 16_384
_FIRST_MOMENT: Final = datetime(1, 1, 1, tzinfo=UTC)
_TOKEN: Final = re.compile(
    r"""(?: \\x(?P<code>[0-9A-Fa-f]{2}) | \\(?P<kind>[dsw]) | \\(?P<escaped>[^0-9A-Za-z]) | (?P<any>\.)
      | (?P<anchor>[\^$]) | (?P<plain>[^\\\[\](){}|*+?]) ) (?P<times>[*+?]?)\??""",
    re.VERBOSE | re.DOTALL,
)
_EXAMPLES: Final = {"d": "0", "s": " ", "w": "a"}


def witness(file: IndicatorFile, os: Os) -> Mapping[str, tuple[Instance, ...]] | None:
    """Item instances, by item type, that make the file match whatever else the device has; None where none was found.

    The first alternative of the file, and of each OR, that can be met is met, with one instance for each question that
    no earlier instance answers. The instances have the fields that tell them apart on a host (`host.KEY_FIELDS`), with
    different values, so each can be put on a device; `evaluate` has confirmed them together. The same file gives the
    same instances. None does not prove that the file cannot match: a regular expression is met only where it spells
    a text, no instance is made for two questions at once, and what a host has one of, its system, is not planted. For
    Linux there are only the item types that are read there.
    """
    own = file.name if file.id is None else file.id
    search = _Search(os, int.from_bytes(sha256(own.encode("utf-8", "surrogatepass")).digest(), "big"))
    for alternative in file.alternatives:
        planted = search.holding(alternative, ())
        if planted is None:
            continue
        by_type: dict[str, dict[str, Instance]] = {}
        for one in sorted(planted, key=lambda one: one.item_type):
            by_type.setdefault(one.item_type, {})[one.key] = one.instance
        if evaluate(file, Snapshot(by_type)).matched:
            return {item_type: tuple(instances.values()) for item_type, instances in by_type.items()}
    return None


def first_witness(
    files: Iterable[IndicatorFile], os: Os
) -> tuple[IndicatorFile, Mapping[str, tuple[Instance, ...]]] | None:
    """The first of the files that has a witness, with it; None where none of them has one."""
    for file in files:
        found = witness(file, os)
        if found is not None:
            return file, found
    return None


@dataclass(frozen=True, slots=True)
class _Planted:
    """An instance under the key that it has on a host."""

    item_type: str
    key: str
    instance: Instance


@dataclass(frozen=True, slots=True)
class _Synthetic:
    """Made-up values for one instance: those of another file or another place differ."""

    os: Os
    seed: int
    place: int

    @property
    def name(self) -> str:
        return f"{self.seed:064x}"[:12] + f"-{self.place}"

    @property
    def number(self) -> int:
        return _FIRST_NUMBER + 4 * ((self.seed + self.place) % (1 << 28))

    @property
    def port(self) -> int:
        return _FIRST_PORT + (self.seed + self.place) % _PORT_COUNT

    def address(self, *, remote: bool) -> str:
        """An IPv4 address of the range that is set aside for benchmarks (RFC 2544)."""
        third, fourth = divmod((self.seed // _PORT_COUNT + self.place) % (1 << 16), 256)
        return f"198.{19 if remote else 18}.{third}.{fourth}"

    def path(self, folder: str, name: str) -> str:
        """A path below the folder of synthetic files, or in `folder` itself where that begins at a root."""
        module = ntpath if self.os == "windows" else posixpath
        path: str = module.join(host.SYNTHETIC_FOLDERS[self.os], folder, name.lstrip("\\/"))
        return path

    def split(self, path: str) -> tuple[str, str]:
        """Folder and name."""
        return ntpath.split(path) if self.os == "windows" else posixpath.split(path)


@dataclass(frozen=True, slots=True)
class _Search:
    """Meets the demands of one file; as deep as the file, which is bounded."""

    os: Os
    seed: int

    def holding(self, indicator: Indicator, planted: tuple[_Planted, ...]) -> tuple[_Planted, ...] | None:
        """What is planted already, with what else makes the indicator hold."""
        parts: Iterator[Question | Indicator] = chain(indicator.questions, indicator.branches)
        for part in parts:
            more = self.holding(part, planted) if isinstance(part, Indicator) else self._answering(part, planted)
            if more is None:
                if indicator.every:
                    return None
            elif indicator.every:
                planted = more
            else:
                return more
        return planted if indicator.every else None

    def _answering(self, question: Question, planted: tuple[_Planted, ...]) -> tuple[_Planted, ...] | None:
        item_type = question.item_type
        same_type = [one for one in planted if one.item_type == item_type]
        if any(question.satisfied_by(one.instance) for one in same_type):
            return planted
        unread = item_type not in (_LINUX_TYPES if self.os == "linux" else _COMPLETIONS)
        if unread or len(planted) == INSTANCE_COUNT_MAX:
            return None
        instance = self._instance(question, len(planted))
        if instance is None:
            return None
        try:
            key = host.instance_key(self.os, item_type, instance)
        except ValueError:
            return None
        if any(one.key == key for one in same_type):
            return None
        return (*planted, _Planted(item_type, key, instance))

    def _instance(self, question: Question, place: int) -> Instance | None:
        """One instance that satisfies the question, completed by what tells it apart on a host."""
        synthetic = _Synthetic(self.os, self.seed, place)
        complete = _COMPLETIONS[question.item_type]
        by_field: dict[str, list[Condition]] = {}
        for item in question.items:
            by_field.setdefault(item.field, []).append(item.condition)
        found: dict[str, FieldValue] = {}
        # What must not be there comes last: by then it is known what would be there anyway.
        for field in sorted(by_field, key=lambda field: all(condition.negated for condition in by_field[field])):
            value = _value(
                by_field[field],
                usual=values_of(complete(found, synthetic), field),
                fillers=(synthetic.name, *_FILLERS),
                single=field in host.KEY_FIELDS[question.item_type],
            )
            if value is None:
                return None
            found[field] = value
        return {**complete(found, synthetic), **found}


def _value(
    conditions: Sequence[Condition], *, usual: Sequence[Scalar], fillers: Sequence[str], single: bool
) -> FieldValue:
    """A value that satisfies all the conditions of a field, else, unless `single`, several that do so together.

    Where values are only excluded, one of `usual` or of `fillers` will do; fillers also lengthen a text that is
    excluded as it is asked for. None where nothing was found.
    """
    if len(conditions) > FIELD_CONDITION_MAX:
        return None
    positive = [condition.test for condition in conditions if not condition.negated]
    own = [value for condition in conditions for value in _candidates(condition.test)]
    pool = [*_joined(positive, ("", *fillers)), *own] if positive else [*usual, *fillers, *own]
    allowed = [
        value
        for value in pool
        if not any(condition.negated and condition.test.holds(value) for condition in conditions)
    ]
    for value in allowed:
        if all(condition.satisfied_by((value,)) for condition in conditions):
            return value
    if single:
        return None
    chosen: list[Scalar] = []
    for condition in conditions:
        if not condition.satisfied_by(chosen):
            needed = next((value for value in allowed if condition.satisfied_by((value,))), None)
            if needed is None:
                return None
            chosen.append(needed)
    return tuple(chosen)


def _joined(tests: Iterable[ValueTest], fillers: Iterable[str]) -> Iterator[str]:
    """Texts that start, go on and end as the tests of text ask, one with each filler; none where nothing is asked.

    Longer texts than a Content may hold are left out.
    """
    first = last = ""
    inside: list[str] = []
    for test in tests:
        match test:
            case TextTest(compare=str.startswith, content=content):
                first = max(first, content, key=len)
            case TextTest(compare=str.endswith, content=content):
                last = max(last, content, key=len)
            case TextTest(content=content):
                inside.append(content)
            case PatternTest(pattern=pattern):
                inside.append(_spelled(cast("_Written", pattern).pattern))
    text = first
    for part in inside:
        if part not in text and part not in last and len(text) <= TEXT_LENGTH_MAX:
            text += part
    if not text and not last:
        return
    for filler in fillers:
        whole = text + filler
        if not whole.endswith(last):
            whole += last
        if len(whole) <= TEXT_LENGTH_MAX:
            yield whole


def _candidates(test: ValueTest) -> Iterator[Scalar]:
    """Values on both sides of the test, those first that satisfy it."""
    match test:
        case TextTest(content=content):
            yield content
        case PatternTest(pattern=pattern):
            text = _spelled(cast("_Written", pattern).pattern)
            if text:
                yield text
        case WithinTest(read=read, low=low, high=high):
            for number in (low, high, low - 1, high + 1):
                yield from _WRITERS[read](number)
        case BeyondTest(read=read, bound=bound, above=above):
            step = 1 if above else -1
            for number in (bound + step, bound, bound - step):
                yield from _WRITERS[read](number)


class _Written(Protocol):
    """A compiled regular expression, which remembers what it was compiled from."""

    pattern: str


def _spelled(pattern: str) -> str:
    """A text that the regular expression matches, unless it has groups, sets, alternatives or counts: then nothing."""
    parts: list[str] = []
    place = 0
    while place < len(pattern):
        token = _TOKEN.match(pattern, place)
        if token is None:
            return ""
        place = token.end()
        if token["times"] not in ("*", "?") and token["anchor"] is None:
            code, kind = token["code"], token["kind"]
            literal = token["escaped"] or token["plain"] or "x"
            parts.append(chr(int(code, 16)) if code else _EXAMPLES[kind] if kind else literal)
    return "".join(parts)


def _written_integer(number: int | Fraction) -> Iterator[Scalar]:
    yield int(number)


def _written_date(number: int | Fraction) -> Iterator[Scalar]:
    """The text of a moment, which counts microseconds; nothing for a year outside 1 to 9999."""
    try:
        moment = _FIRST_MOMENT + timedelta(microseconds=int(number))
    except OverflowError:
        return
    yield moment.replace(tzinfo=None).isoformat() + "Z"


def _written_duration(number: int | Fraction) -> Iterator[Scalar]:
    """Seconds: an integer, or the decimal text of a fraction, which was read from one."""
    fraction = Fraction(number)
    if fraction.denominator == 1:
        yield fraction.numerator
        return
    with localcontext(prec=NUMBER_LENGTH_MAX):
        yield format(Decimal(fraction.numerator) / Decimal(fraction.denominator), "f")


_WRITERS: Final[Mapping[Callable[[Scalar], int | Fraction | None], Callable[[int | Fraction], Iterator[Scalar]]]] = {
    integer_of: _written_integer,
    date_of: _written_date,
    duration_of: _written_duration,
}


def _text(fields: Instance, name: str) -> str:
    """The first text that a field holds; empty where it holds none."""
    return text_of(values_of(fields, name)[0]) or ""


def _file(fields: Instance, synthetic: _Synthetic) -> Instance:
    path = _text(fields, "FullPath")
    if not path:
        extension = _text(fields, "FileExtension").lstrip(".") or "bin"
        folder = _text(fields, "FilePath") or synthetic.name
        path = synthetic.path(folder, _text(fields, "FileName") or f"{synthetic.name}.{extension}")
    folder, name = synthetic.split(path)
    return {"FullPath": path, "FilePath": folder, "FileName": name}


def _process(fields: Instance, synthetic: _Synthetic) -> Instance:
    path = _text(fields, "path")
    if not path:
        path = synthetic.path(synthetic.name, _text(fields, "name") or f"{synthetic.name}.exe")
    return {"pid": synthetic.number, "name": synthetic.split(path)[1], "path": path}


def _registry_value(fields: Instance, synthetic: _Synthetic) -> Instance:
    hive = _text(fields, "Hive") or "HKEY_LOCAL_MACHINE"
    key = _text(fields, "KeyPath") or "SOFTWARE\\Synthetic"
    name = _text(fields, "ValueName") or synthetic.name
    # Published indicators often write the hive into the path of the key.
    parts = (key, name) if key.lower().startswith("hkey_") else (hive, key, name)
    return {"Path": "\\".join(parts)}


def _dns_entry(fields: Instance, synthetic: _Synthetic) -> Instance:
    name = _text(fields, "Host") or _text(fields, "RecordName") or f"{synthetic.name}.example"
    return {"Host": name, "RecordName": name, "RecordType": "A"}


def _neighbour(fields: Instance, synthetic: _Synthetic) -> Instance:
    return {"IPv4Address": synthetic.address(remote=False)}


def _port(fields: Instance, synthetic: _Synthetic) -> Instance:
    connected = bool(_text(fields, "remoteIP")) or "remotePort" in fields
    return {
        "protocol": "TCP",
        "localIP": synthetic.address(remote=False),
        "localPort": synthetic.port,
        "remoteIP": synthetic.address(remote=True) if connected else "",
        "remotePort": 443 if connected else 0,
    }


def _log_record(fields: Instance, synthetic: _Synthetic) -> Instance:
    return {"log": "Application", "index": synthetic.number}


def _service(fields: Instance, synthetic: _Synthetic) -> Instance:
    return {"name": synthetic.name}


def _user(fields: Instance, synthetic: _Synthetic) -> Instance:
    return {"Username": synthetic.name}


def _volume(fields: Instance, synthetic: _Synthetic) -> Instance:
    return {"DevicePath": f"\\Device\\{synthetic.name}"}


_COMPLETIONS: Final[Mapping[str, Callable[[Instance, _Synthetic], Instance]]] = MappingProxyType(
    {
        "ArpEntryItem": _neighbour,
        "DnsEntryItem": _dns_entry,
        "EventLogItem": _log_record,
        "FileItem": _file,
        "PortItem": _port,
        "ProcessItem": _process,
        "RegistryItem": _registry_value,
        "ServiceItem": _service,
        "UserItem": _user,
        "VolumeItem": _volume,
    }
)
"""The fields that an instance of each type gets where no condition of an indicator gives them, from those it gives."""
