"""The Central Node: tasks and settings reach exactly the devices they are for, from their moment on."""

import numpy as np

from emulator.ports import I64, Outcome
from fakes.central_node import CentralNode
from fakes.faults import Fault, FaultKind, FaultSchedule
from tests.fakes.batches import by_device, column, keys, synchronisations, transmissions


def central_node(*faults: Fault) -> CentralNode:
    schedule = FaultSchedule()
    for fault in faults:
        schedule.add(fault)
    return CentralNode({"kata:443": "kata-1", "kata2:443": "kata-2"}, keys=keys(4), faults=schedule)


def test_a_task_is_answered_to_the_devices_it_is_for_from_its_moment_on() -> None:
    server = central_node()
    assert server.publish("isolate", column([3, 1]), at_ms=1_000) == 1
    batch = synchronisations([(0, 0, 5_000), (1, 0, 999), (3, 0, 1_000)])
    told = by_device(batch, server.synchronise(batch))
    assert {device: answer[1] for device, answer in told.items()} == {0: 0, 1: 0, 3: 1}


def test_every_node_of_the_cluster_answers_the_same_revision() -> None:
    server = central_node()
    server.publish("isolate", np.array([False, True, False, False]), at_ms=0)
    batch = synchronisations([(1, 0, 5)], server="kata2:443")
    assert by_device(batch, server.synchronise(batch)) == {1: (Outcome.OK, 1, 0, 20_000)}


def test_a_device_gets_what_it_lacks_and_nothing_of_others() -> None:
    server = central_node()
    server.publish("one", column([0, 1]), at_ms=0)
    server.publish("two", column([1, 2]), at_ms=0)
    server.publish("three", column([1]), at_ms=60_000)
    server.publish("nobody's", column([]), at_ms=60_000)
    items = [[task.item for task in server.tasks_for(device, 0, 4)] for device in range(4)]
    assert items == [["one"], ["one", "two", "three"], ["two"], []]
    assert [task.item for task in server.tasks_for(1, 1, 2)] == ["two"]
    assert [task.revision for task in server.tasks_for(1, 2, 3)] == [3]


def test_an_unchanged_revision_means_that_there_is_nothing_to_do() -> None:
    server = central_node()
    server.publish("one", column([0]), at_ms=0)
    batch = synchronisations([(0, 1, 10)])
    assert server.synchronise(batch).acked.tolist() == [1]
    assert server.tasks_for(0, 1, 1) == []


def test_a_device_behind_a_fault_hears_of_it_later() -> None:
    server = central_node(Fault("down", "kata-1", FaultKind.OUTAGE, 1_000, 2_000))
    server.publish("one", column([0, 1]), at_ms=500)
    batch = synchronisations([(0, 0, 1_999), (1, 0, 2_000)])
    assert by_device(batch, server.synchronise(batch)) == {
        0: (Outcome.TIMED_OUT, 0, 0, 10_000_000),
        1: (Outcome.OK, 1, 0, 20_000),
    }


def test_who_subscribes_hears_which_devices_have_news_and_may_ask_at_once() -> None:
    server = central_node()
    heard: list[tuple[list[int], list[object]]] = []

    def listen(devices: I64) -> None:
        heard.append((devices.tolist(), [task.item for task in server.tasks_for(int(devices[0]), 0, 1)]))

    server.subscribe(listen)
    server.publish("one", column([2, 0, 2]), at_ms=0)
    assert heard == [([0, 2], ["one"])]


def test_telemetry_and_tasks_do_not_touch_each_other() -> None:
    server = central_node()
    server.publish("one", column([0]), at_ms=0)
    server.transmit(transmissions([(0, 0, 30, 5)]))
    assert server.stored(0) == [(0, 30)]
    batch = synchronisations([(0, 0, 10)])
    assert server.synchronise(batch).acked.tolist() == [1]
