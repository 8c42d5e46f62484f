"""The numbers of a run, worked out once: console, JSON and HTML show these and no others."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import pyarrow.compute as pc

from reports import words
from reports.aggregate import sums
from reports.codes import VERDICT_CODES, ExitCode
from reports.folder import RunFolder
from reports.latency import LATENCY_COLUMNS, Latencies, by_bucket
from reports.manifest import Expectation, Manifest
from reports.queues import Queues, longest_queues
from scenarios.tables import FLOWS, SCHEMAS, STOCKS, TERMS

Tone = Literal["good", "bad", "caution"]


@dataclass(frozen=True, slots=True)
class Books:
    """What became of the events for one target. `suppressed` stands outside the balance."""

    target: str
    terms: Mapping[str, int]
    suppressed: int

    @property
    def difference(self) -> int:
        """Events that were generated and stand nowhere: 0 where the books balance."""
        return self.terms["generated"] - sum(self.terms[term] for term in TERMS if term != "generated")


@dataclass(frozen=True, slots=True)
class Load:
    """What reached one server on one port. `kind` is empty for all kinds of request together.

    `peak_requests` is the largest number in one interval, the first at `peak_at_ms`. The latencies are None where
    nothing was answered.
    """

    server: str
    port: str
    kind: str
    requests: int
    connects: int
    refused: int
    timed_out: int
    unreachable: int
    events: int
    bytes_in: int
    bytes_wire: int
    peak_requests: int
    peak_at_ms: int
    p50_us: int | None
    p99_us: int | None

    @property
    def failed(self) -> int:
        """Requests that did not bring what they came for."""
        return self.refused + self.timed_out + self.unreachable


@dataclass(frozen=True, slots=True)
class Banner:
    """How a run ended: a word, a sentence, and the exit code. Everything that tells of a run tells this."""

    word: str
    tone: Tone
    sentence: str
    code: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a run.

    `out` is its folder and `report` the HTML report there, None where none was written. `reached_ms` is how far the run
    came. `throttled` counts by target and event type; `problems` are faults of the folder.
    """

    manifest: Manifest
    out: Path
    report: Path | None
    reached_ms: int
    books: tuple[Books, ...]
    throttled: Mapping[str, Mapping[str, int]]
    servers: tuple[Load, ...]
    queues: Queues | None
    problems: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """`pass`, `unjudged`, `fail`, `invalid` or `error`.

        A run that did not finish never passes: it is `invalid`. Nor does one that judged nothing: it is `unjudged`.
        """
        verdict = self.manifest.verdict or "invalid"
        if verdict in ("pass", "unjudged") and self.manifest.status != "finished":
            return "invalid"
        return "unjudged" if verdict == "pass" and not self.manifest.expectations else verdict

    @property
    def failures(self) -> tuple[Expectation, ...]:
        """The expectations that failed, in the scenario's order."""
        return tuple(one for one in self.manifest.expectations if one.verdict == "fail")

    @property
    def totals(self) -> tuple[Load, ...]:
        """The servers with all kinds of request together."""
        return tuple(load for load in self.servers if not load.kind)

    @property
    def banner(self) -> Banner:
        """How the run ended."""
        code = ExitCode.INTERRUPTED if self.manifest.status == "interrupted" else VERDICT_CODES[self.verdict]
        return Banner(*self._told(), code)

    def _told(self) -> tuple[str, Tone, str]:
        manifest = self.manifest
        reached = f"{words.span(self.reached_ms)} of {words.span(manifest.duration_ms)}"
        judged = words.count(len(manifest.expectations), "expectation")
        if manifest.status == "running":
            return "UNFINISHED", "caution", f"still running, or killed, at {reached}; this is what was written"
        if manifest.status == "interrupted":
            return "INTERRUPTED", "caution", f"stopped at {reached}; what was done is kept"
        if manifest.status == "failed" or self.verdict == "error":
            why = f": {words.printable(manifest.error)}" if manifest.error else ""
            return "ERROR", "bad", f"the run broke at {reached}{why}"
        if manifest.status == "cut-short":
            return "INVALID", "caution", f"out of wall time at {reached}, so that nothing is judged"
        if self.verdict == "invalid":
            return "INVALID", "caution", "the run cannot be judged; the warnings say why"
        if self.verdict == "fail":
            failed = f"{len(self.failures)} of {judged} failed" if self.failures else "the scenario did not hold"
            return "FAIL", "bad", failed
        if self.verdict == "unjudged":
            fakes = "; what a fake holds is no finding about a server" if manifest.expectations else ""
            return "UNJUDGED", "caution", f"nothing was judged: the scenario expects nothing{fakes}"
        unsure = sum(one.verdict != "pass" for one in manifest.expectations)
        sentence = f"{judged} judged, none failed" + (f"; {unsure} without a clear pass" if unsure else "")
        if self.problems:
            return "PASS", "caution", f"{sentence}; but this folder has problems, see below"
        return "PASS", "good", sentence


