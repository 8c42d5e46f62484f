"""The figures of the HTML report: Plotly figures whose colours are CSS variables, each with its sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go
from markupsafe import escape
from plotly.subplots import make_subplots

from reports import words
from reports.queues import EDGES, Queues
from reports.series import (
    I64,
    OTHER_TYPES,
    Grid,
    LatencySeries,
    Series,
    ServerSeries,
    TargetSeries,
    bar_ms,
    bar_sums,
    keep_peaks,
    waiting,
)
from reports.summary import Books, Load, Summary
from scenarios.tables import STOCKS

# Any: Plotly has no types.
Spec = dict[str, Any]

STACKED: Final = (
    "acknowledged",
    "excluded",
    "optimised",
    "repeated",
    "throttled",
    "not_collected",
    "crashed",
    "expired",
)
"""Terms that are flows, from the ground of a stack upwards."""
LABEL_MAX: Final = 24
OUTCOMES: Final = ("served", "refused", "timed_out", "unreachable")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure. `name` is its id in the page, `sentence` says in words what `spec` lets Plotly draw.

    `spec` is None where there is nothing to draw.
    `legend` pairs a name with the name of its colour, empty where one colour needs none. `over_time` tells whether
    the axis is the time since the start, where the steps of the scenario are shown.
    """

    name: str
    title: str
    sentence: str
    spec: Spec | None
    legend: tuple[tuple[str, str], ...] = ()
    over_time: bool = True


def colour(name: str) -> str:
    """The CSS variable that holds the colour of a term, an outcome or another thing that is drawn."""
    return f"var(--{name.replace('_', '-')})"


def label(name: str) -> str:
    """A name of the user in a figure, of bounded length. Plotly reads texts as markup, so markup is made harmless."""
    return str(escape(words.clipped(words.printable(name), LABEL_MAX)))


def load_figures(summary: Summary, series: Series) -> list[Figure]:
    """For each server, requests and bytes per second over time, with failures stacked, then how fast it answered."""
    loads = {(load.server, load.port): load for load in summary.totals}
    figures = []
    for index, one in enumerate(series.servers, start=1):
        load, latency = loads[one.server, one.port], series.latencies.get((one.server, one.port))
        figures.append(_load(f"load-{index}", load, one, series.grid))
        if latency is not None and load.p50_us is not None and load.p99_us is not None:
            figures.append(_latency(f"latency-{index}", load, latency))
    return figures


def telemetry_figures(book: Books, series: TargetSeries, grid: Grid, *, index: int) -> list[Figure]:
    """For one target: what became of its events, what waits on the devices, and what was throttled, over time."""
    return [
        _flows(f"flows-{index}", book, series, grid),
        _queue(f"queue-{index}", series, grid),
        _throttled(f"throttled-{index}", book, series, grid),
    ]


def _load(name: str, load: Load, series: ServerSeries, grid: Grid) -> Figure:
    columns = dict(series.columns)
    columns["served"] = columns["requests"] - columns["refused"] - columns["timed_out"] - columns["unreachable"]
    kept = keep_peaks([columns[one] for one in ("requests", "refused", "timed_out", "unreachable", "bytes_wire")])
    outcomes = [one for one in OUTCOMES if one == "served" or columns[one].any()]
    bodies = bool(columns["bytes_wire"].any())
    figure = make_subplots(
        rows=1 + bodies,
        cols=1,
        shared_xaxes=True,
        row_heights=[0.68, 0.32] if bodies else None,
        vertical_spacing=0.1 if bodies else None,
    )
    for outcome in outcomes:
        figure.add_trace(
            go.Scatter(
                **_levels(grid, kept, columns[outcome]),
                name=words.term(outcome),
                stackgroup="requests",
                line={"width": 0, "shape": "hv"},
                fillcolor=colour(outcome),
                hovertemplate="%{y:,.3~r}/s",
            ),
            row=1,
            col=1,
        )
    figure.update_yaxes(title_text="requests/s", row=1, col=1)
    if bodies:
        figure.add_trace(
            go.Scatter(
                **_levels(grid, kept, columns["bytes_wire"]),
                name="on the wire",
                line={"width": 1.5, "shape": "hv", "color": colour("ink-soft")},
                hovertemplate="%{y:.3~s}B/s",
            ),
            row=2,
            col=1,
        )
        figure.update_yaxes(title_text="bytes/s", tickformat="~s", nticks=4, row=2, col=1)
    figure.update_layout(height=360 if bodies else 240)
    failures = [
        f"{words.count(number)} {what}"
        for number, what in (
            (load.refused, "were refused"),
            (load.timed_out, "timed out"),
            (load.unreachable, "found no connection"),
        )
        if number
    ]
    sentence = (
        f"{words.printable(load.server)} had {words.count(load.requests, 'request')}, "
        f"at most {words.count(load.peak_requests)} in {words.interval(grid.interval_ms)} "
        f"(at {words.span(load.peak_at_ms)}); {_joined(failures) if failures else 'none failed'}"
        + (f"; {words.size(load.bytes_wire)} were on the wire." if bodies else ".")
    )
    title = words.printable(load.server if load.server == load.port else f"{load.server}, {load.port}")
    legend = tuple((words.term(one), one) for one in outcomes) if len(outcomes) > 1 else ()
    return Figure(name, title, sentence, _spec(figure), legend)


