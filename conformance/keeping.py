"""Keeping what a check has seen: for each finding a folder with its trials, to be looked at and run again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from conformance.trial import Trial
from conformance.verdicts import Result
from emulator.errors import UserError

FACTS_TEXT_MAX: Final = 100_000
"""Lines of one table of a trial that are kept."""


@dataclass(slots=True)
class Kept:
    """What was tried since the last check: trials with the files beside their scenario, and messages to servers."""

    trials: list[tuple[Trial, Mapping[str, bytes]]] = field(default_factory=list)
    messages: list[Mapping[str, object]] = field(default_factory=list)

    def clear(self) -> None:
        """The next check begins."""
        self.trials.clear()
        self.messages.clear()


_KEPT: ContextVar[Kept | None] = ContextVar("kept", default=None)


@contextmanager
def keeping() -> Iterator[Kept]:
    """Keeps what checks try inside; without it nothing is kept."""
    kept = Kept()
    token = _KEPT.set(kept)
    try:
        yield kept
    finally:
        _KEPT.reset(token)


def note_trial(trial: Trial, files: Mapping[str, bytes]) -> None:
    """A trial was made, with these files beside its scenario."""
    kept = _KEPT.get()
    if kept is not None:
        kept.trials.append((trial, dict(files)))


def note_messages(about: str, sent: Sequence[object], answered: Sequence[object]) -> None:
    """Messages went to a server, and were answered."""
    kept = _KEPT.get()
    if kept is not None:
        pairs = zip(sent, answered, strict=True)
        kept.messages += [{"port": about, "sent": repr(one), "answered": repr(reply)} for one, reply in pairs]


def write(out: Path, result: Result, kept: Kept, command: str) -> Path:
    """Writes the folder of one finding below `out`, and gives it. Raises UserError where that cannot be written."""
    folder = out / result.check.replace("/", "__")
    finding = {name: value for name, value in asdict(result).items() if value}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "finding.json").write_text(json.dumps({**finding, "again": command}, indent=2) + "\n", "utf-8")
        if kept.messages:
            _lines(folder / "messages.jsonl", kept.messages)
        for number, (trial, files) in enumerate(kept.trials, start=1):
            _trial(folder / f"trial-{number}", trial, files)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(
            str(folder), f"it cannot be written ({reason})", "give a folder that you may write to"
        ) from error
    return folder


def _trial(folder: Path, trial: Trial, files: Mapping[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "scenario.yaml").write_text(trial.text, "utf-8")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    _lines(folder / "requests.jsonl", [_plain(asdict(one)) for one in trial.requests])
    _lines(folder / "events.jsonl", [_plain(asdict(one)) for one in trial.events])
    _lines(folder / "facts.jsonl", [_plain(asdict(one)) for one in trial.facts or ()])
    books = {
        target: {term: column.tolist() for term, column in terms.items()}
        for target, terms in trial.figures.terms.items()
    }
    (folder / "books.json").write_text(json.dumps(books, indent=2) + "\n", "utf-8")


def _lines(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows[:FACTS_TEXT_MAX]:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Values that JSON has: names of what is enumerated."""
    return {
        name: _plain(value) if isinstance(value, dict) else getattr(value, "name", value) for name, value in row.items()
    }