@dataclass(frozen=True, slots=True)
class Broken:
    """A scenario that left no run folder to read. `error` says in a line why, `code` is its exit code."""

    scenario: str
    error: str
    command: str
    code: int

    @property
    def verdict(self) -> str:
        """`invalid` where it was stopped or not begun, else `error`."""
        return "invalid" if self.code in (ExitCode.INVALID, ExitCode.INTERRUPTED) else "error"

    @property
    def word(self) -> str:
        """How it ended, as a banner has it."""
        return {ExitCode.INVALID: "INVALID", ExitCode.INTERRUPTED: "INTERRUPTED"}.get(self.code, "ERROR")


def summarise(folder: RunFolder) -> Summary:
    """Reads the tables of `folder` and works out every total.

    The books are the manifest's; where it has none (a killed run) they are the sums of the telemetry table. That the
    books balance, and that manifest and tables agree in a finished run, is checked here and told in `problems`.
    """
    books, throttled = _books(folder)
    servers = _servers(folder)
    _compare_devices(folder, books)
    return Summary(
        manifest=folder.manifest,
        out=folder.path,
        report=folder.report if folder.report.is_file() else None,
        reached_ms=_reached_ms(folder),
        books=books,
        throttled=throttled,
        servers=servers,
        queues=longest_queues(folder),
        problems=folder.problems,
    )


def _reached_ms(folder: RunFolder) -> int:
    manifest = folder.manifest
    if manifest.status in ("finished", "interrupted", "cut-short"):
        return manifest.simulated_ms
    # A run that was killed did not tell its manifest how far it came; its tables do.
    ends = [manifest.simulated_ms]
    for table in ("telemetry", "servers"):
        for part in folder.parts(table, ("at_ms",)):
            if part.num_rows:
                ends.append(pc.max(part["at_ms"]).as_py() + manifest.interval_ms)
    return min(max(ends), manifest.duration_ms)


def _books(folder: RunFolder) -> tuple[tuple[Books, ...], Mapping[str, Mapping[str, int]]]:
    manifest = folder.manifest
    flows = sums(folder, "telemetry", keys=("target", "type"), values=FLOWS).to_pylist()
    recorded: dict[str, dict[str, int]] = {target: dict.fromkeys(TERMS, 0) for target in manifest.telemetry}
    suppressed: dict[str, int] = {}
    throttled: dict[str, dict[str, int]] = {}
    for row in flows:
        target = row["target"]
        terms = recorded.setdefault(target, dict.fromkeys(TERMS, 0))
        for term in TERMS:
            terms[term] += row.get(term, 0)
        suppressed[target] = suppressed.get(target, 0) + row["suppressed"]
        throttled.setdefault(target, {})[row["type"]] = row["throttled"]
    stocks = sums(folder, "telemetry", keys=("at_ms", "target"), values=STOCKS).to_pylist()
    last_ms = stocks[-1]["at_ms"] if stocks else 0
    for row in stocks:
        # A target without a row in the last interval has nothing queued there.
        if row["at_ms"] == last_ms:
            recorded[row["target"]].update({term: row[term] for term in STOCKS})
    books = []
    for target in sorted(recorded):
        told = manifest.telemetry.get(target, recorded[target])
        books.append(Books(target, {term: told[term] for term in TERMS}, suppressed.get(target, 0)))
    for book in books:
        if book.difference:
            folder.note(
                f"the books of {book.target} do not balance: {words.count(abs(book.difference), 'event')} "
                + ("stand nowhere" if book.difference > 0 else "stand there twice")
            )
        if book.target not in manifest.telemetry and manifest.status == "finished":
            folder.note(f"{book.target} is in the telemetry table, but not in run.json")
        _compare(folder, book, recorded[book.target], "the telemetry table")
    return tuple(books), throttled


