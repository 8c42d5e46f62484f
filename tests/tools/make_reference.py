"""Writes the reference pages from the code: ``python -m tests.tools.make_reference``.

A test fails where a page is not what the code makes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import typer
from pydantic import BaseModel

import seatrial
from emulator.policy.settings import LOCAL_KEYS, GroupDescription, SettingDescription, describe
from reports.codes import VERDICT_CODES, ExitCode
from scenarios.actions import ACTIONS, FAULTS, Action, Targeted
from scenarios.entries import ENTRIES, QUALIFIERS, Entry
from scenarios.expectations import Outcome
from scenarios.facts import FACTS, RUN_FACTS
from scenarios.figures import COUNTS, FILTERS, SERIES, STORED, TALLIED, TEXTS, TOTALS, VALUES
from scenarios.selectors import KEYS, STATES
from scenarios.tables import KEYS as ORDER
from scenarios.tables import SCHEMAS
from scenarios.timeline import Timing

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "reference"
MADE: Final = "Made from the code by `python -m tests.tools.make_reference`."

SELECTORS: Final[Mapping[str, tuple[str, str]]] = {
    "block": ("the devices of a block", "{block: office}"),
    "group": (
        "those of an administration group; with `/**` also of all groups below it",
        "{group: Managed devices/**}",
    ),
    "image": ("those of an image", "{image: linux-server}"),
    "os": ("`windows` or `linux`", "{os: windows}"),
    "site": ("those at a site; `main` for blocks that name none", "{site: main}"),
    "tag": ("those whose block has the tag", "{tag: noisy}"),
    "state": (
        "those in a state, at the moment of the step; for an expectation, at the end of the run",
        "{state: off-line}",
    ),
    "all": ("those that all parts name", "{all: [{os: windows}, {tag: noisy}]}"),
    "any": ("those that any part names", "{any: [{block: office}, {block: db}]}"),
    "not": ("those that the part does not name", "{not: {block: office}}"),
    "from": ("what `pick` and `except` take from, where it is no term of its own", "{pick: 3, from: noisy}"),
    "except": ("takes devices away", "{block: office, except: office-00001}"),
    "pick": (
        "keeps as many of the rest, those with the lowest hash of their key; a number or a share",
        "{pick: 20 %, from: all}",
    ),
}
"""The keys of a selector with what they mean and an example."""
BARE: Final = {"all": "all devices", "office": "a selection, block, tag or device of that name"}

VERDICTS: Final[Mapping[Outcome, str]] = {
    Outcome.PASS: "it is as expected",
    Outcome.FAIL: "it is not; the run fails",
    Outcome.WARN: "it is not, and the expectation says `else: warn`; the run does not fail",
    Outcome.UNKNOWN: "a query was stopped by its limits, a backend cannot be asked, or the expectation says "
    "`else: unknown`; counts like `fail`",
    Outcome.INVALID: "it is not, and the expectation says `else: invalid`: the run says nothing about the server",
}
RUNS: Final[Mapping[str, str]] = {
    "pass": "something was judged, and no expectation failed",
    "unjudged": "the scenario expects nothing, and nothing else was judged of a user's backend",
    "fail": "one failed, or is unknown",
    "invalid": "none failed, and one is invalid; or the run was cut short by a limit of wall time",
    "error": "the run broke, or is not over",
}
CODES: Final[Mapping[int, str]] = {
    ExitCode.OK: "all is as expected, and something was judged",
    ExitCode.FINDING: "a finding about the system under test; with `compare --gate` a figure out of its tolerance",
    ExitCode.USER: "a mistake in the input, told with its place, cause and remedy; or a run that judged nothing",
    ExitCode.HARNESS: "a fault of Seatrial or of an adapter, with its traceback",
    ExitCode.INVALID: "the run cannot be judged",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C; what was done is kept",
}

Lines = Iterator[str]


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    made = {
        "timeline.md": ("Steps, actions and faults", _timeline()),
        "selectors.md": ("Selectors", _selectors()),
        "expectations.md": ("Expectations", _expectations()),
        "tables.md": ("Tables, figures and facts", _tables()),
        "settings.md": ("Settings of policies", _settings()),
        "verdicts.md": ("Verdicts and exit codes", _verdicts()),
        "command-line.md": ("Command line", _command_line()),
    }
    texts = {name: _page(title, lines) for name, (title, lines) in made.items()}
    index = [f"- [{title}]({name})" for name, (title, _) in made.items()]
    return {"README.md": _page("Reference", index), **texts}


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", MADE, "", *lines]).rstrip("\n") + "\n"


# --- tables in Markdown -----------------------------------------------------------------------------------------------


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


def _code(text: object) -> str:
    return f"`{text}`"


def _fields(model: type[BaseModel], *, without: Iterable[str] = ()) -> Lines:
    """The keys of a model, with their defaults and what they mean."""
    schema = model.model_json_schema(by_alias=True)
    left_out = set(without)
    rows = []
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key in left_out:
            continue
        told = schema["properties"][key]
        default = "required" if info.is_required() else _default(key, told.get("default"))
        rows.append((_code(key), default, _meaning(told, schema.get("$defs", {}))))
    if rows:
        yield from _table(("key", "default", "meaning"), rows)


def _default(key: str, value: object) -> str:
    if value in (None, {}, []):
        return ""
    if key == "share" and value == 1_000:
        return "`100 %`"
    return _code(value if isinstance(value, str) else json.dumps(value))


def _meaning(told: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What a key means: its description, and the values that it takes where these are few."""
    parts = [told["description"]] if "description" in told else []
    kinds = [kind for kind in told.get("anyOf", [told]) if kind.get("type") != "null"]
    for kind in kinds:
        kind = definitions.get(str(kind.get("$ref", "")).rpartition("/")[2], kind)
        if "enum" in kind and len(kind["enum"]) <= 12:
            parts.append(f"one of {', '.join(map(_code, kind['enum']))}")
        elif "description" in kind and not parts:
            parts.append(kind["description"])
        elif kind.get("type") == "integer" and "maximum" in kind:
            parts.append(f"{kind['minimum']} to {kind['maximum']}")
    return "; ".join(dict.fromkeys(parts))


