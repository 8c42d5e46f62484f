"""The summary for scripts: the one JSON document that `seatrial run --format json` prints."""

import json
from collections.abc import Sequence

from reports.summary import Summary
from scenarios.tables import TERMS


def document(summaries: Sequence[Summary]) -> dict[str, object]:
    """The runs in their order. Names and texts are the scenario's own, untouched; keys are a contract."""
    return {"runs": [_run(summary) for summary in summaries]}


def render(summaries: Sequence[Summary]) -> str:
    """`document` as JSON text in ASCII, with a line feed at its end."""
    return json.dumps(document(summaries), indent=2) + "\n"


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


def _seconds(ms: int) -> int | float:
    whole, rest = divmod(ms, 1000)
    return ms / 1000 if rest else whole