def _compare(folder: RunFolder, book: Books, recorded: Mapping[str, int], source: str) -> None:
    if folder.manifest.status != "finished" or book.target not in folder.manifest.telemetry:
        return
    differences = [
        f"{words.term(term)} {book.terms[term]:,} and {recorded[term]:,}"
        for term in TERMS
        if book.terms[term] != recorded[term]
    ]
    if differences:
        folder.note(f"{book.target}: run.json and {source} disagree: {', '.join(differences)}")


_SERVER_COUNTS: Final = (
    "requests",
    "connects",
    "refused",
    "timed_out",
    "unreachable",
    "events",
    "bytes_in",
    "bytes_wire",
)


def _servers(folder: RunFolder) -> tuple[Load, ...]:
    rows = sums(folder, "servers", keys=("port", "server", "kind", "at_ms"), values=_SERVER_COUNTS).to_pylist()
    latencies = _latencies(folder)
    kinds: dict[tuple[str, str], dict[str, None]] = {}
    totals: dict[tuple[str, str, str], dict[str, int]] = {}
    by_time: dict[tuple[str, str, str], dict[int, int]] = {}
    for row in rows:
        port, server = row["port"], row["server"]
        kinds.setdefault((port, server), {})[row["kind"]] = None
        for kind in _kind_and_all(row["kind"]):
            total = totals.setdefault((port, server, kind), dict.fromkeys(_SERVER_COUNTS, 0))
            for name in _SERVER_COUNTS:
                total[name] += row[name]
            peaks = by_time.setdefault((port, server, kind), {})
            peaks[row["at_ms"]] = peaks.get(row["at_ms"], 0) + row["requests"]
    loads = []
    for (port, server), names in kinds.items():
        # A single kind would only repeat the server's line.
        for kind in dict.fromkeys(("", *names)) if len(names) > 1 else ("",):
            peaks = by_time[port, server, kind]
            peak_at_ms = max(peaks, key=lambda at_ms: (peaks[at_ms], -at_ms))
            latency = Latencies(latencies.get((port, server, kind), {}))
            loads.append(
                Load(
                    server,
                    port,
                    kind,
                    **totals[port, server, kind],
                    peak_requests=peaks[peak_at_ms],
                    peak_at_ms=peak_at_ms,
                    p50_us=latency.quantile_us(500),
                    p99_us=latency.quantile_us(990),
                )
            )
    # The busiest first, its kinds below it.
    busy = {(load.port, load.server): load.requests for load in loads if not load.kind}
    return tuple(sorted(loads, key=lambda load: (-busy[load.port, load.server], load.port, load.server, load.kind)))


def _kind_and_all(kind: str) -> tuple[str, ...]:
    return (kind, "") if kind else ("",)


def _latencies(folder: RunFolder) -> dict[tuple[str, str, str], dict[int, int]]:
    found = sums(
        folder,
        "servers",
        keys=("port", "server", "kind", "bucket"),
        values=("answers",),
        columns=("port", "server", "kind", *LATENCY_COLUMNS),
        derive=partial(by_bucket, folder, ("port", "server", "kind")),
    )
    latencies: dict[tuple[str, str, str], dict[int, int]] = {}
    for row in found.to_pylist():
        for kind in _kind_and_all(row["kind"]):
            buckets = latencies.setdefault((row["port"], row["server"], kind), {})
            buckets[row["bucket"]] = buckets.get(row["bucket"], 0) + row["answers"]
    return latencies


def _compare_devices(folder: RunFolder, books: tuple[Books, ...]) -> None:
    for book in books:
        columns = {term: f"{book.target.replace('-', '_')}_{term}" for term in TERMS}
        if not set(columns.values()) <= set(SCHEMAS["devices"].names):
            continue
        recorded = dict.fromkeys(TERMS, 0)
        for part in folder.parts("devices", tuple(columns.values())):
            for term, column in columns.items():
                recorded[term] += pc.sum(part.column(column), min_count=0).as_py()
        _compare(folder, book, recorded, "the devices table")
