"""The smallest extent of the benchmarks."""

from benchmarks.extent import Extent, Span
from emulator.clock import HOUR_MS, SLOT_MS

SPAN = Span(2 * SLOT_MS, 2 * SLOT_MS, "09:00")
TINY = Extent(
    name="tiny",
    rounds=2,
    sizes=(3,),
    span=SPAN,
    large_span=SPAN,
    bare_wakes_min=60,
    connected=(2, 3),
    connected_ms=4 * SLOT_MS,
    cut_off=(2, 3),
    outage_ms=HOUR_MS,
    stage_windows=2,
    administration_days=1,
)