def _about(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _yaml(example: str) -> Lines:
    yield from ("```yaml", example, "```", "")


# --- the language -----------------------------------------------------------------------------------------------------


def _timeline() -> Lines:
    yield "A step has a time, and does something with `do` or `fault`; one that does neither marks a moment. Times are"
    yield "numbers with a unit: `ms`, `s`, `min`, `h`, `d`."
    yield ""
    yield "## Name and time"
    yield ""
    yield from _fields(Timing)
    for title, tag, models in (("Actions", "do", ACTIONS), ("Faults of servers", "kind", FAULTS)):
        yield f"## {title}"
        yield ""
        if tag == "kind":
            yield "In a step they stand as `fault: {…}`. Without `for` a fault lasts to the end of the run."
            yield ""
        for name, model in models.items():
            yield from _action(name, tag, model)


def _action(name: str, tag: str, model: type[Action]) -> Lines:
    yield f"### `{name}`"
    yield ""
    yield _about(model) + (" It is on the devices of `target`." if issubclass(model, Targeted) else "")
    yield ""
    yield from _yaml(f"fault: {model.example}" if tag == "kind" else f"- {model.example}")
    yield from _fields(model, without=(tag,))


def _selectors() -> Lines:
    yield "One language names devices, in steps and in expectations. A selector is a bare name, or a mapping whose"
    yield "terms all have to hold. One that names nobody is a mistake; in an expectation `may_be_empty` allows it."
    yield ""
    yield from _table(("name", "meaning"), ((_code(name), about) for name, about in BARE.items()))
    assert tuple(SELECTORS) == KEYS
    yield from _table(
        ("key", "meaning", "example"), ((_code(key), about, _code(text)) for key, (about, text) in SELECTORS.items())
    )
    yield "## States"
    yield ""
    yield from _table(("state", "meaning"), ((_code(state), about) for state, about in STATES.items()))


def _expectations() -> Lines:
    yield "The key that tells what is expected makes the form. All forms have:"
    yield ""
    yield from _fields(Entry)
    yield "Moments are steps, `STEP.end`, times since the start, or `end`. Conditions are numbers, comparisons such as"
    yield "`> 0`, ranges such as `10..20`, and for shares the same in per cent, as `>= 90 %`."
    yield ""
    common = [info.alias or name for name, info in Entry.model_fields.items()]
    for key, model in ENTRIES.items():
        yield f"## `{key}`"
        yield ""
        yield _about(model)
        yield ""
        yield from _yaml(f"- {model.example}")
        yield from _fields(model, without=common)


# --- the tables -------------------------------------------------------------------------------------------------------


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_kind(kind.value_type)}"
    if pa.types.is_struct(kind):
        return ", ".join(f"{field.name} {_kind(field.type)}" for field in kind)
    return {"int64": "whole number", "int32": "whole number", "string": "text"}[str(kind)]