def _latency(name: str, load: Load, series: LatencySeries) -> Figure:
    figure = go.Figure()
    for quantile, column, fill in (("p50", series.p50_us, "p50"), ("p99", series.p99_us, "p99")):
        figure.add_trace(
            go.Scatter(
                x=_middles(len(column), series.bar_ms),
                y=[None if us is None else us / 1_000_000 for us in column],
                name=quantile,
                mode="lines",
                line={"width": 1.5, "shape": "hvh", "color": colour(fill)},
                hovertemplate="%{y:.3~s}s",
            )
        )
    figure.update_yaxes(title_text="latency", tickformat="~s", ticksuffix="s", nticks=5)
    figure.update_layout(height=220)
    worst_us = max(us for us in series.p99_us if us is not None)
    bar = series.p99_us.index(worst_us)
    sentence = (
        f"Half of the answers came within {words.latency(load.p50_us or 0)}, 99 % within "
        f"{words.latency(load.p99_us or 0)}; at worst, 99 % within {words.latency(worst_us)}, in the "
        f"{words.interval(series.bar_ms)} from {words.span(bar * series.bar_ms)}."
    )
    title = words.printable(load.server if load.server == load.port else f"{load.server}, {load.port}")
    return Figure(name, f"{title}: latency of its answers", sentence, _spec(figure), (("p50", "p50"), ("p99", "p99")))


def _flows(name: str, book: Books, series: TargetSeries, grid: Grid) -> Figure:
    length_ms = bar_ms(grid)
    figure = go.Figure()
    stacked = [term for term in STACKED if series.terms[term].any()]
    for term in stacked:
        figure.add_trace(_bars(series.terms[term], grid, length_ms, name=words.term(term), fill=term))
    intervals = length_ms // grid.interval_ms
    generated = bar_sums(series.terms["generated"], intervals)
    figure.add_trace(
        go.Scatter(
            x=_middles(len(generated), length_ms),
            y=generated.tolist(),
            name="generated",
            mode="lines",
            line={"width": 1.5, "color": colour("generated"), "shape": "hvh"},
            hovertemplate="%{y:,d}",
        )
    )
    figure.update_yaxes(title_text=f"events in {words.interval(length_ms)}", tickformat="~s")
    figure.update_layout(barmode="stack", bargap=0, height=320)
    generated_total = book.terms["generated"]
    largest = sorted((term for term in book.terms if term != "generated"), key=lambda term: -book.terms[term])[:3]
    sentence = f"Of {words.count(generated_total, 'event')} for {words.printable(book.target)}, " + _joined(
        [
            f"{words.share(book.terms[term], generated_total)} {_became(term)}"
            for term in largest
            if book.terms[term] or term == largest[0]
        ]
    )
    legend = tuple((words.term(term), term) for term in (*stacked, "generated"))
    return Figure(name, "What became of it, over time", f"{sentence}.", _spec(figure), legend)


def _queue(name: str, series: TargetSeries, grid: Grid) -> Figure:
    title = "What waits on the devices"
    total = waiting(series)
    if not total.any():
        return Figure(name, title, "Nothing waited on a device at the end of an interval.", None)
    kept = keep_peaks([total, series.terms["queued"], series.terms["unanswered"]])
    figure = go.Figure()
    stocks = [stock for stock in STOCKS if series.terms[stock].any()]
    for stock in stocks:
        figure.add_trace(
            go.Scatter(
                # A stock is known at the end of its interval.
                x=((kept + 1) * (grid.interval_ms / 1000)).tolist(),
                y=series.terms[stock][kept].tolist(),
                name=words.term(stock),
                stackgroup="stock",
                line={"width": 0},
                fillcolor=colour(stock),
                hovertemplate="%{y:,d}",
            )
        )
    figure.update_yaxes(title_text="events", tickformat="~s")
    figure.update_layout(height=220)
    peak = int(total.argmax())
    sentence = (
        f"At most {words.count(int(total[peak]), 'event')} waited on the devices, "
        f"at {words.span((peak + 1) * grid.interval_ms)}; {words.count(int(total[-1]))} at the end."
    )
    legend = tuple((words.term(stock), stock) for stock in stocks) if len(stocks) > 1 else ()
    return Figure(name, title, sentence, _spec(figure), legend)


