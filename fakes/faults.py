"""Faults of servers: what goes wrong, between when and when, and for which requests.

A fault is judged for each request at the request's own moment; where it holds for a share of the requests only, a keyed
draw of (device, server and fault, slot of the moment) decides. So no answer depends on how requests were batched, and
two requests of one device to one server within one slot of 30 s share their fate.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.chance import GOLDEN, U64, below_columns, mix_columns, name_hash
from emulator.clock import SLOT_MS
from emulator.ports import I64, Answers, Distrust, Outcome

Mask = NDArray[np.bool_]

CONNECT_FAILED_US: Final = 1_000
"""How soon a refused connection or a certificate that is not accepted is known."""
FOREVER_MS: Final = 2**62
"""The end of a fault without an end."""
STATUS_MIN, STATUS_MAX = 400, 599
TOO_LARGE: Final = 413
FULL: Final = 507
_NAME: Final = re.compile(r"\S(.*\S)?")


class FaultKind(StrEnum):
    """What goes wrong, in the order in which a request meets it: the first that ends the request decides."""

    OUTAGE = "outage"
    """Nothing arrives, no connection is refused either: the device waits for its whole response time-out."""
    REFUSED_CONNECTION = "refused-connection"
    """Unreachable at once."""
    CERTIFICATE = "certificate"
    """Unreachable: the server shows a certificate that no device accepts. Here it is also known whether the device
    accepts the certificate that the server has, and the server that of the device."""
    BODY_LIMIT = "body-limit"
    """A proxy before the server refuses larger bodies with 413 (KEA-CEN-002)."""
    TIME_OUT = "time-out"
    """The request arrives, nothing is stored, no answer comes."""
    STATUS = "status"
    """The server refuses with a status."""
    FULL_DISK = "full-disk"
    """The server refuses telemetry with 507; what needs no room is answered."""
    SLOW_ANSWER = "slow-answer"
    """The answer takes longer; the device has stopped waiting where it takes as long as the response time-out."""
    LOST_ACKNOWLEDGEMENT = "lost-acknowledgement"
    """The server did what was asked; its answer is lost."""
    DUPLICATE_DELIVERY = "duplicate-delivery"
    """The server gets the request twice."""
    CORRUPTED_UPDATE = "corrupted-update"
    """What a source of updates offers cannot be applied; its answers are as ever."""


_STAGE: Final[Mapping[FaultKind, int]] = {kind: stage for stage, kind in enumerate(FaultKind)}
_CONNECTED: Final = _STAGE[FaultKind.BODY_LIMIT]
"""The first stage at which there is a connection."""


class Certificate(StrEnum):
    """What is the matter with a server's certificate."""

    WRONG = "wrong"
    EXPIRED = "expired"


