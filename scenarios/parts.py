"""Parts of a scenario: the scenario that it extends and the files that it includes, put together into one document."""

from dataclasses import dataclass
from functools import reduce
from pathlib import Path, PurePath
from typing import Final

from scenarios import library
from scenarios.errors import UserError
from scenarios.merge import merged
from scenarios.problems import ERRORS_MAX, Loc, LocatedError, ScenarioErrors, shown
from scenarios.source import Document, Plain, parse, read_file

EXTENDS: Final = "extends"
INCLUDE: Final = "include"
SUITE: Final = "suite"
"""The key that makes a file a suite."""
LEVELS_MAX: Final = 10
"""Files that extend or include each other in a chain."""
FILES_MAX: Final = 100
"""Files of one scenario, those that are included twice counted twice."""


def read_document(source: str | Path) -> tuple[Document, Path]:
    """The document of a file or, by name, of the library, without its parts; with the folder that it lies in.

    Raises UserError for what cannot be read.
    """
    label = str(source)
    path = Path(source)
    if isinstance(source, str) and library.is_name(source):
        path = library.path_of(source)
        label = library.PREFIX + path.stem
    return parse(read_file(path, label), label), path.parent


def assembled(document: Document, folder: Path) -> Document:
    """The document with what it extends below it and what it includes between the two.

    Paths are relative to the file that names them, and stay below `folder`, the scenario's, or the library's for what
    lies there. Raises ScenarioErrors for a part that cannot be read, a circle, and more than LEVELS_MAX or FILES_MAX.
    """
    return _Assembly().whole(document, folder, folder)


@dataclass(frozen=True, slots=True)
class _Open:
    """A part whose own parts are being read; `how` is the key that names it."""

    path: Path
    label: str
    how: str


class _Assembly:
    """One scenario on its way to a single document."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._files = 0

    def whole(self, document: Document, folder: Path, root: Path) -> Document:
        """A document with its parts; `root` is the folder that its paths have to stay below."""
        data = document.data
        if not isinstance(data, dict) or not {EXTENDS, INCLUDE} & data.keys():
            return document
        document.folders = {document.label: folder}
        parts = []
        wrong: list[UserError] = []
        for loc, text in self._named(document, wrong):
            try:
                parts.append(self._part(text, str(loc[0]), document, folder, root))
            except LocatedError as error:
                wrong.append(UserError(document.place(loc), error.cause, error.remedy))
            except ScenarioErrors as errors:
                wrong += errors.errors
        if wrong:
            raise ScenarioErrors([*document.errors, *wrong][:ERRORS_MAX])
        document.data = {key: value for key, value in data.items() if key not in (EXTENDS, INCLUDE)}
        return reduce(merged, [*parts, document])

    def _named(self, document: Document, wrong: list[UserError]) -> list[tuple[Loc, str]]:
        """The parts that a document names: first what it extends, then what it includes."""
        found: list[tuple[Loc, Plain]] = []
        if EXTENDS in document.data:
            found.append(((EXTENDS,), document.data[EXTENDS]))
            if any(part.how == INCLUDE for part in self._open):
                cause = "an included file extends a scenario"
                wrong.append(UserError(document.place((EXTENDS,)), cause, "let the scenario that includes it do so"))
        included = document.data.get(INCLUDE, [])
        if isinstance(included, list):
            found += [((INCLUDE, index), text) for index, text in enumerate(included)]
        else:
            cause = f"{shown(included)} is not a list of files"
            wrong.append(UserError(document.place((INCLUDE,)), cause, "write `include: [first.yaml, second.yaml]`"))
        texts = []
        for loc, text in found:
            if isinstance(text, str) and text and "\0" not in text:
                texts.append((loc, text))
            else:
                cause = f"{shown(text)} is not a file"
                wrong.append(UserError(document.place(loc), cause, "write a path below the scenario's folder"))
        return texts

    def _part(self, text: str, how: str, document: Document, folder: Path, root: Path) -> Document:
        """The whole document of one part. Raises LocatedError where it cannot be one, ScenarioErrors for its own."""
        try:
            if text.startswith(library.PREFIX):
                path, label, root = library.path_of(text), text, library.FOLDER
            else:
                path, label = folder / text, _beside(document.label, text)
                if not path.resolve().is_relative_to(root.resolve()):
                    cause = f"{shown(text)} leads out of the scenario's folder"
                    raise LocatedError((), cause, "name a file below it, or `library:NAME`")
        except UserError as error:
            raise LocatedError((), error.cause, error.remedy) from error
        self._enter(_Open(path.resolve(), label, how))
        try:
            return self._read(path, label, root)
        finally:
            self._open.pop()

    def _read(self, path: Path, label: str, root: Path) -> Document:
        try:
            content = read_file(path, label)
        except UserError as error:
            raise LocatedError((), f"{label}: {error.cause}", error.remedy) from error
        part = parse(content, label)
        if not isinstance(part.data, dict):
            raise LocatedError((), f"{label} is not a part of a scenario", "write `key: value` entries in it")
        if SUITE in part.data:
            raise LocatedError((), f"{label} is a suite", "name a scenario, or a part of one")
        part.folders = {label: path.parent}
        return self.whole(part, path.parent, root)

    def _enter(self, part: _Open) -> None:
        paths = [opened.path for opened in self._open]
        if part.path in paths:
            circle = [opened.label for opened in self._open[paths.index(part.path) :]]
            cause = f"a circle: {' → '.join([*circle, circle[0]])}"
            raise LocatedError((), cause, "let one of them stand on its own")
        if len(self._open) >= LEVELS_MAX:
            cause = f"more than {LEVELS_MAX} files name each other in a chain (LEVELS_MAX)"
            raise LocatedError((), cause, "put what they have in common into one file")
        self._files += 1
        if self._files > FILES_MAX:
            raise LocatedError((), f"more than {FILES_MAX} files (FILES_MAX)", "put several into one")
        self._open.append(part)


def _beside(label: str, text: str) -> str:
    """How messages call a file that another one names."""
    if label.startswith(library.PREFIX):
        return library.PREFIX + text
    return str(PurePath(label).parent / text)
