"""The vendor's activation server: codes and the keys that they stand for."""

from collections.abc import Mapping
from dataclasses import replace

from emulator.licensing import FOREVER_MS, CodeRequest, Key
from emulator.ports import Refused, TimedOut, Unreachable
from fakes.services import Roads

NAME = "activation"
"""The name under which faults of the activation server hold, and its address."""


class ActivationServer:
    """Knows codes; whatever else it is asked for is no code of its (KEA-LIC-005).

    `blocked_ms` tells from which moment on a key (serial number) is blocked.
    """

    def __init__(self, codes: Mapping[str, Key], roads: Roads, *, blocked_ms: Mapping[str, int] | None = None) -> None:
        self._codes = dict(codes)
        self._roads = roads
        self._blocked_ms = dict(blocked_ms or {})

    def verify(self, request: CodeRequest) -> Key | Refused | TimedOut | Unreachable:
        """The key of a code."""
        stopped = self._roads.travel(NAME, request.call, outside=True)
        if stopped is not None:
            return stopped
        key = self._codes.get(request.code)
        if key is None:
            return Refused(404, "the code is not known")
        return replace(key, blocked=self._blocked_ms.get(key.serial, FOREVER_MS) <= request.call.at_ms)
