"""Certificates of servers: which one each node shows, since when, and from whom it wants one.

What a device and a node think of each other is the same for all devices that trust alike, between two changes of the
node: it is found out for these, and not for each request.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from emulator.asking import Trust
from emulator.ports import I64, Distrust


class Certificates:
    """The certificates of the nodes of a run, as fingerprints, by the name of the node.

    A node that nothing is said of shows one that is nobody's, and asks for none.
    """

    def __init__(self) -> None:
        self._shown: dict[str, tuple[list[int], list[str]]] = {}
        self._known: dict[str, frozenset[str]] = {}

    def show(self, node: str, sha256: str, *, from_ms: int = 0) -> None:
        """Has a node show a certificate from a moment on; the last one that it was told of for a moment counts."""
        times, shown = self._shown.setdefault(node, ([], []))
        place = bisect_right(times, from_ms)
        times.insert(place, from_ms)
        shown.insert(place, sha256)

    def demand(self, node: str, known: Collection[str]) -> None:
        """Has a node let in only those who show one of these client certificates (KEA-CEN-021)."""
        self._known[node] = frozenset(known)

    def accepted(self, node: str, trust: Trust, from_ms: int, to_ms: int) -> bool:
        """True where whoever trusts like this has a connection at any time in [from_ms, to_ms)."""
        if trust.pinned is None and node not in self._known:
            return True
        return all(self._distrust(node, trust, shown) is None for shown in self._during(node, from_ms, to_ms))

    def judge(self, node: str, trust: Trust, at_ms: I64) -> NDArray[np.int16] | None:
        """The `Distrust` of each request at its moment, 0 where there is none; None where there is none at all."""
        if not len(at_ms) or self.accepted(node, trust, int(at_ms.min()), int(at_ms.max()) + 1):
            return None
        times, shown = self._shown.get(node, ([], []))
        codes = np.array([self._distrust(node, trust, one) or 0 for one in ("", *shown)], np.int16)
        result: NDArray[np.int16] = codes[np.searchsorted(np.array(times, np.int64), at_ms, side="right")]
        return result

    def _during(self, node: str, from_ms: int, to_ms: int) -> Iterator[str]:
        """What a node shows at the beginning of a span and after each change in it."""
        times, shown = self._shown.get(node, ([], []))
        first = bisect_right(times, from_ms)
        yield shown[first - 1] if first else ""
        yield from shown[first : bisect_left(times, to_ms)]

    def _distrust(self, node: str, trust: Trust, shown: str) -> Distrust | None:
        if trust.pinned is not None and trust.pinned != shown:
            return Distrust.NOT_PINNED
        known = self._known.get(node)
        if known is None or trust.client in known:
            return None
        return Distrust.UNKNOWN_CLIENT_CERTIFICATE if trust.client else Distrust.NO_CLIENT_CERTIFICATE
