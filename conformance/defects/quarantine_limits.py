"""Defects of the limits of quarantine: events that are missing, objects that are kept out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator.components.quarantine import QuarantineKeeper
from emulator.policy.settings import Quarantine
from emulator.response import quarantine as storage
from emulator.response.quarantine import MAXIMUM_REACHED, THRESHOLD_REACHED, Fill, QuarantineStore, fill

True_ = Callable[..., Any]


def told_otherwise(plant: Plant, kind: str, **changes: Any) -> None:
    """Has what is told of a limit be told otherwise."""

    def make(true: True_) -> True_:
        def wrong(self: QuarantineStore, settings: Quarantine) -> Any:
            return tuple(replace(one, **changes) if one.kind == kind else one for one in true(self, settings))

        return wrong

    plant.around(QuarantineStore, "follow", make)


def full_at(plant: Plant, level: Fill) -> None:
    """Has a quarantine that is this full take nothing more."""

    def make(true: True_) -> True_:
        def wrong(self: QuarantineKeeper, path: str, at_ms: int, by: str) -> Any:
            if fill(self._store.used_bytes, self._agent.settings.quarantine) >= level:
                self._fail("quarantine-failed", at_ms, {"file": path, "by": by, "reason": "it is full"})
                return "it is full"
            return true(self, path, at_ms, by)

        return wrong

    plant.around(QuarantineKeeper, "add", make)


def one_option_only(plant: Plant, option: str) -> None:
    """Has an option stand at on, whatever a policy says."""

    def make(true: True_) -> True_:
        def wrong(self: Quarantine) -> None:
            object.__setattr__(self, option, True)
            true(self)

        return wrong

    plant.around(Quarantine, "__post_init__", make)


@defect("KEA-QUA-025", "the maximum cannot be switched off")
def maximum_has_no_option(plant: Plant) -> None:
    """There is only its number."""
    one_option_only(plant, "limit_size")


@defect("KEA-QUA-029", "the threshold cannot be switched off")
def threshold_has_no_option(plant: Plant) -> None:
    """There is only its number."""
    one_option_only(plant, "use_threshold")


@defect("KEA-QUA-026", "the server does not hear of the maximum")
def server_misses_the_maximum(plant: Plant) -> None:
    """The log has it."""
    told_otherwise(plant, MAXIMUM_REACHED, severity=None)


@defect("KEA-QUA-027", "the log does not tell of the maximum")
def log_misses_the_maximum(plant: Plant) -> None:
    """The server has it."""
    told_otherwise(plant, MAXIMUM_REACHED, windows_log=False)


@defect("KEA-QUA-028", "a full quarantine takes nothing")
def full_takes_nothing(plant: Plant) -> None:
    """Until there is room again."""
    full_at(plant, Fill.MAXIMUM)


@defect("KEA-QUA-030", "the threshold is what is used")
def threshold_is_what_is_used(plant: Plant) -> None:
    """Not what remains."""

    def wrong(used_bytes: int, settings: Quarantine) -> Fill:
        other = max(1, settings.max_size_mb - settings.threshold_mb)
        return fill(used_bytes, replace(settings, threshold_mb=other))

    plant.replace(storage, "fill", wrong)


@defect("KEA-QUA-031", "the server does not hear of the threshold")
def server_misses_the_threshold(plant: Plant) -> None:
    """The log has it."""
    told_otherwise(plant, THRESHOLD_REACHED, severity=None)


@defect("KEA-QUA-032", "the log does not tell of the threshold")
def log_misses_the_threshold(plant: Plant) -> None:
    """The server has it."""
    told_otherwise(plant, THRESHOLD_REACHED, windows_log=False)


@defect("KEA-QUA-033", "beyond the threshold nothing is taken")
def threshold_keeps_objects_out(plant: Plant) -> None:
    """Though there is room until the maximum."""
    full_at(plant, Fill.THRESHOLD)