_DISTRUST: Final[Mapping[Certificate, Distrust]] = {
    Certificate.WRONG: Distrust.WRONG,
    Certificate.EXPIRED: Distrust.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one server, in [from_ms, until_ms), for `share_permille` of the requests.

    `name` is unique among the faults of its server: draws are keyed by both. Beside these, a kind takes only its own
    values: `status`, `limit_bytes`, `certificate`, and `latency_ms`, the first and the last latency of a slow answer.
    Raises ValueError where they do not fit together.
    """

    name: str
    server: str
    kind: FaultKind
    from_ms: int
    until_ms: int = FOREVER_MS
    share_permille: int = 1000
    status: int = 0
    limit_bytes: int = 0
    latency_ms: tuple[int, int] | None = None
    certificate: Certificate | None = None

    def __post_init__(self) -> None:
        own = {
            FaultKind.STATUS: self.status != 0,
            FaultKind.BODY_LIMIT: self.limit_bytes != 0,
            FaultKind.SLOW_ANSWER: self.latency_ms is not None,
            FaultKind.CERTIFICATE: self.certificate is not None,
        }
        for kind, given in own.items():
            if given != (self.kind is kind):
                raise ValueError(f"a fault {self.kind} {'has' if given else 'lacks'} what belongs to {kind}")
        if not _NAME.fullmatch(self.name):
            raise ValueError("a fault has a name")
        if not 0 <= self.from_ms < self.until_ms <= FOREVER_MS:
            raise ValueError(f"a fault from {self.from_ms} ms to {self.until_ms} ms is never there")
        if not 0 <= self.share_permille <= 1000:
            raise ValueError(f"a share of {self.share_permille} per mille is none")
        if self.status and not STATUS_MIN <= self.status <= STATUS_MAX:
            raise ValueError(f"the status {self.status} is not a refusal")
        if self.limit_bytes < 0:
            raise ValueError(f"a limit of {self.limit_bytes} bytes is none")
        first, last = self.latency_ms or (0, 0)
        if not 0 <= first <= last < 2**32:
            raise ValueError(f"a latency from {first} ms to {last} ms is none")

    @property
    def reason(self) -> str:
        """What an agent that meets the fault can tell of it; empty where it cannot tell."""
        match self.kind:
            case FaultKind.REFUSED_CONNECTION:
                return "connection refused"
            case FaultKind.CERTIFICATE:
                return f"certificate {self.certificate}"
            case FaultKind.BODY_LIMIT:
                return f"body larger than {self.limit_bytes} bytes"
            case FaultKind.FULL_DISK:
                return "disk full"
            case _:
                return ""

    def hits(self, at_ms: I64, keys: U64) -> Mask:
        """Which requests it holds for: `at_ms` is the moment of each, `keys` the key of its device."""
        hit: Mask = (at_ms >= self.from_ms) & (at_ms < self.until_ms)
        if self.share_permille == 1000 or not hit.any():
            return hit
        rows = np.flatnonzero(hit)
        chosen = below_columns(self._bits("share", keys[rows], at_ms[rows]), 1000) < self.share_permille
        hit[rows] = chosen
        return hit

    def latencies_us(self, at_ms: I64, keys: U64) -> I64:
        """The latency of each request that a slow answer holds for."""
        assert self.latency_ms is not None
        first, last = self.latency_ms
        bits = self._bits("latency", keys, at_ms)
        return (below_columns(bits, last - first + 1) + first) * 1000

    def _bits(self, purpose: str, keys: U64, at_ms: I64) -> U64:
        # `chance.draw` with a number of its own for each row.
        hashed = mix_columns(keys ^ np.uint64(name_hash(f"fault/{self.server}/{self.name}/{purpose}")))
        hashed += (at_ms // SLOT_MS).astype(np.uint64) * np.uint64(GOLDEN)
        return mix_columns(hashed)


@dataclass(frozen=True, slots=True)
class Requests:
    """A batch of requests to one server, a row a request: its moment, how long it waits, the key of its device.

    `largest_bytes` is the size of the largest body of each telemetry request; None for requests that store nothing,
    which neither a limit of the body nor a full disk concerns. `distrust` are those that a certificate keeps from being
    connected, as `Certificates.judge` tells them.
    """

    at_ms: I64
    timeout_ms: I64
    keys: U64
    largest_bytes: I64 | None = None
    distrust: NDArray[np.int16] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a batch of requests, a row a request; each row is judged as a whole.

    `outcome`, `status` and `latency_us` are those of `Answers`. `arrived`: the server took notice of the request;
    `effective`: it did what was asked; `twice`: it got the request twice.
    """

    outcome: NDArray[np.uint8]
    status: NDArray[np.int16]
    latency_us: I64
    arrived: Mask
    effective: Mask
    twice: Mask

    def answers(self, held: I64, due: I64) -> Answers:
        """The answers, where a request that comes through is answered with `due`, and `held` is what devices hold."""
        acked = np.where(self.outcome == Outcome.OK, due, held)
        return Answers(self.outcome, acked, self.status, self.latency_us)


class FaultSchedule:
    """The faults of all servers of a run, looked up by server and time.

    Where no fault holds, a look-up costs the same for any number of devices; otherwise the work on a batch is a
    bounded number of column operations for each fault that touches its span of time.
    """

    def __init__(self) -> None:
        self._faults: dict[str, dict[str, Fault]] = {}
        self._pieces: dict[str, tuple[list[int], list[tuple[Fault, ...]]]] = {}

    def add(self, fault: Fault) -> None:
        """Adds a fault; raises ValueError where its server has one of the same name."""
        faults = self._faults.setdefault(fault.server, {})
        if fault.name in faults:
            raise ValueError(f"{fault.server} has a fault named {fault.name!r} already")
        faults[fault.name] = fault
        self._pieces.pop(fault.server, None)

    def touching(self, server: str, from_ms: int, to_ms: int) -> tuple[Fault, ...]:
        """The faults of `server` that hold at some time in [from_ms, to_ms), in the order of their kinds and names."""
        if server not in self._faults:
            return ()
        starts, active = self._cut(server)
        first = max(0, bisect_right(starts, from_ms) - 1)
        pieces = active[first : bisect_left(starts, to_ms)]
        if len(pieces) == 1:
            return pieces[0]
        return tuple(sorted({fault for piece in pieces for fault in piece}, key=_order))

    def quiet(self, server: str, from_ms: int, to_ms: int) -> bool:
        """True where no fault of `server` holds at any time in [from_ms, to_ms)."""
        return not self.touching(server, from_ms, to_ms)

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        """True where a limit on bodies before `server` holds at some time in [from_ms, to_ms)."""
        return any(fault.kind is FaultKind.BODY_LIMIT for fault in self.touching(server, from_ms, to_ms))

    def judge(self, server: str, requests: Requests, latency_us: int) -> Verdict:
        """What becomes of requests to `server`, which answers after `latency_us` where no fault interferes."""
        at_ms = requests.at_ms
        count = len(at_ms)
        verdict = Verdict(
            outcome=np.zeros(count, np.uint8),
            status=np.zeros(count, np.int16),
            latency_us=np.full(count, latency_us, np.int64),
            arrived=np.ones(count, np.bool_),
            effective=np.ones(count, np.bool_),
            twice=np.zeros(count, np.bool_),
        )
        if count == 0:
            return verdict
        unanswered = np.zeros(count, np.bool_)
        faults = self.touching(server, int(at_ms.min()), int(at_ms.max()) + 1)
        for fault in faults:
            if _STAGE[fault.kind] < _CONNECTED:
                _meet(fault, requests, verdict, unanswered)
        if requests.distrust is not None:
            undecided = verdict.effective & (requests.distrust != 0)
            _not_connected(verdict, undecided, requests.distrust[undecided])
        for fault in faults:
            if _STAGE[fault.kind] >= _CONNECTED:
                _meet(fault, requests, verdict, unanswered)
        timeout_us = requests.timeout_ms * 1000
        unanswered |= verdict.latency_us >= timeout_us
        if unanswered.any():
            np.copyto(verdict.latency_us, timeout_us, where=unanswered)
            unanswered &= verdict.outcome != Outcome.UNREACHABLE
            verdict.outcome[unanswered] = Outcome.TIMED_OUT
            verdict.status[unanswered] = 0
        return verdict

    def _cut(self, server: str) -> tuple[list[int], list[tuple[Fault, ...]]]:
        """The times at which something changes, and the faults that hold from each of them to the next."""
        if server not in self._pieces:
            faults = sorted(self._faults[server].values(), key=_order)
            starts = sorted({time for fault in faults for time in (fault.from_ms, fault.until_ms)})
            index = {time: number for number, time in enumerate(starts)}
            active: list[list[Fault]] = [[] for _ in starts]
            for fault in faults:
                for piece in active[index[fault.from_ms] : index[fault.until_ms]]:
                    piece.append(fault)
            self._pieces[server] = starts, [tuple(piece) for piece in active]
        return self._pieces[server]


def unreachable(held: I64) -> Answers:
    """The answers to requests to an address where nobody is; `held` is what the devices hold."""
    count = len(held)
    return Answers(
        np.full(count, Outcome.UNREACHABLE, np.uint8),
        held.copy(),
        np.zeros(count, np.int16),
        np.full(count, CONNECT_FAILED_US, np.int64),
    )


def _order(fault: Fault) -> tuple[int, str]:
    return _STAGE[fault.kind], fault.name


def _meet(fault: Fault, requests: Requests, verdict: Verdict, unanswered: Mask) -> None:
    """Puts the effect of one fault into `verdict` and `unanswered`; faults come in the order of their kinds."""
    hit = fault.hits(requests.at_ms, requests.keys)
    undecided = hit & verdict.effective
    match fault.kind:
        case FaultKind.OUTAGE:
            verdict.arrived[undecided] = verdict.effective[undecided] = False
            unanswered |= undecided
        case FaultKind.REFUSED_CONNECTION:
            _not_connected(verdict, undecided, 0)
        case FaultKind.CERTIFICATE if fault.certificate is not None:
            _not_connected(verdict, undecided, _DISTRUST[fault.certificate])
        case FaultKind.BODY_LIMIT if requests.largest_bytes is not None:
            undecided &= requests.largest_bytes > fault.limit_bytes
            verdict.arrived[undecided] = False
            _refuse(verdict, undecided, TOO_LARGE)
        case FaultKind.TIME_OUT:
            verdict.effective[undecided] = False
            unanswered |= undecided
        case FaultKind.STATUS:
            _refuse(verdict, undecided, fault.status)
        case FaultKind.FULL_DISK if requests.largest_bytes is not None:
            _refuse(verdict, undecided, FULL)
        case FaultKind.SLOW_ANSWER:
            answered = np.flatnonzero(hit & (verdict.outcome != Outcome.UNREACHABLE))
            slow = fault.latencies_us(requests.at_ms[answered], requests.keys[answered])
            verdict.latency_us[answered] = np.maximum(verdict.latency_us[answered], slow)
        case FaultKind.LOST_ACKNOWLEDGEMENT:
            unanswered |= hit & (verdict.outcome != Outcome.UNREACHABLE)
        case FaultKind.DUPLICATE_DELIVERY:
            verdict.twice[hit & verdict.arrived] = True
        case _:
            pass


def _not_connected(verdict: Verdict, rows: Mask, status: NDArray[np.int16] | int) -> None:
    verdict.arrived[rows] = verdict.effective[rows] = False
    verdict.outcome[rows] = Outcome.UNREACHABLE
    verdict.status[rows] = status
    verdict.latency_us[rows] = CONNECT_FAILED_US


def _refuse(verdict: Verdict, rows: Mask, status: int) -> None:
    verdict.effective[rows] = False
    verdict.outcome[rows] = Outcome.REFUSED
    verdict.status[rows] = status
