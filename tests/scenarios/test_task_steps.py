"""Tasks as sections and steps of a scenario: what devices do, and what the Administration Server shows of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.model import Scenario
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, facts, rows, run

MIN, HOUR, DAY = 60_000, 3_600_000, 86_400_000
UPDATE: dict[str, Any] = {"name": "weekly", "type": "update", "group": "Managed devices/HQ"}
HQ = {f"office-{number:05}" for number in range(1, 4)}
START = "2026-03-02T08:00:00+00:00"


def scenario(*timeline: dict[str, Any], **sections: Any) -> Scenario:
    blocks = [
        {"name": "office", "image": "quiet", "count": 3, "group": "Managed devices/HQ"},
        {"name": "lab", "image": "quiet", "count": 2, "group": "Managed devices/HQ/Lab"},
        {"name": "plant", "image": "quiet", "count": 1, "group": "Managed devices/Plant"},
    ]
    fleet = {"blocks": blocks, "integrate": {"central-node": False}}
    return loaded(**{"fleet": fleet, "duration": "2d", "start": START, "timeline": list(timeline), **sections})


def told(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [
        {**json.loads(row["detail"]), "at_ms": row["at_ms"], "device": row["device"]}
        for row in rows(folder, "facts")
        if row["kind"] == kind
    ]


def step(hours: float, do: str, **more: Any) -> dict[str, Any]:
    return {"at": f"{round(hours * 60)}min", "do": do, **more}


def test_a_group_task_runs_on_the_devices_of_its_group_without_those_that_are_excluded(tmp_path: Path) -> None:
    task = {**UPDATE, "exclude-groups": ["Managed devices/HQ/Lab"], "schedule": {"start": "2026-03-02T12:00"}}
    run(scenario(tasks=[task]), tmp_path)
    assert {(at_ms, device) for at_ms, device in facts(tmp_path, "task-started")} == {(4 * HOUR, one) for one in HQ}
    assert {device for _, device in facts(tmp_path, "databases-updated")} == HQ


def test_a_created_task_is_for_chosen_devices_and_runs_only_when_it_is_run(tmp_path: Path) -> None:
    create = step(1, "create-task", task="by hand", type="update", target={"block": "lab"})
    run(scenario(create, step(20, "run-task", task="by hand")), tmp_path)
    started = facts(tmp_path, "task-started")
    assert {device for _, device in started} == {"lab-00001", "lab-00002"}
    assert all(20 * HOUR <= at_ms <= 20 * HOUR + 15 * MIN for at_ms, _ in started)


def test_a_task_of_one_device_is_local_and_runs_at_once_where_that_is_asked_for(tmp_path: Path) -> None:
    create = step(1, "create-task", task="one", type="update", target="plant-00001", run=True)
    run(scenario(create, step(2, "view", what="tasks")), tmp_path)
    assert [device for _, device in facts(tmp_path, "task-completed")] == ["plant-00001"]
    (seen,) = told(tmp_path, "task-viewed")
    assert (seen["scope"], seen["type"], seen["runs_as"], seen["storage_days"]) == ("local", "update", "SYSTEM", 7)


def test_a_run_is_stopped_by_hand_and_the_old_databases_stay(tmp_path: Path) -> None:
    slow = {"services": {"updates": {"download": "3h"}}}
    create = step(1, "create-task", task="long", type="update", target="plant-00001", run=True)
    run(scenario(create, step(2, "stop-task", task="long"), **slow), tmp_path)
    (stopped,) = told(tmp_path, "task-stopped")
    assert stopped["reason"] == "stopped by hand"
    assert not facts(tmp_path, "databases-updated")


def test_what_is_changed_holds_once_it_is_applied(tmp_path: Path) -> None:
    daily = {"schedule": {"frequency": "every-day", "start": "2026-03-02T12:00"}}
    later = {"frequency": "every-day", "start": "2026-03-02T18:00"}
    for apply, hour in ((True, 10), (False, 4)):
        change = step(1, "change-task", task="weekly", schedule=later, apply=apply)
        folder = tmp_path / str(apply)
        run(scenario(change, tasks=[{**UPDATE, **daily}], duration="12h"), folder)
        assert {at_ms for at_ms, _ in facts(folder, "task-started")} == {hour * HOUR}


def test_a_task_is_deleted_with_its_results_once_that_is_confirmed(tmp_path: Path) -> None:
    task = {**UPDATE, "schedule": {"frequency": "every-hour", "start": "2026-03-02T08:30"}}
    delete = {"do": "delete-tasks", "tasks": ["weekly"]}
    steps = ({"at": "3h", **delete, "confirm": False}, {"at": "6h", **delete}, step(7, "view", what="tasks"))
    run(scenario(*steps, tasks=[task], duration="12h"), tmp_path)
    started = [at_ms for at_ms, device in facts(tmp_path, "task-started") if device == "office-00001"]
    assert 6 <= len(started) <= 7
    assert {device for _, device in facts(tmp_path, "task-withdrawn")} == HQ | {"lab-00001", "lab-00002"}
    assert not facts(tmp_path, "task-viewed")


def test_results_are_kept_as_long_as_the_task_says(tmp_path: Path) -> None:
    task = {**UPDATE, "schedule": {"start": "2026-03-02T12:00"}, "storage": {"days": 1}}
    views = [step(hours, "view-task", task="weekly") for hours in (6, 27, 29)]
    run(scenario(*views, tasks=[task]), tmp_path)
    seen = [one["at_ms"] // HOUR for one in told(tmp_path, "task-result-viewed")]
    assert seen == [6] * 5 + [27] * 5
    states = {(one["at_ms"] // HOUR, one["state"]) for one in told(tmp_path, "task-state-viewed")}
    assert states == {(6, "completed"), (27, "completed"), (29, "completed")}


def test_a_device_that_was_off_makes_up_for_a_missed_run_where_the_task_says_so(tmp_path: Path) -> None:
    off = {"at": "3h", "do": "switch-off", "target": "plant-00001", "for": "3h"}
    for again in (True, False):
        task = {"name": "noon", "type": "update", "schedule": {"start": "2026-03-02T12:00", "run-missed": again}}
        run(scenario(off, tasks=[task], duration="12h"), tmp_path / str(again))
        (missed,) = told(tmp_path / str(again), "task-missed")
        assert missed["run"] is again
        started = [at_ms for at_ms, device in facts(tmp_path / str(again), "task-started") if device == "plant-00001"]
        assert [6 * HOUR <= at_ms < 6 * HOUR + MIN for at_ms in started] == [True] * again


def test_a_task_that_waits_for_the_launch_runs_when_endpoint_agent_starts(tmp_path: Path) -> None:
    task = {"name": "on launch", "type": "update", "schedule": {"frequency": "on-application-launch"}}
    stop = {"at": "3h", "do": "stop-agent", "target": "plant-00001", "for": "1h"}
    run(scenario(stop, tasks=[task], duration="12h"), tmp_path)
    assert [device for _, device in facts(tmp_path, "task-started")] == ["plant-00001"]


def test_a_scan_waits_for_the_update_and_tells_what_it_finds(tmp_path: Path) -> None:
    scan = {"name": "scan", "type": "ioc-scan", "indicators": "library"}
    tasks = [
        {**UPDATE, "schedule": {"start": "2026-03-02T12:00"}},
        {**scan, "schedule": {"frequency": "after-database-update"}},
    ]
    plant = {"at": "2h", "do": "plant", "target": "office-00002", "indicators": "library"}
    run(scenario(plant, step(10, "view-task", task="scan"), tasks=tasks, duration="12h"), tmp_path)
    assert {device for _, device in facts(tmp_path, "ioc-match")} == {"office-00002"}
    found = {one["device"]: one["result_matches"] for one in told(tmp_path, "task-result-viewed")}
    assert found == {**dict.fromkeys([*HQ, "lab-00001", "lab-00002"], 0), "office-00002": 1}


def test_a_device_that_moves_to_another_group_holds_the_tasks_of_that(tmp_path: Path) -> None:
    task = {**UPDATE, "schedule": {"frequency": "every-hour", "start": "2026-03-02T08:30"}}
    move = step(3, "move-devices", target="office-00001", group="Managed devices/Plant")
    run(scenario(move, tasks=[task], duration="8h"), tmp_path)
    last = max(at_ms for at_ms, device in facts(tmp_path, "task-started") if device == "office-00001")
    assert last < 4 * HOUR
    assert [device for _, device in facts(tmp_path, "task-withdrawn")] == ["office-00001"]


def test_who_keeps_results_of_a_scan_for_less_than_a_week_is_advised_against_it(tmp_path: Path) -> None:
    create = step(1, "create-task", task="scan", type="ioc-scan", indicators="library", group="Managed devices/HQ")
    changes = [step(hours, "change-task", task="scan", storage={"days": days}) for hours, days in ((2, 3), (3, 9))]
    run(scenario(create, *changes, duration="4h"), tmp_path)
    assert [one["at_ms"] // HOUR for one in told(tmp_path, "task-advice")] == [2]


def test_an_account_without_the_right_changes_nothing(tmp_path: Path) -> None:
    accounts = [{"name": "anna", "roles": [{"role": "reader"}]}]
    steps = (
        step(1, "create-task", task="more", type="update", group="Managed devices/HQ", account="anna"),
        step(2, "run-task", task="weekly", account="anna"),
        {"at": "3h", "do": "delete-tasks", "tasks": ["weekly"], "account": "anna"},
        step(4, "view", what="tasks", account="anna"),
    )
    run(scenario(*steps, tasks=[UPDATE], accounts=accounts, duration="8h"), tmp_path)
    refused = told(tmp_path, "operation-refused")
    assert [one["operation"] for one in refused] == ["create-task", "run-task", "delete-tasks"]
    assert all("lacks the right" in one["reason"] for one in refused)
    assert [one["task"] for one in told(tmp_path, "task-viewed")] == ["weekly"]
    assert not facts(tmp_path, "task-started")


def test_without_the_management_plug_in_no_task_is_made(tmp_path: Path) -> None:
    create = step(1, "create-task", task="more", type="update", group="Managed devices/HQ")
    run(scenario(create, plugins={}, duration="4h"), tmp_path)
    (refused,) = told(tmp_path, "operation-refused")
    assert "management plug-in" in refused["reason"]


def test_the_clock_of_each_site_decides_when_its_devices_start(tmp_path: Path) -> None:
    blocks = [
        {"name": name, "image": "quiet", "count": 1, "site": name} for name in ("berlin", "tokyo")
    ]  # fmt: skip
    sites = [{"name": "berlin", "time-zone": "Europe/Berlin"}, {"name": "tokyo", "time-zone": "Asia/Tokyo"}]
    task = {"name": "nightly", "type": "update", "schedule": {"start": "2026-03-03T03:00"}}
    fleet = {"blocks": blocks, "integrate": {"central-node": False}}
    run(scenario(tasks=[task], sites=sites, fleet=fleet), tmp_path)
    assert {device: at_ms for at_ms, device in facts(tmp_path, "task-started")} == {
        "tokyo-00001": 10 * HOUR,
        "berlin-00001": 18 * HOUR,
    }


def test_a_run_with_tasks_has_one_digest_on_any_number_of_workers(tmp_path: Path) -> None:
    schedule = {"frequency": "every-hour", "start": "2026-03-02T08:30", "randomise-within": "20min"}
    trial = scenario(step(4, "view-task", task="weekly"), tasks=[{**UPDATE, "schedule": schedule}], duration="8h")
    one, two = (digest(trial, tmp_path / str(workers), workers=workers) for workers in (1, 2))
    assert one == two


@pytest.mark.parametrize(
    ("section", "cause"),
    [
        ({"tasks": [{**UPDATE, "schedule": {"frequency": "every-week"}}]}, "'start' is missing"),
        ({"tasks": [{**UPDATE, "schedule": {"start": "2026-03-02T12:00:30"}}]}, "has seconds"),
        ({"tasks": [{**UPDATE, "storage": {"days": 0}}]}, "0 is out of range"),
        ({"tasks": [{**UPDATE, "group": "Managed devices/HG"}]}, "there is no group 'Managed devices/HG'"),
        ({"tasks": [{**UPDATE, "indicators": "library"}]}, "a task of the type update has no 'indicators'"),
        ({"tasks": [{**UPDATE, "sources": ["vendor"]}]}, "'vendor' is not a source of updates"),
        ({"tasks": [UPDATE, UPDATE]}, "a second task 'weekly'"),
        ({"tasks": [{"name": "a", "type": "activation", "key": "k"}]}, "there is no key 'k'"),
        ({"tasks": [{"name": "a", "type": "activation"}]}, "an activation needs a code or a key"),
        ({"tasks": [{"name": "a", "type": "ioc-scan"}]}, "the IOC scan has no collection"),
        ({"timeline": [step(1, "run-task", task="weekyl")], "tasks": [UPDATE]}, "there is no task 'weekyl'"),
        ({"timeline": [step(1, "change-task", task="weekly")], "tasks": [UPDATE]}, "nothing changes"),
        ({"timeline": [step(1, "create-task", task="a", type="update")]}, "it is for nobody, or for two"),
    ],
)
def test_a_mistake_in_a_task_is_told(section: dict[str, Any], cause: str) -> None:
    blocks = [{"name": "office", "image": "quiet", "count": 3, "group": "Managed devices/HQ"}]
    assert cause in "\n".join(map(str, mistakes(fleet={"blocks": blocks}, **section)))