def _tables() -> Lines:
    yield "A run folder holds these tables as Parquet. Their columns are a contract; no cell is empty."
    yield ""
    for table, schema in SCHEMAS.items():
        yield f"## `{table}`"
        yield ""
        yield f"Rows are in the order of {', '.join(map(_code, ORDER[table]))}."
        yield ""
        rows = (
            (_code(field.name), _kind(field.type), (field.metadata or {}).get(b"about", b"").decode())
            for field in schema
        )
        yield from _table(("column", "type", "meaning"), rows)
    yield "## Figures of the run"
    yield ""
    yield "For `total` and, but for those of facts, for `series`. A stock is a state at the end of an interval."
    yield ""
    totals = (
        (_code(name), "stock" if figure.stock else "sum", "yes" if name in SERIES else "", figure.about)
        for name, figure in TOTALS.items()
    )
    yield from _table(("figure", "over time", "`series`", "meaning"), totals)
    yield "`series` also takes a quantile of the latency of servers, such as `servers.latency.p99`."
    yield ""
    yield "`where` narrows them by:"
    yield ""
    rows = (
        (_code(table), _code(column), _values(table, column))
        for table, columns in FILTERS.items()
        for column in columns
    )
    yield from _table(("table", "column", "values"), rows)
    yield "## Figures of one device"
    yield ""
    yield "For `each`. The texts are compared as a whole."
    yield ""
    yield from _table(
        ("figure", "meaning"),
        ((_code(name), figure.about) for name, figure in {**COUNTS, **TEXTS}.items()),
    )
    yield "With `between`, which names two facts of each device's own:"
    yield ""
    yield from _table(("figure", "meaning"), ((_code(name), about) for name, about in TALLIED.items()))
    yield "## Figures of what servers hold"
    yield ""
    yield "For `observe: PORT.stored`, at the end of the run, over all devices."
    yield ""
    yield from _table(("figure", "meaning"), ((_code(name), about) for name, about in STORED.items()))
    yield "## Facts"
    yield ""
    yield "In expectations `KIND:VALUE` asks for those with a value in their detail."
    yield ""
    facts = (
        (_code(kind), "the run" if kind in RUN_FACTS else "a device", QUALIFIERS.get(kind, ""), about)
        for kind, about in FACTS.items()
    )
    yield from _table(("fact", "of", "`:VALUE` is the", "meaning"), facts)


def _values(table: str, column: str) -> str:
    known = VALUES.get((table, column), ())
    return "any fact of those below" if tuple(known) == tuple(FACTS) else ", ".join(map(_code, known)) or "a name"


