"""Selection: the runs that a command line asks for, out of scenarios, suites, folders and names of the library."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from emulator.ports import Port
from scenarios import library
from scenarios.arguments import Given
from scenarios.backends import FAKE
from scenarios.errors import UserError
from scenarios.format import ScenarioFile
from scenarios.loader import given_by_user, load_document
from scenarios.model import Scenario
from scenarios.params import Value
from scenarios.parts import EXTENDS, assembled, read_document
from scenarios.problems import ERRORS_MAX, Notice, ScenarioErrors, hint, shown
from scenarios.source import Document
from scenarios.suite import SEED, Entry, Setting, Suite, Variant, is_suite, read_suite

EVERYTHING: Final = f"{library.PREFIX}*"
"""All scenarios of the library."""
PATTERN: Final = "*.yaml"
FILES_MAX: Final = 2_000
"""Files of one folder that are looked at."""
FOLDER_MAX: Final = 200
"""Characters of the name of a folder."""
_STRANGE: Final = re.compile(r"[^A-Za-z0-9._=,+-]")
NO_VARIANT: Final = Variant("", {}, None)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: its scenario, which is called as the run, and the suite that asks for it.

    `backends` are those of the suite, by port, for the ports that the scenario leaves to the fake. `arguments` are what
    `seatrial run` has to be given for this run alone.
    """

    scenario: Scenario
    suite: Suite | None
    backends: Mapping[Port, Setting]
    arguments: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder of this run among those of others: its name, with signs that a shell would take for its own left
        out."""
        name = self.scenario.name.replace("[", ".").replace("]", "")
        return _STRANGE.sub("_", name)[:FOLDER_MAX]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a command runs, in order; `notices` tell what was passed over."""

    runs: tuple[Run, ...]
    notices: tuple[Notice, ...]

    @property
    def suites(self) -> tuple[Suite, ...]:
        """The suites that ask for runs, each once."""
        by_label = {run.suite.label: run.suite for run in self.runs if run.suite is not None}
        return tuple(by_label.values())


def select(
    sources: Sequence[str],
    *,
    sets: Mapping[str, Value] | None = None,
    devices: int | None = None,
    seed: int | None = None,
    tags: Sequence[str] = (),
) -> Selection:
    """The runs of `sources`: scenarios, suites, folders (all scenarios below, sorted) and names of the library.

    `sets`, `devices` and `seed` are put over what scenarios and suites say. With `tags`, only scenarios that have one
    of them are taken. Raises ScenarioErrors with what is wrong in any of the files, and UserError where nothing is left
    to run.
    """
    selector = _Selector(given_by_user(sets), devices, seed, tuple(tags))
    for source in sources:
        selector.take(source)
    if selector.errors:
        different = {str(error): error for error in selector.errors}  # runs of one file have its mistakes in common
        raise ScenarioErrors(list(different.values())[:ERRORS_MAX])
    if not selector.runs:
        if tags:
            known = sorted(selector.tags)
            cause = "no scenario has the tag " + " or ".join(map(shown, tags))
            raise UserError(f"--tag {tags[0]}", cause, hint(tags[0], known))
        raise UserError(sources[0], "there is no scenario below it", "name a scenario, or a folder that holds some")
    return Selection(tuple(selector.runs), tuple(selector.notices))


