"""Results of tasks at the Administration Server: how long they can be viewed (KEA-TAS)."""

from typing import Final

from conformance.agents import GROUP, MANAGEMENT, AgentUnderTest
from conformance.checks.administration_server import UPDATE, a_task, at
from conformance.checks.ioc_files import GOOD, document
from conformance.judging import equal
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from emulator.clock import DAY_MS, HOUR_MS
from emulator.tasks.task import Assignment, Storage, Task, TaskReport, TaskState
from fakes.administration import AdministrationServer

NEEDS: Final = (MANAGEMENT,)
DAY_MIN: Final = 24 * 60


def made(server: AdministrationServer, task: Task) -> int:
    """Creates a task, and gives the number by which its devices report of it."""
    (sent,) = server.tasks.create(task, at_ms=0)
    assert isinstance(sent.item, Assignment)
    return sent.item.number


def completes(server: AdministrationServer, number: int) -> None:
    """The first device reports a run of a task, which ended in the third second."""
    server.receive(0, 3_000, (TaskReport(number, 1, TaskState.COMPLETED, 3_000, 2_000),))


def results(server: AdministrationServer, name: str, *days: int) -> list[int]:
    """How many results of a task can be viewed an hour after each of some days."""
    look = server.tasks.look(name)
    return [len(look.results(day * DAY_MS + HOUR_MS)) for day in days]


@clause("KEA-TAS-025", "KEA-TAS-026", needs=[ADMINISTRATION])
def check_results_can_be_viewed_during_their_storage_period(server: ServerUnderTest) -> None:
    """With three days the result is there from its arrival through the third day, and not after."""
    administration = server.administration()
    completes(administration, made(administration, a_task(storage=Storage(days=3))))
    equal(results(administration, "update", 0, 1, 2), [1, 1, 1], "results on the days of the period")
    equal(results(administration, "update", 3, 4, 30), [0, 0, 0], "results on days after the period")


@clause("KEA-TAS-029")
def check_results_are_kept_for_seven_days(agent: AgentUnderTest) -> None:
    """A task whose storage time nobody set: the result of its run is there on day 6, and gone after day 7."""
    steps = [at(10, "run-task", task="update")]
    steps += [at(day * DAY_MIN + 120, "view-task", task="update") for day in (1, 6, 7, 8)]
    trial = agent.attempt(duration="9d", steps=steps, central_node=False, tasks=[UPDATE])
    seen = [at_ms // DAY_MS for at_ms, _, _ in trial.told("task-result-viewed")]
    equal(seen, [1, 6], "days on which the result is shown, of days 1, 6, 7 and 8 (two hours into each)")


@clause("KEA-TAS-027", needs=[ADMINISTRATION])
def check_the_storage_period_can_be_changed(server: ServerUnderTest) -> None:
    """Changed to ten days and to two: results are kept for the new number."""
    for days in (10, 2):
        administration = server.administration()
        number = made(administration, a_task())
        properties = administration.tasks.properties("update")
        properties.change(storage=Storage(days=days))
        properties.apply(at_ms=1_000)
        completes(administration, number)
        equal(administration.tasks.task("update").storage.days, days, "days that are stored")
        seen = results(administration, "update", days - 1, days)
        equal(seen, [1, 0], f"results on day {days - 1} and {days}, the period being changed to {days}")


@clause("KEA-TAS-030", needs=[ADMINISTRATION])
def check_the_storage_time_is_set_for_each_task_in_days(server: ServerUnderTest) -> None:
    """Of two tasks one keeps results for a day and one for nine."""
    administration = server.administration()
    for days in (1, 9):
        completes(administration, made(administration, a_task(f"{days}", storage=Storage(days=days))))
    for name, wanted in (("1", [1, 0, 0, 0]), ("9", [1, 1, 1, 0])):
        equal(results(administration, name, 0, 1, 8, 9), wanted, f"results on days 0, 1, 8 and 9, kept for {name} days")


@clause("KEA-TAS-031", needs=[ADMINISTRATION])
def check_days_count_only_where_the_option_is_selected(server: ServerUnderTest) -> None:
    """With it off, results are not kept on the server, whatever the number of days; with it on they are."""
    for selected in (False, True):
        administration = server.administration()
        for days in (1, 99):
            completes(administration, made(administration, a_task(f"{days}", storage=Storage(selected, days))))
        seen = results(administration, "1", 0) + results(administration, "99", 0, 50)
        equal(seen, [int(selected)] * 3, f"results of tasks that keep them 1 and 99 days, the option being {selected}")


@clause("KEA-TAS-028")
def check_a_shorter_storage_time_of_scans_is_reported(agent: AgentUnderTest) -> None:
    """An IOC Scan task with three days is reported and taken; with seven, or of another type, it is not reported."""
    scan = {"type": "ioc-scan", "indicators": "iocs", "group": GROUP}
    steps = [
        at(1, "create-task", task="short", **scan, storage={"days": 3}),
        at(2, "create-task", task="usual", **scan),
        at(3, "create-task", task="update", type="update", group=GROUP, storage={"days": 3}),
        at(5, "view", what="tasks"),
    ]
    trial = agent.attempt(duration="10min", steps=steps, files={"iocs/good.ioc": document(GOOD)})
    reported = [detail["task"] for _, _, detail in trial.told("task-advice")]
    equal(reported, ["short"], "tasks of which it is reported that their results are kept for too short a time")
    stored = {detail["task"]: detail["storage_days"] for _, _, detail in trial.told("task-viewed")}
    equal(stored, {"short": 3, "usual": 7, "update": 3}, "tasks that were taken, with their days")
