"""The pytest plug-in: scenario files are tests where `seatrial_paths` or `--seatrial` asks for them.

pytest imports it at every start, wherever Seatrial is installed: what is heavy is imported with the first scenario.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from scenarios.errors import UserError

if TYPE_CHECKING:
    from scenarios.limits import WallTime
    from scenarios.selection import Run

PATHS: Final = "seatrial_paths"
SUFFIXES: Final = (".yaml", ".yml")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option and the ini setting."""
    group = parser.getgroup("seatrial")
    group.addoption(
        "--seatrial",
        action="append",
        default=[],
        metavar="PATH",
        help="run the Seatrial scenarios of this file or folder as tests; repeatable",
    )
    parser.addini(PATHS, "files and folders whose Seatrial scenarios are tests", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Has pytest look where scenarios were asked for: always with `--seatrial`, else where no path was given."""
    wanted = [_absolute(config, path) for path in config.getoption("--seatrial")]
    for path in wanted:
        if not path.exists():
            raise pytest.UsageError(f"--seatrial {path}: there is no such file or folder")
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        wanted += config.getini(PATHS)
    given = [_absolute(config, argument.partition("::")[0]) for argument in config.args]
    for path in wanted:
        if not any(path.is_relative_to(other) for other in given):
            config.args.append(str(path))
            given.append(path)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """A file of scenarios, where it was asked for."""
    if file_path.suffix not in SUFFIXES:
        return None
    config = parent.config
    asked = [*(_absolute(config, path) for path in config.getoption("--seatrial")), *config.getini(PATHS)]
    if not any(file_path.is_relative_to(path) for path in asked):
        return None
    file: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    file.named = file_path in asked
    return file


def _absolute(config: pytest.Config, path: str) -> Path:
    return (config.invocation_params.dir / path).resolve()


class ScenarioFile(pytest.File):
    """One file: a scenario, or a suite with its runs.

    Unless it was `named` itself, it is passed over where a folder given to `seatrial run` would pass it over.
    """

    named = True

    def collect(self) -> Iterator["ScenarioItem"]:
        """The runs of the file; a mistake in it is told in a line, as on the command line."""
        from scenarios.limits import WallTime
        from scenarios.parts import read_document
        from scenarios.selection import is_scenario, select

        source = self._source()
        try:
            if not self.named and not is_scenario(read_document(source)[0]):
                return
            runs = select([source]).runs
        except UserError as error:
            raise self.CollectError(str(error)) from error
        wall_time = WallTime()
        for each in runs:
            yield ScenarioItem.from_parent(self, name=each.scenario.name, run=each, wall_time=wall_time)

    def _source(self) -> str:
        """The path as the user would type it."""
        here = self.config.invocation_params.dir
        inside = self.path.is_relative_to(here)
        return f"./{self.path.relative_to(here)}" if inside else str(self.path)


class ScenarioItem(pytest.Item):
    """One run of a scenario, in a folder of its own below pytest's temporary one; its tags are keywords for `-k`.

    The runs of a suite have its limits of wall time, counted from the first of them that this process makes.
    """

    def __init__(self, *, run: "Run", wall_time: "WallTime", **more: Any) -> None:  # what pytest gives its nodes
        super().__init__(**more)
        self._run = run
        self._wall_time = wall_time
        self.extra_keyword_matches.update(run.scenario.tags)

    def runtest(self) -> None:
        """Runs and judges it."""
        from reports.run import NotPassedError, carry_out
        from scenarios.limits import USED_UP

        left_ms = self._wall_time.left_ms(self._run)
        if left_ms is not None and left_ms <= 0:
            raise NotPassedError(f"INVALID: {USED_UP}")
        # The fixture is for functions; what stands behind it has no public way for other items.
        factory: pytest.TempPathFactory = self.config._tmp_path_factory  # type: ignore[attr-defined]
        carry_out(self._run, factory.mktemp("seatrial") / self._run.folder, wall_ms_max=left_ms).check()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # as pytest has it
        """The explanation of a run that did not pass, the line of a user's mistake; a traceback only for faults."""
        from reports.run import NotPassedError

        if isinstance(excinfo.value, NotPassedError | UserError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it is, for pytest's reports."""
        return self.path, None, self.name
