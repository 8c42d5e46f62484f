"""The vendor's activation server: codes and the keys that they stand for."""

from collections.abc import Mapping

from emulator.licensing import CodeRequest, Key
from emulator.ports import Refused, TimedOut, Unreachable
from fakes.services import Roads

NAME = "activation"
"""The name under which faults of the activation server hold, and its address."""


class ActivationServer:
    """Knows codes; whatever else it is asked for is no code of its (KEA-LIC-005)."""

    def __init__(self, codes: Mapping[str, Key], roads: Roads) -> None:
        self._codes = dict(codes)
        self._roads = roads

    def verify(self, request: CodeRequest) -> Key | Refused | TimedOut | Unreachable:
        """The key of a code."""
        stopped = self._roads.travel(NAME, request.call, outside=True)
        if stopped is not None:
            return stopped
        key = self._codes.get(request.code)
        return Refused(404, "the code is not known") if key is None else key
