"""The pytest plug-in: checks are items, `agent` and `server` are fixtures, and clauses are marks to choose by.

`pytest --conformance` collects the checks that ship, for the agent of `--seatrial-agent` and the servers of
`--seatrial-backend`; a test of your own that takes `agent` or `server` and carries `@clause` is judged alike. Each item
stands alone, so that any number of workers may share them. pytest imports this at every start: what is heavy waits.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from conformance.judging import Finding, NotClaimed, Unobservable
from conformance.registry import Judge, judge_of, link_of
from emulator.errors import UserError

if TYPE_CHECKING:
    from conformance.agents import AgentUnderTest
    from conformance.servers import ServerUnderTest

CHECKS: Final = Path(__file__).with_name("checks")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("seatrial conformance")
    group.addoption("--conformance", action="store_true", help="collect Seatrial's conformance checks")
    group.addoption("--seatrial-agent", default="columns", metavar="SPEC", help="the agent that checks judge")
    group.addoption(
        "--seatrial-backend",
        action="append",
        default=[],
        metavar="PORT=SPEC",
        help="the server that checks judge at a port; repeatable",
    )
    group.addoption(
        "--seatrial-clause", action="append", default=[], metavar="ID", help="only checks of this clause; repeatable"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the mark, and has pytest look at the checks where they were asked for."""
    config.addinivalue_line("markers", "clause(*ids): the clauses that a check judges")
    if config.getoption("--conformance"):
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            config.args.clear()
        if str(CHECKS) not in config.args:
            config.args.append(str(CHECKS))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "pytest.Module | None":
    """A file of checks, where checks were asked for."""
    if not parent.config.getoption("--conformance") or file_path.parent != CHECKS or file_path.name == "__init__.py":
        return None
    module: pytest.Module = CheckFile.from_parent(parent, path=file_path)
    return module


class CheckFile(pytest.Module):
    """One file of checks, as the registry imports it."""

    def _getobj(self) -> Any:  # a module
        import importlib

        return importlib.import_module(f"conformance.checks.{self.path.stem}")

    def collect(self) -> Iterator[pytest.Function]:
        """The checks that are written in the file."""
        for name, function in vars(self.obj).items():
            if link_of(function) is not None and function.__module__ == self.obj.__name__:
                yield pytest.Function.from_parent(self, name=name, callobj=function)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what carries clauses, and keeps those that were asked for."""
    wanted = set(config.getoption("--seatrial-clause"))
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        link = link_of(getattr(item, "function", None))
        if link is not None:
            item.add_marker(pytest.mark.clause(*link.clauses))
            item.extra_keyword_matches.update(link.clauses)
        (kept if not wanted or (link is not None and wanted.intersection(link.clauses)) else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Calls a check: a finding fails it, what nobody could look at is never a pass, a value observed is a property."""
    link = link_of(pyfuncitem.function)
    if link is None:
        return None
    judge = judge_of(pyfuncitem.function)
    needs = (*(getattr(pyfuncitem.module, "NEEDS", ()) if judge is Judge.AGENT else ()), *link.needs)
    subject: Any = pyfuncitem.funcargs[judge]  # one of the two fixtures below
    missing = [need for need in needs if need not in subject.claims]
    if missing:
        pytest.skip(f"not claimed: {', '.join(missing)}")
    try:
        value = pyfuncitem.obj(subject)
    except NotClaimed as why:
        pytest.skip(str(why))
    except Unobservable as why:
        pytest.fail(f"unknown: {why}", pytrace=False)
    if value is not None:
        pyfuncitem.user_properties.append(("observed", value))
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tells a finding without the lines of ours that raised it."""
    report = yield
    error = None if call.excinfo is None else call.excinfo.value
    link = link_of(getattr(item, "function", None))
    if isinstance(error, Finding) and link is not None:
        told = [", ".join(link.clauses), f"permitted  {error.permitted}", f"seen       {error.seen}"]
        report.longrepr = "\n".join(told)
    return report


@pytest.fixture(scope="session")
def agent(pytestconfig: pytest.Config) -> "AgentUnderTest":
    """The implementation of Endpoint Agent that checks judge."""
    from conformance.agents import resolve_agent

    try:
        return resolve_agent(pytestconfig.getoption("--seatrial-agent"), folder=pytestconfig.invocation_params.dir)
    except UserError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> "ServerUnderTest":
    """The servers that checks judge: fakes, and what `--seatrial-backend` names."""
    from conformance.servers import ServerUnderTest
    from scenarios import specs

    try:
        chosen = {
            port: spec.resolve(port) for port, spec in specs.given(pytestconfig.getoption("--seatrial-backend")).items()
        }
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    return ServerUnderTest(chosen)
