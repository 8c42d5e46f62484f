"""Explanations: what the tables know about each counter-example, found in seconds among 100,000 devices."""

import io
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from reports import explaining
from reports.explanation import AROUND_MS, FACTS_MAX, Explanation, explain
from reports.folder import RunFolder
from scenarios.errors import UserError
from scenarios.tables import FACTS
from tests.reports import synthetic

UP_MS = synthetic.SMALL.up_ms


def facts(rows: list[tuple[int, str, int, str, str]]) -> pa.Table:
    columns = zip(*sorted(rows), strict=True)
    return pa.table(dict(zip(FACTS.names, columns, strict=True)), schema=FACTS)


def failed(*examples: dict[str, Any], name: str = "queues stay short", verdict: str = "fail") -> dict[str, Any]:
    return {
        "name": name,
        "clause": "KEA-CEN-014",
        "verdict": verdict,
        "seen": "3 of 480 devices",
        "expected": "queued_max is < 50, for all",
        "place": "trials/outage.yaml:25:5: expect.queues stay short",
        "counter_examples": list(examples),
    }


def example(device: str, at_ms: int | None, what: str = "queued_max") -> dict[str, Any]:
    return {"device": device, "what": what, "seen": "182", "permitted": "< 50", "at_ms": at_ms}


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Writes a run with facts and expectations, and opens it."""

    def write(rows: list[tuple[int, str, int, str, str]], *expectations: dict[str, Any]) -> RunFolder:
        made = synthetic.make()
        made.tables["facts"] = facts(rows)
        made.manifest["expectations"] = list(expectations)
        return RunFolder.open(synthetic.write(made, tmp_path / "run"))

    return write


def printed(folder: RunFolder, explanations: tuple[Explanation, ...], *, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=80, no_color=not colour, force_terminal=colour)
    explaining.show(console, folder.manifest, explanations)
    return stream.getvalue()


def test_each_counter_example_has_the_facts_of_its_device_around_it(run: Any) -> None:
    folder = run(
        [
            (UP_MS - AROUND_MS - 1, "office-00007", 0, "connect", "{}"),
            (UP_MS - AROUND_MS, "office-00007", 0, "no-server", "{}"),
            (UP_MS, "office-00007", 1, "connect", '{"server": "central-node-1"}'),
            (UP_MS, "office-00007", 0, "fail-over", '{"server": "central-node-1"}'),
            (UP_MS, "office-00008", 0, "connect", "{}"),
            (UP_MS, "", 0, "fault-ended", "{}"),
            (UP_MS + AROUND_MS, "office-00007", 0, "isolated", "{}"),
            (UP_MS + AROUND_MS + 1, "office-00007", 0, "released", "{}"),
        ],
        failed(example("office-00007", UP_MS), example("office-00009", UP_MS + 5)),
    )
    ((seven, nine),) = [one.examples for one in explain(folder)]
    assert [fact.kind for fact in seven.facts] == ["no-server", "fail-over", "connect", "isolated"]
    assert seven.facts[1].detail == {"server": "central-node-1"}
    assert seven.facts_left == 0
    assert nine.facts == ()


def test_each_counter_example_has_the_row_of_its_device(run: Any) -> None:
    folder = run([(0, "", 0, "step", "{}")], failed(example("office-00007", UP_MS), example("gone", UP_MS)))
    ((known, unknown),) = [one.examples for one in explain(folder)]
    (row,) = [row for row in synthetic.make().tables["devices"].to_pylist() if row["device"] == "office-00007"]
    assert known.device is not None
    assert known.device.group == row["group"]
    assert known.device.queued_max == row["queued_max"]
    assert known.device.terms["acknowledged"] == row["acknowledged"]
    assert "expired" in known.device.terms or row["expired"] == 0
    assert [contact.server for contact in known.device.contacts] == ["central-node-1"]
    assert unknown.device is None
    assert "the devices table does not know it" in printed(folder, explain(folder))


def test_the_steps_and_faults_of_that_time_are_told(run: Any) -> None:
    folder = run(
        [(0, "", 0, "step", "{}")],
        failed(
            example("office-00007", UP_MS - 1000),
            example("office-00008", 0),
            example("office-00009", UP_MS + AROUND_MS + 1000),
        ),
    )
    ((during, before, after),) = [one.examples for one in explain(folder)]
    assert [step.name for step in during.steps] == ["outage", "up"]
    assert [step.name for step in before.steps] == ["warm"]
    assert after.steps == ()
    text = " ".join(printed(folder, explain(folder)).split())
    assert "outage: fault refused-connection, 2:00:00 to 2:28:00, lasting then (trials/outage.yaml:16:5" in text
    assert "step no step and no fault within 10 min" in text


def test_what_concerns_no_device_has_the_facts_of_the_run(run: Any) -> None:
    folder = run(
        [(UP_MS, "", 0, "fault-ended", "{}"), (UP_MS, "office-00007", 0, "connect", "{}")],
        failed({"device": "", "what": "central-node, low", "seen": 3, "permitted": 0, "at_ms": UP_MS}),
    )
    ((one,),) = [explanation.examples for explanation in explain(folder)]
    assert [fact.kind for fact in one.facts] == ["fault-ended"]
    assert one.device is None
    assert "1. central-node, low at 2:28:00, seen 3, permitted 0" in printed(folder, explain(folder))


def test_without_a_time_the_first_facts_of_the_device_are_told(run: Any) -> None:
    rows = [(index * 1000, "office-00007", 0, "connect", "{}") for index in range(FACTS_MAX + 5)]
    folder = run(rows, failed(example("office-00007", None), example("office-00008", UP_MS)))
    ((one, _),) = [explanation.examples for explanation in explain(folder)]
    assert [fact.at_ms for fact in one.facts] == [index * 1000 for index in range(FACTS_MAX)]
    assert one.facts_left == 5
    assert one.steps == ()
    assert "and 5 more" in printed(folder, explain(folder))


def test_of_many_facts_the_nearest_are_told_in_order(run: Any) -> None:
    rows = [(UP_MS + index * 1000, "office-00007", 0, "connect", "{}") for index in range(-100, 100)]
    folder = run(rows, failed(example("office-00007", UP_MS)))
    ((one,),) = [explanation.examples for explanation in explain(folder)]
    times = [fact.at_ms for fact in one.facts]
    assert len(times) == FACTS_MAX
    assert times == sorted(times)
    assert min(times) >= UP_MS - 20_000
    assert max(times) <= UP_MS + 20_000
    assert one.facts_left == 160


def test_only_what_did_not_pass_is_explained_unless_it_is_named(run: Any) -> None:
    folder = run(
        [(0, "", 0, "step", "{}")],
        failed(name="a", verdict="pass"),
        failed(name="b", verdict="warn"),
        failed(name="c", verdict="unknown"),
        failed(name="d"),
    )
    assert [one.expectation.name for one in explain(folder)] == ["b", "c", "d"]
    assert [one.expectation.name for one in explain(folder, "a")] == ["a"]
    with pytest.raises(UserError, match="did you mean 'a'"):
        explain(folder, "A")


def test_a_run_in_which_all_passed_says_so(run: Any) -> None:
    folder = run([(0, "", 0, "step", "{}")], failed(name="a", verdict="pass"))
    assert printed(folder, explain(folder)) == "central-node-outage: 1 expectation, all of them passed\n"


def test_clause_place_and_the_line_that_runs_it_again_are_told_in_80_columns(run: Any) -> None:
    folder = run(
        [(UP_MS, "office-00007", 0, "connect", json.dumps({"server": "s" * 400}))],
        failed(*(example(f"office-{index:05}", UP_MS) for index in range(10))),
    )
    text = printed(folder, explain(folder))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "clause    KEA-CEN-014" in text
    assert "trials/outage.yaml:25:5: expect.queues stay short" in text
    assert "again   seatrial run trials/outage.yaml --seed 7 --devices 480" in text
    assert "10. office-00009 at 2:28:00, seen 182, permitted < 50" in text
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", printed(folder, explain(folder), colour=True))
    assert coloured.split() == text.split()


def test_hostile_texts_are_no_markup(run: Any) -> None:
    folder = run(
        [(UP_MS, "x[red]\x1b[31m", 0, "[bold]kind", "\x1b]0;title\x07 no JSON")],
        failed(example("x[red]\x1b[31m", UP_MS), name="[red]exp[/red]"),
    )
    text = printed(folder, explain(folder))
    assert "\x1b" not in text
    assert "[red]exp[/red]" in text
    assert "[bold]kind" in text
    assert "no JSON" in text


@pytest.mark.parametrize("detail", ["[1, 2]", "[" * 100_000, "", "null"])
def test_a_detail_that_is_no_object_is_told_as_it_is(run: Any, detail: str) -> None:
    folder = run([(UP_MS, "office-00007", 0, "connect", detail)], failed(example("office-00007", UP_MS)))
    ((one,),) = [explanation.examples for explanation in explain(folder)]
    assert one.facts[0].detail == detail


def test_a_part_that_cannot_be_read_is_a_problem_and_the_rest_is_told(run: Any) -> None:
    folder = run([(UP_MS, "office-00007", 0, "connect", "{}")], failed(example("office-00007", UP_MS)))
    (folder.path / "devices" / "part-00001.parquet").write_bytes(b"half")
    ((one,),) = [explanation.examples for explanation in explain(folder)]
    assert [fact.kind for fact in one.facts] == ["connect"]
    assert folder.problems[0].startswith("devices/part-00001.parquet cannot be read")


def test_a_run_of_100_000_devices_is_explained_in_seconds(tmp_path: Path) -> None:
    shape = synthetic.Shape(devices=100_000)
    made = synthetic.make(shape)
    devices = made.tables["devices"]["device"]
    kinds = ("no-server", "connect", "fail-over", "policy-applied")
    index = np.arange(1_000_000)
    at_ms = index * (shape.duration_ms // 1_000_000)
    columns: dict[str, Any] = {
        "at_ms": at_ms,
        "device": devices.take((index * 7 % 100_000).tolist()),
        "sequence": np.zeros(1_000_000, np.int32),
        "kind": pa.array(kinds).take((index % 4).tolist()),
        "detail": ['{"server": "central-node-1"}'] * 1_000_000,
    }
    made.tables["facts"] = pa.table(columns, schema=FACTS)
    # Each device has a fact every 100,000 rows.
    chosen = [devices[number * 7 % 100_000].as_py() for number in range(10)]
    when = [int(at_ms[500_000 + number]) for number in range(10)]
    made.manifest["expectations"] = [
        failed(*(example(name, moment) for name, moment in zip(chosen, when, strict=True))),
        failed(*(example(name, None) for name in chosen), name="without a time"),
    ]
    folder = RunFolder.open(synthetic.write(made, tmp_path / "large", parts=8))
    began = time.perf_counter()
    timed, untimed = explain(folder)
    printed(folder, (timed, untimed))
    assert time.perf_counter() - began < 10
    assert [[fact.at_ms for fact in one.facts] for one in timed.examples] == [[moment] for moment in when]
    assert [len(one.facts) for one in untimed.examples] == [10] * 10
    assert all(one.device is not None for one in (*timed.examples, *untimed.examples))


# --- as a document ----------------------------------------------------------------------------------------------------


def test_the_document_has_all_that_is_told(run: Any) -> None:
    detail = json.dumps({"server": "cn-1"})
    rows = [(UP_MS, "office-00007", 0, "connect", detail), (UP_MS, "office-00008", 0, "connect", "no JSON")]
    folder = run(rows, failed(example("office-00007", UP_MS)), failed(example("nobody", None), name="other"))
    text = explaining.to_json(folder, explain(folder))
    document = json.loads(text)
    assert text.isascii()
    assert list(document) == ["scenario", "seed", "verdict", "command", "expectations", "problems"]
    first, second = document["expectations"]
    assert (first["name"], first["clause"], first["verdict"]) == ("queues stay short", "KEA-CEN-014", "fail")
    assert first["place"].startswith("trials/outage.yaml:25:5")
    (told,) = first["counter_examples"]
    assert (told["device"], told["seen"], told["permitted"], told["at_ms"]) == ("office-00007", "182", "< 50", UP_MS)
    assert told["row"]["device"] == "office-00007"
    assert told["facts"] == [
        {"at_ms": UP_MS, "device": "office-00007", "kind": "connect", "detail": {"server": "cn-1"}}
    ]
    assert (told["facts_left"], bool(told["steps"])) == (0, True)
    (other,) = second["counter_examples"]
    assert (other["row"], other["steps"], other["facts"]) == (None, [], [])


def test_a_run_in_which_nothing_failed_is_a_document_too(run: Any) -> None:
    folder = run([(0, "", 0, "step", "{}")], failed(name="a", verdict="pass"))
    assert json.loads(explaining.to_json(folder, explain(folder)))["expectations"] == []


def test_problems_of_the_folder_are_in_the_document(written: Path, copy: Path) -> None:
    (copy / "facts" / "part-00000.parquet").write_bytes(b"")
    opened, sound = RunFolder.open(copy), RunFolder.open(written)
    assert json.loads(explaining.to_json(opened, explain(opened)))["problems"] != []
    assert json.loads(explaining.to_json(sound, explain(sound)))["problems"] == []