# --- settings ---------------------------------------------------------------------------------------------------------


def _settings() -> Lines:
    yield "The groups of settings that a policy holds, as they stand under `settings` of a policy. `switch` is"
    yield "`under-policy` or `unaffected-by-policy`; settings of a group that is unaffected are stored and not applied"
    yield "(KEA-POL-024). A mark tells what is known: **documented** with its clause, or **emulator's choice**"
    yield "where the documentation is silent."
    yield ""
    yield "Secrets are shown by no message, trace or manifest."
    yield ""
    for group in describe(LOCAL_KEYS):
        yield from _group(group)


def _group(group: GroupDescription) -> Lines:
    yield f"## `{group.key}`"
    yield ""
    yield f"{group.section} / {group.title}. {group.about}"
    yield ""
    place = f"In a new policy it is `{group.switch}` ({group.switch_clause})."
    if group.device_only:
        place = f"It is in the settings of a device, and in no policy ({group.device_only})."
    yield f"{place} The group is {group.basis}."
    yield ""
    yield from _described(group.settings)
    for setting in group.settings:
        if setting.items:
            yield f"Each of `{setting.key}` has:"
            yield ""
            yield from _described(setting.items)


def _described(settings: Sequence[SettingDescription]) -> Lines:
    heads = ("setting", "type", "default", "range", "meaning", "known from")
    yield from _table(heads, map(_setting, settings))


def _setting(setting: SettingDescription) -> tuple[str, ...]:
    kind = f"list of {setting.item_kind}" if setting.item_kind else setting.kind
    unit = "" if setting.item_kind or setting.default in ("", None) else setting.unit
    shown = "none" if setting.default is None else json.dumps(setting.default, ensure_ascii=False)
    default = "required" if setting.required else f"{_code(f'{shown} {unit}'.rstrip())} {_mark(setting.default_clause)}"
    span = ", ".join(map(_code, setting.choices))
    if setting.minimum is not None:
        span = f"{setting.minimum} to {setting.maximum} {setting.unit}".rstrip() + f" {_mark(setting.range_clause)}"
    known = f"{setting.basis}{f', {setting.clause}' if setting.clause else ''}"
    return _code(setting.key), kind, default, span, setting.about, known


def _mark(clause: str | None) -> str:
    return f"(documented, {clause})" if clause else "(emulator's choice)"


# --- the command line -------------------------------------------------------------------------------------------------


def _verdicts() -> Lines:
    assert set(VERDICTS) == set(Outcome)
    assert set(CODES) == set(ExitCode.ORDER)
    yield "## Of an expectation"
    yield ""
    yield from _table(("verdict", "meaning"), ((_code(str(each)), about) for each, about in VERDICTS.items()))
    yield "## Of a run"
    yield ""
    codes = {**{verdict: str(code) for verdict, code in VERDICT_CODES.items()}, "error": "2, 3 or 130"}
    yield from _table(
        ("verdict", "exit code", "meaning"), ((_code(each), codes[each], about) for each, about in RUNS.items())
    )
    yield "## Exit codes"
    yield ""
    yield from _table(("code", "meaning"), ((_code(code), about) for code, about in CODES.items()))
    yield f"With several runs the most serious code counts: {', '.join(map(str, ExitCode.ORDER))}."


def _command_line() -> Lines:
    for words, text in helps():
        yield f"## `{words}`"
        yield ""
        yield from ("```", *text.splitlines(), "```", "")


def helps(group: Any = None, parent: Any = None) -> Iterator[tuple[str, str]]:
    """Each command as it is typed, with its help of 80 columns."""
    command = group or typer.main.get_command(seatrial.app)
    options = {"terminal_width": 80, "max_content_width": 80, "resilient_parsing": True}
    context = command.make_context(command.name if parent else "seatrial", [], parent=parent, **options)
    yield context.command_path, context.get_help()
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        assert inner.name == name
        yield from helps(inner, context)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
