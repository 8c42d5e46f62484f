"""The summary for scripts: the one JSON document that `seatrial run --format json` prints."""

import json
from collections.abc import Sequence

from reports.codes import ExitCode
from reports.summary import Broken, Summary
from scenarios.tables import TERMS


def document(runs: Sequence[Summary | Broken]) -> dict[str, object]:
    """The runs in their order. Names and texts are the scenario's own, untouched; keys are a contract.

    One that left no folder has the same keys: `error` says why, and what is not known is null or empty.
    """
    return {"runs": [_broken(run) if isinstance(run, Broken) else _run(run) for run in runs]}


def render(runs: Sequence[Summary | Broken]) -> str:
    """`document` as JSON text in ASCII, with a line feed at its end."""
    return json.dumps(document(runs), indent=2) + "\n"


def _run(summary: Summary) -> dict[str, object]:
    manifest = summary.manifest
    return {
        "scenario": manifest.scenario.name,
        "seed": manifest.seed,
        "devices": manifest.devices,
        "simulated_s": _seconds(summary.reached_ms),
        "wall_s": manifest.wall_s,
        "status": manifest.status,
        "verdict": summary.verdict,
        "error": manifest.error or None,
        "expectations": [
            {
                "name": one.name,
                "clause": one.clause,
                "verdict": one.verdict,
                "seen": one.seen,
                "expected": one.expected,
            }
            for one in manifest.expectations
        ],
        "telemetry": {book.target: {term: book.terms[term] for term in TERMS} for book in summary.books},
        "problems": list(summary.problems),
        "digest": manifest.digest,
        "out": str(summary.out),
    }


def _broken(run: Broken) -> dict[str, object]:
    return {
        "scenario": run.scenario,
        "seed": None,
        "devices": None,
        "simulated_s": None,
        "wall_s": None,
        "status": "interrupted" if run.code == ExitCode.INTERRUPTED else "failed",
        "verdict": run.verdict,
        "error": run.error,
        "expectations": [],
        "telemetry": {},
        "problems": [],
        "digest": None,
        "out": None,
    }


def _seconds(ms: int) -> int | float:
    whole, rest = divmod(ms, 1000)
    return ms / 1000 if rest else whole
