"""The manifest: lenient to what a later release adds, strict to types, and plain about what is wrong."""

import json
from typing import Any

import pytest

from reports.manifest import TIME_MS_MAX, Manifest, parse_manifest
from scenarios.errors import UserError
from scenarios.tables import TERMS
from tests.reports import synthetic

FULL: dict[str, Any] = synthetic.make().manifest


def parse(**changes: Any) -> Manifest:
    return parse_manifest(json.dumps({**FULL, **changes}).encode(), place="out/run.json")


def refused(content: bytes) -> UserError:
    with pytest.raises(UserError) as caught:
        parse_manifest(content, place="out/run.json")
    return caught.value


def test_a_manifest_is_read_with_all_its_parts() -> None:
    manifest = parse()
    assert manifest.scenario.name == "central-node-outage"
    assert manifest.start.isoformat() == "2026-03-02T07:00:00+01:00"
    assert [step.end_ms is None for step in manifest.steps] == [True, True, False, True, True]
    assert manifest.expectations[1].counter_examples[0].seen == 1720


def test_a_key_of_a_later_release_is_ignored() -> None:
    assert parse(colour="blue").seed == 7


def test_a_run_that_has_just_begun_has_a_readable_manifest() -> None:
    begun = {
        key: FULL[key]
        for key in ("format", "version", "scenario", "seed", "start", "duration_ms", "devices", "interval_ms")
    }
    manifest = parse_manifest(json.dumps({**begun, "status": "running"}).encode(), place="run.json")
    assert (manifest.simulated_ms, manifest.verdict, manifest.telemetry) == (0, None, {})


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("seed", "7", "seed"),
        ("seed", True, "seed"),
        ("seed", 7.0, "seed"),
        ("devices", -1, "devices"),
        ("duration_ms", 0, "duration_ms"),
        ("duration_ms", TIME_MS_MAX + 1, "duration_ms"),
        ("interval_ms", 0, "interval_ms"),
        ("status", "done", "status"),
        ("start", "2026-03-02T08:00:00", "start"),
        ("wall_s", "quick", "wall_s"),
        ("scenario", {"about": "nameless"}, "scenario.name"),
        ("steps", [{"name": "up", "action": "mark", "at_ms": "soon"}], "steps.0.at_ms"),
        ("expectations", [{"name": "x", "verdict": "perhaps"}], "expectations.0.verdict"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(key: str, value: Any, where: str) -> None:
    assert refused(json.dumps({**FULL, key: value}).encode()).place == f"out/run.json: {where}"


@pytest.mark.parametrize("term", TERMS)
def test_a_manifest_without_a_term_of_the_books_is_refused(term: str) -> None:
    books = {name: 0 for name in TERMS if name != term}
    assert term in refused(json.dumps({**FULL, "telemetry": {"kics": books}}).encode()).cause


def test_another_format_is_refused_with_both_numbers() -> None:
    error = refused(json.dumps({**FULL, "format": 2}).encode())
    assert "format 2" in error.cause
    assert "format 1" in error.cause


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_a_start_at_the_end_of_the_calendar_is_refused(start: str) -> None:
    assert "years" in refused(json.dumps({**FULL, "start": start}).encode()).cause


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"run"', b"\xff\xfe", b"[" * 100_000, b'{"format": NaN}', b'{"version": "\\ud800"}'],
)
def test_what_is_no_manifest_is_a_user_error(content: bytes) -> None:
    assert refused(content).place.startswith("out/run.json")
