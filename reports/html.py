"""The HTML report: one file that needs no network, and lets no text of a scenario become script."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from reports import words
from reports.figures import LABEL_MAX, Figure, colour, label, load_figures, queue_lengths, telemetry_figures
from reports.folder import RunFolder
from reports.manifest import Manifest
from reports.series import SERVERS_MAX, collect
from reports.summary import summarise
from scenarios.tables import TERMS

STEPS_MAX: Final = 200
"""Steps that are shown in the figures; the table has them all."""

_FILTERS: Final[dict[str, Callable[..., str]]] = {
    "count": words.count,
    "share": words.share,
    "span": words.span,
    "interval": words.interval,
    "seconds": words.seconds,
    "size": words.size,
    "latency": words.latency,
    "scalar": words.scalar,
    "term": words.term,
    "colour": colour,
}


def render(folder: RunFolder) -> str:
    """The report of `folder` as the text of one HTML file.

    Raises `UserError` where the run has more intervals than a report holds.
    """
    summary = summarise(folder)
    series = collect(folder, summary)
    loads = load_figures(summary, series)
    drawn = {
        book.target: telemetry_figures(book, one, series.grid, index=index)
        for index, (book, one) in enumerate(zip(summary.books, series.targets, strict=False), start=1)
    }
    lengths = [queue_lengths(summary.queues)] if summary.queues else []
    figures = [*loads, *(figure for several in drawn.values() for figure in several), *lengths]
    manifest = summary.manifest
    plotly, drawing, filtering = get_plotlyjs(), _text("report.js"), _text("tables.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            manifest=manifest,
            summary=summary,
            problems=folder.problems,
            terms=TERMS,
            start=f"{words.moment(manifest.start, 0)} {words.zone(manifest.start)}",
            loads=loads,
            servers_max=SERVERS_MAX,
            drawn=drawn,
            lengths=lengths,
            data=_data(manifest, figures, end_ms=series.grid.end_ms),
            style=_text("report.css"),
            plotly=plotly,
            drawing=drawing,
            filtering=filtering,
            script_hashes=[_hash(script) for script in (plotly, drawing, filtering)],
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(_FILTERS)
    return environment


def _shown(value: object) -> object:
    return words.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _text(name: str) -> str:
    return files("reports").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What the page's policy allows to run: this very text and no other."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _data(manifest: Manifest, figures: Sequence[Figure], *, end_ms: int) -> Mapping[str, Any]:
    """What the page's script draws; values are JSON's own."""
    start = manifest.start
    return {
        "end_s": end_ms / 1000,
        "since": f"h:mm since {start:%Y-%m-%d %H:%M} ({words.zone(start)})",
        "steps": [
            {
                "label": label(step.name),
                "letters": min(len(step.name), LABEL_MAX),
                "from_s": step.at_ms / 1000,
                "to_s": None if step.end_ms is None else step.end_ms / 1000,
                "fault": step.is_fault,
            }
            for step in manifest.steps[:STEPS_MAX]
        ],
        "figures": {
            figure.name: {"over_time": figure.over_time, **figure.spec} for figure in figures if figure.spec is not None
        },
    }