@dataclass(slots=True)
class _Selector:
    """One command line on its way to runs; what is wrong in one file does not keep the others from being read."""

    given: Mapping[str, Given]
    devices: int | None
    seed: int | None
    wanted: tuple[str, ...]
    runs: list[Run] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    errors: list[UserError] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)

    def take(self, source: str) -> None:
        """Adds the runs of one argument."""
        path = Path(source)
        if source == EVERYTHING:
            for name in library.names():
                self._file(library.PREFIX + name)
        elif "\0" not in source and source not in library.names() and path.is_dir():
            self._folder(path)
        else:
            self._file(source)

    def _folder(self, folder: Path) -> None:
        paths = sorted(path for path in folder.rglob(PATTERN) if path.is_file())
        if len(paths) > FILES_MAX:
            cause = f"{len(paths)} files are below it"
            self.errors.append(UserError(str(folder), cause, f"name a folder with at most {FILES_MAX} (FILES_MAX)"))
            return
        for path in paths:
            self._file(str(path) if path.is_absolute() or "/" in str(path) else f"./{path}", found=True)

    def _file(self, source: str, *, found: bool = False) -> None:
        """Adds the runs of one file; one that was `found` in a folder may be something else."""
        try:
            document, folder = read_document(source)
            if found and not is_scenario(document):
                what = "a suite" if is_suite(document) else "no scenario: it has neither a name nor `extends`"
                remedy = "to run it, name it" if is_suite(document) else "to run it, give it a name"
                self.notices.append(Notice(source, f"passed over, {what}", remedy))
            elif is_suite(document):
                self._suite(read_suite(document, folder))
            elif self._has_wanted(assembled(document, folder)):
                self._scenario(source, None, NO_VARIANT, {})
        except UserError as error:
            self._wrong(error)

    def _wrong(self, error: UserError) -> None:
        self.errors += error.errors if isinstance(error, ScenarioErrors) else (error,)

    def _has_wanted(self, document: Document) -> bool:
        tags = _tags(document)
        self.tags |= tags
        return not self.wanted or bool(tags & set(self.wanted))

    # --- suites ------------------------------------------------------------------------------------------------------

    def _suite(self, suite: Suite) -> None:
        heard: set[str] = set()
        before = len(self.errors)
        for entry in suite.entries:
            try:
                self._require_free(entry)
                taken = 0
                for source in _sources(suite, entry):
                    document, folder = read_document(source)
                    if is_suite(document):
                        remedy = "list its scenarios, or name both suites in the command"
                        raise UserError(entry.place, f"{source} is a suite, and a suite runs scenarios", remedy)
                    document = assembled(document, folder)
                    if not _is_meant(entry, document):
                        continue
                    taken += 1
                    defaults = {name: each for name, each in suite.defaults.items() if _knows(document, name)}
                    heard |= defaults.keys()
                    if self._has_wanted(document):
                        for variant in entry.variants:
                            self._scenario(source, suite, variant, {**defaults, **entry.sets})
                if not taken:
                    raise UserError(entry.place, "this entry runs nothing", "correct its tags, or leave it out")
            except UserError as error:
                self._wrong(error)
        unheard = [] if len(self.errors) > before else [name for name in suite.defaults if name not in heard]
        for name in unheard:
            cause = f"no scenario of the suite has a parameter {shown(name)}"
            self.errors.append(UserError(suite.defaults[name].place, cause, "correct the name, or leave it out"))

    def _require_free(self, entry: Entry) -> None:
        """A matrix varies what it names: the command line cannot hold it at one value."""
        for variant in entry.variants:
            if variant.seed is not None and self.seed is not None:
                raise UserError("--seed", f"the matrix at {variant.seed.place} varies the seed", "leave it out")
            for name in variant.sets.keys() & self.given.keys():
                cause = f"the matrix at {variant.sets[name].place} varies it"
                raise UserError(f"--set {name}", cause, "leave it out")

    # --- scenarios ---------------------------------------------------------------------------------------------------

    def _scenario(self, source: str, suite: Suite | None, variant: Variant, settings: Mapping[str, Setting]) -> None:
        """Adds a run of one scenario."""
        chosen = {} if suite is None or suite.seed is None else {SEED: suite.seed}
        chosen |= {**settings, **variant.sets}
        if variant.seed is not None:
            chosen[SEED] = variant.seed
        given = {name: Given(setting.value, setting.place) for name, setting in chosen.items()}
        given.update(self.given)
        try:
            document, folder = read_document(source)
            document = assembled(document, folder)
            scenario = load_document(document, folder, given, devices=self.devices, seed=self.seed)
        except UserError as error:
            self._wrong(error)
            return
        backends = {} if suite is None else suite.backends
        free = {port: spec for port, spec in backends.items() if scenario.servers[port].backend == FAKE}
        arguments = (source, *_arguments(given, free, self.devices, self.seed))
        named = replace(scenario, name=scenario.name + variant.suffix)
        self.runs.append(Run(named, suite, free, arguments))


def _arguments(
    given: Mapping[str, Given], backends: Mapping[Port, Setting], devices: int | None, seed: int | None
) -> Iterator[str]:
    """The options that give a scenario what it was given."""
    for name, each in given.items():
        if name != SEED:
            value = str(each.value).lower() if isinstance(each.value, bool) else each.value
            yield from ("--set", f"{name}={value}")
    if devices is not None:
        yield from ("--devices", str(devices))
    if seed is not None or SEED in given:
        yield from ("--seed", str(given[SEED].value if seed is None else seed))
    for port, spec in backends.items():
        yield from ("--backend", f"{port}={spec.value}")


def _sources(suite: Suite, entry: Entry) -> Iterator[str]:
    """The scenarios that an entry of a suite names, as the command line would."""
    text = entry.scenario
    if text == EVERYTHING:
        yield from (library.PREFIX + name for name in library.names())
    elif text.startswith(library.PREFIX):
        try:
            library.path_of(text)
        except UserError as error:
            raise UserError(entry.place, f"{shown(text)}: {error.cause}", error.remedy) from error
        yield text
    else:
        path = suite.folder / text
        if "\0" in text or not path.resolve().is_relative_to(suite.folder.resolve()):
            cause = f"{shown(text)} leads out of the suite's folder"
            raise UserError(entry.place, cause, "name a file below it, or `library:NAME`")
        if not path.is_file():
            names = sorted(str(other.relative_to(suite.folder)) for other in suite.folder.glob(PATTERN))
            raise UserError(entry.place, f"there is no file {shown(text)}", hint(text, names))
        yield str(path) if "/" in str(path) else f"./{path}"


def _is_meant(entry: Entry, document: Document) -> bool:
    tags = _tags(document)
    return (entry.tag is None or entry.tag in tags) and entry.not_tag not in tags


def is_scenario(document: Document) -> bool:
    """True for what a folder is searched for: a scenario, and neither a suite nor a part of others."""
    return isinstance(document.data, dict) and not is_suite(document) and bool({"name", EXTENDS} & document.data.keys())


def _knows(document: Document, name: str) -> bool:
    """Whether a scenario has a parameter, or a key at the beginning of a dotted path, of this name."""
    params = document.data.get("params") if isinstance(document.data, dict) else None
    declared = params if isinstance(params, dict) else {}
    return name in declared or name.split(".")[0] in ScenarioFile.model_fields


def _tags(document: Document) -> set[str]:
    tags = document.data.get("tags") if isinstance(document.data, dict) else None
    return {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()
