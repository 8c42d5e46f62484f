"""Schedules of tasks: what can be set, and when devices start by them (KEA-TAS)."""

from datetime import datetime
from typing import Any, Final

from conformance.agents import GROUP, MANAGEMENT, AgentUnderTest
from conformance.checks.administration_server import UPDATE, a_task, at
from conformance.checks.ioc_files import GOOD, document
from conformance.checks.tasks import started, store_of
from conformance.judging import at_least, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import Trial
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.schedule import TRIGGERED, Frequency, Schedule, Weekday
from emulator.tasks.task import Scope, Task

NEEDS: Final = (MANAGEMENT,)
DAY_MIN: Final = 24 * 60
NOON_MIN: Final = 3 * 60
"""Noon, in minutes after the start of a trial."""
NOON: Final = "2026-03-02T12:00"
FREQUENCIES: Final = (
    "at-specified-time",
    "every-hour",
    "every-day",
    "every-week",
    "on-application-launch",
    "after-database-update",
)


def scheduled(agent: AgentUnderTest, duration: str, *steps: dict[str, Any], **schedule: Any) -> Trial:
    """A task with a schedule, on one device, from the start on."""
    return agent.attempt(duration=duration, steps=steps, central_node=False, tasks=[{**UPDATE, "schedule": schedule}])


def a_schedule(frequency: Frequency) -> Schedule:
    """A schedule of this frequency."""
    return Schedule(
        frequency=frequency,
        start=None if frequency in TRIGGERED else datetime.fromisoformat(NOON),
        weekdays=(Weekday.TUESDAY,) if frequency is Frequency.EVERY_WEEK else (),
    )


@clause("KEA-TAS-014", needs=[ADMINISTRATION])
def check_a_task_has_the_option_and_a_frequency(server: ServerUnderTest) -> None:
    """Both are stored with a task; the option can be off."""
    daily = a_schedule(Frequency.EVERY_DAY)
    store = store_of(
        server, a_task("daily", schedule=daily), a_task("by hand", schedule=Schedule(run_by_schedule=False))
    )
    stored = store.task("daily").schedule
    equal((stored.run_by_schedule, str(stored.frequency)), (True, "every-day"), "option and frequency that are stored")
    equal(store.task("by hand").schedule.run_by_schedule, False, "the option of a task that is started by hand")


@clause("KEA-TAS-015", needs=[ADMINISTRATION])
def check_there_are_six_frequencies(server: ServerUnderTest) -> None:
    """Each of them can be stored with a task, and there is no seventh."""
    equal(sorted(map(str, Frequency)), sorted(FREQUENCIES), "frequencies of a schedule")
    for frequency in Frequency:
        store = store_of(server, Task("task", Scope.of_group(GROUP), IocScan(), a_schedule(frequency)))
        equal(store.task("task").schedule.frequency, frequency, "the frequency that is stored")


@clause("KEA-TAS-016")
def check_at_specified_time_starts_once(agent: AgentUnderTest) -> None:
    """In two days there is one start, at the day and time given."""
    for day in (0, 1):
        trial = scheduled(agent, "3d", frequency="at-specified-time", start=f"2026-03-0{2 + day}T12:00")
        equal(started(trial), [day * DAY_MIN + NOON_MIN], "minutes after the start at which the task starts")


@clause("KEA-TAS-017")
def check_every_hour_starts_at_the_interval(agent: AgentUnderTest) -> None:
    """From noon on it starts every hour, or every three hours, as given."""
    for hours in (1, 3):
        trial = scheduled(agent, "1d", frequency="every-hour", start=NOON, interval=hours)
        wanted = list(range(NOON_MIN, DAY_MIN, hours * 60))
        equal(started(trial), wanted, f"minutes after the start at which the task starts, every {hours} h")


@clause("KEA-TAS-018")
def check_every_day_starts_at_the_interval(agent: AgentUnderTest) -> None:
    """From noon of the first day on it starts every day, or every two days, as given."""
    for days in (1, 2):
        trial = scheduled(agent, "5d", frequency="every-day", start=NOON, interval=days)
        wanted = [day * DAY_MIN + NOON_MIN for day in range(0, 5, days)]
        equal(started(trial), wanted, f"minutes after the start at which the task starts, every {days} days")


