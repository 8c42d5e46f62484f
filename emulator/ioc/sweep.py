"""Puts many indicator files to a fleet: once to each image, then only to what a device changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from emulator.ioc.condition import exact_text
from emulator.ioc.document import IndicatorFile, Question
from emulator.ioc.evaluate import Match, verdict
from emulator.ioc.snapshot import Changes, Instance, Snapshot, values_of
from emulator.ioc.values import text_of


@dataclass(frozen=True, slots=True)
class _Findings:
    """What an image answered: the verdicts, the questions answered, and which instance answers which of them.

    One answering instance is kept for each question, under item type and key; while it stays, so does the answer.
    """

    matches: tuple[Match, ...]
    answered: frozenset[Question]
    answered_by: dict[tuple[str, str], tuple[Question, ...]]


class Sweep:
    """Judges the same files against many devices that share images.

    Both methods give one Match a file, in the order of `files`, equal to what `evaluate` says of the whole device.
    An image is judged when it is first met and remembered for as long as it lives.
    """

    def __init__(self, files: Iterable[IndicatorFile]) -> None:
        self.files = tuple(files)
        self._file_of = {question: index for index, file in enumerate(self.files) for question in file.questions()}
        # An absent field satisfies nothing, so an instance can only answer a question of which it has a field. Most ask
        # for one text, which is looked up: hashes, names and paths.
        self._by_text: dict[tuple[str, str], dict[tuple[bool, str], list[Question]]] = {}
        self._by_field: dict[tuple[str, str], list[Question]] = {}
        for question in self._file_of:
            self._index(question)
        self._images: WeakKeyDictionary[Snapshot, _Findings] = WeakKeyDictionary()

    def on_image(self, image: Snapshot) -> tuple[Match, ...]:
        """The verdicts on a device that is as its image."""
        return self._findings(image).matches

    def on_device(self, image: Snapshot, changes: Changes) -> tuple[Match, ...]:
        """The verdicts on a device of that image with these changes.

        Only questions that the changed instances can touch are put again, and only files whose answers differ from the
        image's are judged again.
        """
        findings = self._findings(image)
        gained: set[Question] = set()
        lost: set[Question] = set()
        for item_type in changes.item_types():
            put = changes.put.get(item_type, {})
            for instance in put.values():
                for question in self.questions(item_type, instance):
                    if question not in findings.answered and question not in gained and question.satisfied_by(instance):
                        gained.add(question)
            for key in sorted({*put, *changes.gone.get(item_type, ())}):
                for question in findings.answered_by.get((item_type, key), ()):
                    if not any(map(question.satisfied_by, image.instances_with(changes, item_type))):
                        lost.add(question)

        def answer(question: Question) -> bool:
            return question in gained or (question in findings.answered and question not in lost)

        matches = list(findings.matches)
        for index in sorted({self._file_of[question] for question in gained | lost}):
            matches[index] = verdict(self.files[index], answer)
        return tuple(matches) if gained or lost else findings.matches

    def questions(self, item_type: str, instance: Instance) -> Iterator[Question]:
        """The questions that an instance could answer, by the fields that it has."""
        for field in instance:
            key = item_type, field
            yield from self._by_field.get(key, ())
            texts = self._by_text.get(key)
            if texts is None:
                continue
            for value in values_of(instance, field):
                text = text_of(value)
                if text is not None:
                    yield from texts.get((True, text.casefold()), ())
                    yield from texts.get((False, text), ())

    def _index(self, question: Question) -> None:
        for item in question.items:
            exact = exact_text(item.condition)
            if exact is not None:
                texts = self._by_text.setdefault((question.item_type, item.field), {})
                texts.setdefault(exact, []).append(question)
                return
        self._by_field.setdefault((question.item_type, question.items[0].field), []).append(question)

    def _findings(self, image: Snapshot) -> _Findings:
        findings = self._images.get(image)
        if findings is None:
            findings = self._images[image] = self._judge(image)
        return findings

    def _judge(self, image: Snapshot) -> _Findings:
        answered: set[Question] = set()
        answered_by: dict[tuple[str, str], tuple[Question, ...]] = {}
        for item_type, instances in image.items.items():
            for key, instance in instances.items():
                new = tuple(
                    question
                    for question in self.questions(item_type, instance)
                    if question not in answered and question.satisfied_by(instance)
                )
                if new:
                    answered.update(new)
                    answered_by[item_type, key] = new
        matches = tuple(verdict(file, answered.__contains__) for file in self.files)
        return _Findings(matches, frozenset(answered), answered_by)
