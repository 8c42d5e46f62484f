"""Comparison: what is the same, what is tolerated, what is worse, and what is told of it in 80 columns."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from reports import differences
from reports.baseline import Baseline, RunFigures, figures_of
from reports.comparison import Comparison, Status, compare
from reports.tolerances import Entry, parse_entries
from scenarios.errors import UserError


@pytest.fixture(scope="module")
def figures(written: Path) -> RunFigures:
    return figures_of(written)


def one(figures: RunFigures, *entries: Entry, name: str = "outage") -> Baseline:
    return Baseline(name, {name: figures}, entries)


def changed(figures: RunFigures, path: str, value: Any) -> RunFigures:
    """The figures with one of them set to `value`, or taken out where it is `...`."""
    data = figures.model_dump()
    *parents, last = path.split("/")
    inner = data
    for parent in parents:
        inner = inner[parent]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return RunFigures.model_validate(data)


def entries(*plain: dict[str, Any]) -> tuple[Entry, ...]:
    return parse_entries(plain, "suite")


def status(comparison: Comparison, figure: str) -> Status:
    (run,) = comparison.runs
    (row,) = [row for row in run.rows if str(row.key) == figure]
    return row.status


def printed(comparison: Comparison, *, colour: bool = False) -> str:
    stream = io.StringIO()
    differences.show(Console(file=stream, width=80, no_color=not colour, force_terminal=colour), comparison)
    return stream.getvalue()


def test_a_run_compares_with_itself_without_a_finding(figures: RunFigures) -> None:
    comparison = compare(one(figures), one(figures))
    assert comparison.findings == comparison.warnings == 0
    assert {row.status for row in comparison.runs[0].rows} == {Status.SAME}
    assert "SAME  no finding in 1 run compared\n" in printed(comparison)


@pytest.mark.parametrize(
    ("path", "value", "figure", "expected"),
    [
        ("telemetry/kics/generated", 1, "telemetry.kics.generated", Status.DIFFERS),
        ("telemetry/kics/suppressed", 1, "telemetry.kics.suppressed", Status.DIFFERS),
        ("servers/kics-1/requests", 1, "servers.kics-1.requests", Status.DIFFERS),
        ("servers/kics-1/latency.p99", 1, "servers.kics-1.latency.p99", Status.DIFFERS),
        ("servers/kics-1/latency.p99", None, "servers.kics-1.latency.p99", Status.DIFFERS),
        ("queue/max", 1, "queue.max", Status.DIFFERS),
        ("verdict", "pass", "verdict", Status.BETTER),
        ("verdict", "error", "verdict", Status.WORSE),
        ("digest", "sha256:0", "digest", Status.WARN),
        ("wall_s", 18.4, "wall_s", Status.WITHIN),
        ("wall_s", 18.5, "wall_s", Status.WARN),
        ("wall_s", 0.1, "wall_s", Status.BETTER),
        ("expectations/storm bounded", "pass", "expectations.storm bounded", Status.BETTER),
        ("expectations/nothing important dropped", "warn", "expectations.nothing important dropped", Status.WORSE),
        ("expectations/nothing important dropped", "fail", "expectations.nothing important dropped", Status.WORSE),
        ("expectations/nothing important dropped", ..., "expectations.nothing important dropped", Status.WORSE),
        ("expectations/one more", "pass", "expectations.one more", Status.NEW),
        ("expectations/one more", "fail", "expectations.one more", Status.WORSE),
        ("servers/kics-1", ..., "servers.kics-1.requests", Status.DIFFERS),
    ],
)
def test_without_tolerances_virtual_time_is_exact_and_wall_time_warns(
    figures: RunFigures, path: str, value: Any, figure: str, expected: Status
) -> None:
    comparison = compare(one(figures), one(changed(figures, path, value)))
    assert status(comparison, figure) is expected
    assert bool(comparison.findings) is expected.is_finding


@pytest.mark.parametrize(
    ("entry", "path", "value", "expected"),
    [
        ({"figure": "telemetry", "differs_by": "10 %"}, "telemetry/t/throttled", 1100, Status.WITHIN),
        ({"figure": "telemetry", "differs_by": "10 %"}, "telemetry/t/throttled", 1101, Status.DIFFERS),
        ({"figure": "telemetry", "differs_by": "10 %"}, "telemetry/t/throttled", 899, Status.DIFFERS),
        ({"figure": "telemetry", "worse_by": "10 %"}, "telemetry/t/throttled", 1101, Status.WORSE),
        ({"figure": "telemetry", "worse_by": "10 %"}, "telemetry/t/throttled", 1, Status.BETTER),
        ({"figure": "telemetry", "worse_by": "10 %"}, "telemetry/t/acknowledged", 899, Status.WORSE),
        ({"figure": "telemetry", "worse_by": "10 %"}, "telemetry/t/acknowledged", 900, Status.WITHIN),
        ({"figure": "telemetry", "worse_by": "10 %"}, "telemetry/t/acknowledged", 9000, Status.BETTER),
        ({"figure": "telemetry", "worse_by": "10 %"}, "telemetry/t/generated", 1, Status.DIFFERS),
        ({"figure": "telemetry.t", "worse_by": 5, "only": "warn"}, "telemetry/t/throttled", 1006, Status.WARN),
        ({"figure": "telemetry.throttled", "only": "warn"}, "telemetry/t/throttled", 1001, Status.WARN),
        ({"figure": "telemetry.queued", "differs_by": 5}, "telemetry/t/throttled", 1001, Status.DIFFERS),
    ],
)
def test_a_tolerance_decides_what_is_a_finding(
    figures: RunFigures, entry: dict[str, Any], path: str, value: int, expected: Status
) -> None:
    terms = dict.fromkeys(figures.telemetry["kics"], 1000)
    base = changed(figures, "telemetry", {"t": terms})
    comparison = compare(one(base), one(changed(base, path, value), *entries(entry)))
    assert status(comparison, path.replace("/", ".")) is expected


def test_the_last_tolerance_that_means_a_figure_holds(figures: RunFigures) -> None:
    head = changed(figures, "servers/kics-1/requests", 1)
    wide, narrow = ({"figure": "servers", "differs_by": "100 %"}, {"figure": "servers.requests", "differs_by": 0})
    assert compare(one(figures), one(head, *entries(wide, narrow))).findings == 1
    assert compare(one(figures), one(head, *entries(narrow, wide))).findings == 0


def test_tolerances_of_the_base_hold_where_the_head_has_none(figures: RunFigures) -> None:
    head = changed(figures, "queue/max", 1)
    carried = entries({"figure": "queue", "only": "warn"})
    assert compare(one(figures, *carried), one(head)).findings == 0
    assert compare(one(figures, *carried), one(head, *entries({"figure": "digest", "only": "warn"}))).findings == 1


def test_a_tolerance_that_means_nothing_is_refused_with_the_nearest_name(figures: RunFigures) -> None:
    with pytest.raises(UserError, match=r"did you mean 'servers\.latency\.p99'"):
        compare(one(figures), one(figures, *entries({"figure": "server.latency.p99", "differs_by": 0})))


def test_a_tolerance_for_a_text_is_refused(figures: RunFigures) -> None:
    head = changed(figures, "verdict", "error")
    with pytest.raises(UserError, match="a text"):
        compare(one(figures), one(head, *entries({"figure": "verdict", "differs_by": "10 %"})))


def test_a_run_that_is_missing_is_a_finding_and_a_new_one_is_not(figures: RunFigures) -> None:
    both = Baseline("base", {"a": figures, "b": figures})
    comparison = compare(both, one(figures, name="a"))
    assert comparison.missing == ("b",)
    assert comparison.findings == 1
    assert "MISSING  b is in the base only" in printed(comparison)
    comparison = compare(one(figures, name="a"), both)
    assert comparison.new == ("b",)
    assert comparison.findings == 0
    assert "NEW      b is in the head only" in printed(comparison)


def test_two_single_runs_compare_whatever_their_names(figures: RunFigures) -> None:
    comparison = compare(one(figures, name="a"), one(figures, name="b"))
    assert [run.name for run in comparison.runs] == ["b"]


def test_runs_without_a_common_name_are_refused(figures: RunFigures) -> None:
    with pytest.raises(UserError, match="no run of"):
        compare(Baseline("base", {"a": figures, "b": figures}), one(figures, name="c"))


def test_what_is_not_alike_is_noted(figures: RunFigures) -> None:
    head = changed(changed(changed(figures, "seed", 8), "devices", 5000), "sha256", "0" * 64)
    (run,) = compare(one(figures), one(head)).runs
    assert run.notes == (
        "the scenario changed: 5b1d5b1d5b1d, 000000000000",
        "another seed: 7, 8",
        "another number of devices: 480, 5,000",
    )


@pytest.fixture(scope="module")
def different(figures: RunFigures) -> Comparison:
    head = figures
    for path, value in (
        ("telemetry/kics/generated", 10**17),
        ("servers/central-node-1/bytes_wire", 10**17),
        ("servers/central-node-1/latency.p99", 400_000),
        ("servers/central-node-1/refused", 0),
        ("queue/max", 590),
        ("digest", "sha256:" + "0" * 64),
        ("expectations/a name that is rather long and goes on to the end of the line and below", "fail"),
        ("expectations/[red]x[red] <b>|`y`", "pass"),
        ("verdict", "error"),
        ("wall_s", 99.0),
    ):
        head = changed(head, path, value)
    return compare(one(figures, name="base"), one(head, name="base"))


def test_the_table_fits_80_columns_and_reads_without_colour(different: Comparison) -> None:
    plain = printed(different)
    assert max(len(line) for line in plain.splitlines()) <= 80
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", printed(different, colour=True))
    assert coloured.split() == plain.split()
    assert "\x1b" not in plain


def test_the_table_tells_each_figure_that_differs_and_counts_the_rest(different: Comparison) -> None:
    lines = [" ".join(line.split()) for line in printed(different).splitlines()]
    for line in (
        "WORSE verdict fail → error",
        "NEW [red]x[red] <b>|`y` – → pass",
        "DIFFERS refused 6,103 → 0 -100.0 %",
        "DIFFERS latency.p99 167 ms → 400 ms +139.2 %",
        "DIFFERS max 4,784 → 590 -87.7 %",
        "WARN wall_s 14.2 s → 99.0 s +597.2 %",
        "servers central-node-1",
        "59 figures the same",
        "WORSE 7 findings in 1 run compared; 2 warnings",
    ):
        assert line in lines


def test_markdown_has_a_table_and_no_name_is_a_mark(different: Comparison) -> None:
    text = differences.to_markdown(different)
    parsed = MarkdownIt("commonmark", {"html": True}).enable(["table"]).parse(text)
    tokens = [inner for token in parsed for inner in (token, *(token.children or ()))]
    assert sum(token.type == "tr_open" for token in tokens) == 11
    assert not [token for token in tokens if token.type in ("html_inline", "html_block", "code_inline")]
    assert "**WORSE**: 7 findings in 1 run compared; 2 warnings" in text


def test_json_has_every_figure(different: Comparison) -> None:
    data = json.loads(differences.to_json(different))
    assert data["findings"] == 7
    (run,) = data["runs"]
    by_name = {row["figure"]: row for row in run["figures"]}
    assert len(by_name) == 69
    assert by_name["servers.central-node-1.latency.p99"] == {
        "figure": "servers.central-node-1.latency.p99",
        "unit": "us",
        "base": 167233,
        "head": 400_000,
        "status": "differs",
    }


def test_a_long_list_is_cut_and_says_so(figures: RunFigures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "ROWS_MAX", 3)
    terms = dict.fromkeys(figures.telemetry["kics"], 1)
    comparison = compare(one(figures), one(changed(figures, "telemetry", {"kics": terms})))
    text = printed(comparison)
    assert text.count("DIFFERS") == 3
    assert "more that differ" in text
    assert differences.to_markdown(comparison).count("**differs**") == 3
