"""House rules that no linter knows: docstrings, sizes, paths, clocks, chance, and names that belong together."""

import ast
import importlib
import io
import pkgutil
import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("emulator", "fakes", "scenarios", "conformance", "reports")
LINES_MAX = 600
TEXTS = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".lock", ".css", ".js", ".j2", ".ioc", ".xml", ".json", ""}
LEFT_OUT = {".git", ".venv", ".hypothesis", ".ruff_cache", ".mypy_cache", ".pytest_cache", ".import_linter_cache"} | {
    "__pycache__",
    "out",
    "dist",
}

CLOCKS = {"time.time", "time.time_ns", "time.sleep", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
CHANCE = {"np.random", "numpy.random", "os.urandom", "uuid.uuid1", "uuid.uuid4"}
STOPWATCHES = {"time.perf_counter", "time.process_time", "time.monotonic"}
MEASURED = {"scenarios/limits.py", "scenarios/runner.py"}
"""Where a stopwatch tells how long a run took, or may still take."""


def files(*suffixes: str, below: str = "") -> Iterator[Path]:
    """The files of the project that are kept."""
    for path in sorted((ROOT / below).rglob("*")):
        inside = path.relative_to(ROOT)
        if path.is_file() and not LEFT_OUT & set(inside.parts) and (not suffixes or path.suffix in suffixes):
            yield path


def modules(*packages: str) -> list[Path]:
    """The modules of the packages, by their path from the root."""
    return [path.relative_to(ROOT) for package in packages for path in files(".py", below=package)]


ALL = [*modules(*PACKAGES), Path("seatrial.py")]
TIMELESS = modules("emulator", "fakes", "scenarios")


def source(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


# --- modules ----------------------------------------------------------------------------------------------------------


def says_what_it_is_for(text: str) -> bool:
    """True where a module begins with a docstring whose first line is a sentence, or ends a clause."""
    docstring = ast.get_docstring(ast.parse(text)) or ""
    first = docstring.split("\n\n")[0].strip()
    return len(first) > 15 and (first[0].isupper() or first[0] == "`") and first[-1] in ".:"


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    assert [path for path in ALL if not says_what_it_is_for(source(path))] == []


@pytest.mark.parametrize("text", ["", "x = 1", '"""Short."""', '"""no capital at the beginning."""', "# A comment.\n"])
def test_a_module_that_does_not_is_caught(text: str) -> None:
    assert not says_what_it_is_for(text)


def test_no_module_is_longer_than_one_noun() -> None:
    both = [*ALL, *modules("tests")]
    assert [path for path in both if len(source(path).splitlines()) > LINES_MAX] == []


def listed(text: str) -> list[str] | None:
    """The names of `__all__`, in their order; None where there is none."""
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert isinstance(node.value, ast.List | ast.Tuple)
            return [str(entry.value) for entry in node.value.elts if isinstance(entry, ast.Constant)]
    return None


def as_sorted(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as the linter sorts them; by name within each."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def test_public_names_are_sorted() -> None:
    for path in ALL:
        names = listed(source(path))
        assert names is None or names == sorted(set(names), key=as_sorted), path


def test_some_module_lists_public_names() -> None:
    assert sum(listed(source(path)) is not None for path in ALL) >= 3
    assert listed('__all__ = ["b", "a"]') == ["b", "a"]


def test_public_names_can_be_imported() -> None:
    for path in ALL:
        for name in listed(source(path)) or []:
            module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            assert hasattr(importlib.import_module(module), name), (path, name)


# --- where the packages come from -------------------------------------------------------------------------------------


def test_the_packages_are_those_of_this_checkout() -> None:
    """Not an installed copy, which would be tested instead."""
    for name in (*PACKAGES, "seatrial"):
        module = importlib.import_module(name)
        assert module.__file__ is not None
        assert Path(module.__file__).resolve().is_relative_to(ROOT), name


def test_every_folder_of_modules_is_a_package() -> None:
    for path in ALL:
        if len(path.parts) > 1:
            assert (ROOT / path.parent / "__init__.py").is_file(), path


def test_every_module_can_be_imported() -> None:
    for package in PACKAGES:
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            importlib.import_module(found.name)


# --- clocks and chance ------------------------------------------------------------------------------------------------


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression of names, else empty."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def reaches_outside(text: str, *, measured: bool = False) -> list[str]:
    """What in a module tells the time of day, waits, or draws by chance."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in ("random", "secrets")]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            bad = CLOCKS | CHANCE | (set() if measured else STOPWATCHES)
            found += [name for name in names if name in bad or name.split(".")[0] in ("random", "secrets")]
        elif isinstance(node, ast.Attribute):
            name = dotted(node)
            short = ".".join(name.split(".")[-2:])
            if short in CLOCKS | CHANCE or (short in STOPWATCHES and not measured):
                found.append(name)
    return found


def test_nothing_tells_the_time_of_day_waits_or_draws_by_chance() -> None:
    for path in TIMELESS:
        assert reaches_outside(source(path), measured=path.as_posix() in MEASURED) == [], path


@pytest.mark.parametrize(
    "text",
    [
        "import random",
        "from random import choice",
        "import time\ntime.sleep(1)",
        "import time\nwhen = time.time()",
        "from time import time",
        "from time import sleep as rest",
        "import time\ntime.monotonic()",
        "import numpy as np\nnp.random.default_rng(1)",
        "from numpy import random",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "import os\nos.urandom(4)",
    ],
)
def test_a_module_that_does_is_caught(text: str) -> None:
    assert reaches_outside(text)


def test_a_stopwatch_is_for_the_runner_and_its_limits_alone() -> None:
    text = "import time\ntime.perf_counter()\ntime.process_time()"
    assert reaches_outside(text)
    assert not reaches_outside(text, measured=True)
    assert all((ROOT / path).is_file() for path in MEASURED)


def silent_excuses(text: str) -> list[int]:
    """Lines that excuse something without naming it, or without a reason."""
    lines = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        excuse = re.search(r"noqa|type:\s*ignore", token.string)
        if excuse and not re.search(r"noqa: [A-Z]+[0-9]+|type: ignore\[[a-z-]+", token.string):
            lines.append(token.start[0])
    return lines


def test_what_is_excused_is_named() -> None:
    for path in ALL:
        assert silent_excuses(source(path)) == [], path


def test_an_excuse_without_a_name_is_caught() -> None:
    assert silent_excuses("x = 1  # noqa\ny = 2  # type: ignore\nz = 3  # noqa: E501 - why") == [1, 2]


def unfinished(text: str) -> list[str]:
    """Words of comments that say that something is left to do."""
    comments = (
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT
    )
    return [comment for comment in comments if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", comment)]


def test_nothing_is_left_to_do() -> None:
    for path in ALL:
        assert unfinished(source(path)) == [], path


def test_what_is_left_to_do_is_caught() -> None:
    assert unfinished("x = 1  # TODO: y")


# --- what must not be in any file -------------------------------------------------------------------------------------

_HOMES = ("work", "root", "home", "Users", "tmp/seatrial")
MACHINE_PATH = re.compile(r"(?<![\w.<>}\])/-])/(?:" + "|".join(_HOMES) + r")/[\w.-]")
REGISTRY = re.compile(r"https?://|--index-url|--extra-index-url|--find-links|^-[if] ", re.MULTILINE)


def texts() -> list[Path]:
    return [path.relative_to(ROOT) for path in files() if path.suffix in TEXTS or path.name == "Makefile"]


def machine_paths(text: str) -> list[str]:
    """Absolute paths that are those of somebody's machine."""
    return [match[0] for match in MACHINE_PATH.finditer(text)]


def test_no_file_holds_a_path_of_a_machine() -> None:
    # Images emulate devices, which have homes of their users.
    devices = {"emulator/images", "tests/emulator"}
    for path in texts():
        if path == Path("tests/test_tidy.py") or any(path.is_relative_to(folder) for folder in devices):
            continue
        try:
            text = source(path)
        except UnicodeDecodeError:
            continue  # tests of wrong input hold what is no text
        assert machine_paths(text) == [], path


def test_a_path_of_a_machine_is_caught() -> None:
    assert machine_paths('open("/root/project/x")') == ["/root/p"]
    assert machine_paths("see /home/somebody/x and /root/.cache")
    assert not machine_paths("docs/work/x, https://example.com/home/x")


def test_the_lock_file_names_no_registry() -> None:
    assert REGISTRY.search(source(Path("requirements-dev.lock"))) is None
    assert "--hash=sha256:" in source(Path("requirements-dev.lock"))
    assert REGISTRY.search("--index-url https://example.com/simple")
    assert REGISTRY.search("numpy @ https://example.com/numpy.whl")


# --- what belongs together --------------------------------------------------------------------------------------------


def project() -> dict[str, object]:
    loaded: dict[str, object] = tomllib.loads(source(Path("pyproject.toml")))["project"]
    return loaded


def test_the_changelog_tells_of_the_version() -> None:
    assert re.search(rf"^## {re.escape(str(project()['version']))}\b", source(Path("CHANGELOG.md")), re.MULTILINE)


def test_every_package_is_typed_and_in_the_wheel() -> None:
    wheel = tomllib.loads(source(Path("pyproject.toml")))["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert set(wheel) == {"seatrial.py", *PACKAGES}
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").is_file(), package


def test_every_dependency_is_locked() -> None:
    locked = {re.split(r"[=\s\[;]", line)[0].lower() for line in source(Path("requirements-dev.lock")).splitlines()}
    dependencies = project()["dependencies"]
    assert isinstance(dependencies, list)
    for dependency in dependencies:
        assert re.split(r"[>=<\s\[;]", str(dependency))[0].lower() in locked, dependency


def test_the_tests_mirror_the_tree() -> None:
    """A folder of tests is named as the package that it is about; `tests/tools` makes what is kept."""
    for path in modules("tests"):
        for part in path.parts[1:-1][:1]:
            assert part in {*PACKAGES, "benchmarks", "tools"}, path