@clause("KEA-TAS-019")
def check_every_week_starts_on_the_chosen_weekdays(agent: AgentUnderTest) -> None:
    """Tuesdays and Thursdays are chosen on a Monday: in nine days there are three starts, on exactly these."""
    trial = scheduled(agent, "9d", frequency="every-week", start=NOON, weekdays=["tuesday", "thursday"])
    days = [minute // DAY_MIN for minute in started(trial)]
    equal(days, [1, 3, 8], "days after Monday on which the task starts")


@clause("KEA-TAS-020")
def check_recurring_schedules_apply_from_their_date_on(agent: AgentUnderTest) -> None:
    """Given from noon of the third day on, none of the three starts before that, and each does after."""
    from_min = 2 * DAY_MIN + NOON_MIN
    for frequency, more in (
        ("every-hour", {}),
        ("every-day", {}),
        ("every-week", {"weekdays": ["monday", "tuesday", "wednesday"]}),
    ):
        trial = scheduled(agent, "4d", frequency=frequency, start="2026-03-04T12:00", **more)
        seen = started(trial)
        holds(bool(seen), f"{frequency} starts the task after its date", "no start")
        at_least(min(seen), from_min, f"the minute of the first start, {frequency} from minute {from_min} on")


@clause("KEA-TAS-021")
def check_on_application_launch_starts_with_the_application(agent: AgentUnderTest) -> None:
    """Endpoint Agent stops and starts again after an hour: the task starts then, and at no other time since."""
    stop = at(3 * 60, "stop-agent", target="all", **{"for": "1h"})
    trial = scheduled(agent, "8h", stop, frequency="on-application-launch")
    seen = [minute for minute in started(trial) if minute >= 60]
    equal(seen, [4 * 60], "minutes at which the task starts, of a launch in minute 240")


@clause("KEA-TAS-022")
def check_after_a_database_update_the_task_starts(agent: AgentUnderTest) -> None:
    """Databases are updated in the fifth hour: the scan starts when that has ended, and not before."""
    scan = {"name": "scan", "type": "ioc-scan", "indicators": "iocs"}
    trial = agent.attempt(
        duration="10h",
        steps=[at(4 * 60, "run-task", task="update")],
        central_node=False,
        tasks=[UPDATE, {**scan, "schedule": {"frequency": "after-database-update"}}],
        files={"iocs/good.ioc": document(GOOD)},
    )
    updated = [at_ms for at_ms, _, _ in trial.told("databases-updated")]
    scans = [at_ms for at_ms, _, detail in trial.told("task-started") if detail["task"] == "scan"]
    equal(len(updated), 1, "updates of the databases")
    equal(
        [at_ms // 60_000 for at_ms in scans], [at_ms // 60_000 for at_ms in updated], "minutes at which the scan starts"
    )
    at_least(min(scans), min(updated), "the moment of its start in milliseconds")


@clause("KEA-TAS-024")
def check_a_schedule_is_followed_once_it_is_confirmed(agent: AgentUnderTest) -> None:
    """A schedule that was entered and not confirmed starts nothing; confirmed, devices follow it by themselves."""
    hourly = {"frequency": "at-specified-time", "start": "2026-03-02T15:00"}
    for confirmed, wanted in ((False, []), (True, [6 * 60, 6 * 60])):
        steps = [at(60, "change-task", task="update", schedule=hourly, apply=confirmed)]
        trial = agent.attempt(duration="12h", steps=steps, central_node=False, devices=2, tasks=[UPDATE])
        told = "confirmed" if confirmed else "not confirmed"
        equal(started(trial), wanted, f"minutes at which two devices start, the schedule of minute 360 being {told}")


UNTESTABLE: Final = {
    "KEA-TAS-023": "Which advanced settings of a schedule there are is not known.",
}