def _throttled(name: str, book: Books, series: TargetSeries, grid: Grid) -> Figure:
    title = "Dropped by throttling, by event type"
    if not series.throttled:
        return Figure(name, title, "Throttling dropped nothing.", None)
    length_ms = bar_ms(grid)
    figure = go.Figure()
    fills = {
        kind: "other" if kind == OTHER_TYPES else f"type-{index}"
        for index, kind in enumerate(series.throttled, start=1)
    }
    for kind, column in series.throttled.items():
        figure.add_trace(_bars(column, grid, length_ms, name=label(kind), fill=fills[kind]))
    figure.update_yaxes(title_text=f"events in {words.interval(length_ms)}", tickformat="~s")
    figure.update_layout(barmode="stack", bargap=0, height=260)
    first, column = next(iter(series.throttled.items()))
    sentence = (
        f"{words.count(book.terms['throttled'], 'event')} dropped by throttling, {words.printable(first)} most of all "
        f"({words.count(int(column.sum()))})."
    )
    return Figure(name, title, sentence, _spec(figure), tuple(fills.items()))


def queue_lengths(queues: Queues) -> Figure:
    """How many devices had a longest queue of which length."""
    filled = [index for index, devices in enumerate(queues.counts) if devices]
    classes = range(filled[0], filled[-1] + 1)
    bounds = [(EDGES[one], EDGES[one + 1]) for one in classes]
    figure = go.Figure(
        go.Bar(
            x=list(classes),
            y=[queues.counts[one] for one in classes],
            marker={"color": colour("queued"), "line": {"width": 0}},
            customdata=[f"{low:,}" if high == low + 1 else f"{low:,} to {high - 1:,}" for low, high in bounds],
            hovertemplate="%{customdata} events: %{y:,d} devices<extra></extra>",
            name="devices",
        )
    )
    marks = [one for one in classes if str(EDGES[one]).rstrip("0") in ("", "1", "2", "5")]
    figure.update_xaxes(
        title={"text": "longest queue of a device, events", "standoff": 8},
        tickvals=marks,
        ticktext=[f"{EDGES[one]:,}" for one in marks],
        fixedrange=True,
    )
    figure.update_yaxes(title_text="devices", tickformat=",d")
    figure.update_layout(height=260, bargap=0.08, hovermode="closest")
    longest = queues.outliers[0]
    sentence = (
        f"Of {words.count(queues.devices, 'device')}, half never had more than {words.count(queues.median, 'event')} "
        f"waiting and 99 % no more than {words.count(queues.p99)}; "
        f"the longest queue was {words.count(longest.queued_max)} ({words.printable(longest.device)})."
    )
    return Figure("queues", "Longest queue of each device", sentence, _spec(figure), over_time=False)


def _became(term: str) -> str:
    return {
        "queued": "still wait",
        "unanswered": "are sent without an answer",
        "expired": "expired",
    }.get(term, f"were {words.term(term)}")


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _levels(grid: Grid, kept: I64, column: I64) -> Spec:
    """A rate from each kept interval's start to the next one, the last to the end of the run."""
    rates = (column[kept] * 1000 / grid.interval_ms).round(3).tolist()
    x = [*(kept * (grid.interval_ms / 1000)).tolist(), grid.end_ms / 1000]
    return {"x": x, "y": [*rates, rates[-1]], "mode": "lines"}


def _middles(bars: int, length_ms: int) -> list[float]:
    return [(index + 0.5) * length_ms / 1000 for index in range(bars)]


def _bars(column: I64, grid: Grid, length_ms: int, *, name: str, fill: str) -> go.Bar:
    values = bar_sums(column, length_ms // grid.interval_ms)
    return go.Bar(
        x=_middles(len(values), length_ms),
        y=values.tolist(),
        width=length_ms / 1000,
        name=name,
        marker={"color": colour(fill), "line": {"width": 0}},
        hovertemplate="%{y:,d}",
    )


def _spec(figure: go.Figure) -> Spec:
    """The figure in the report's plain style, as JSON values."""
    figure.update_xaxes(
        showgrid=False, zeroline=False, ticks="outside", tickcolor=colour("line"), linecolor=colour("line")
    )
    figure.update_yaxes(gridcolor=colour("line"), zeroline=False, fixedrange=True, rangemode="tozero", title_standoff=6)
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        font={"color": colour("ink-soft"), "size": 12},
        margin={"l": 64, "r": 22, "t": 8, "b": 48},
        hoverlabel={"bgcolor": colour("paper"), "bordercolor": colour("line"), "font": {"color": colour("ink")}},
    )
    if figure.layout.hovermode is None:
        figure.update_layout(hovermode="x unified")
        figure.update_xaxes(hoverformat=".3~f", spikecolor=colour("ink-soft"), spikethickness=1, spikedash="solid")
    spec: Spec = figure.to_dict()
    return spec
