"""The roads to single-device services, and the fakes at their ends."""

import numpy as np
import pytest

from emulator.chance import device_keys
from emulator.ksn import Reputation, ReputationRequest
from emulator.licensing import CodeRequest, Key
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import BY_ADMINISTRATION, DIRECT, Call, Road, Via
from emulator.updates import Release, Source, SourceKind, UpdateRequest
from fakes.activation import ActivationServer
from fakes.faults import Fault, FaultKind, FaultSchedule
from fakes.ksn import KsnService
from fakes.services import Proxy, Roads
from fakes.updates import Publication, UpdateServers

PROXY = "proxy:8080"
BY_PROXY = Road(Via.PROXY, PROXY)
KEY = Key("K")


@pytest.fixture
def faults() -> FaultSchedule:
    return FaultSchedule()


def roads(faults: FaultSchedule, *, demands_ntlm: bool = False) -> Roads:
    return Roads(device_keys(1, "b", 3), faults, proxy=Proxy(PROXY, demands_ntlm))


def call(road: Road = DIRECT, at_ms: int = 0) -> Call:
    return Call("service", 1, at_ms, road)


def out(faults: FaultSchedule, server: str, kind: FaultKind = FaultKind.REFUSED_CONNECTION) -> None:
    faults.add(Fault(f"{server} out", server, kind, 0, 1000))


def test_a_code_stands_for_a_key_and_another_is_refused(faults: FaultSchedule) -> None:
    server = ActivationServer({"GOOD": KEY}, roads(faults))
    assert server.verify(CodeRequest(call(), "GOOD")) == KEY
    assert isinstance(server.verify(CodeRequest(call(), "BAD")), Refused)


def test_without_internet_only_the_administration_server_leads_to_activation(faults: FaultSchedule) -> None:
    out(faults, "internet")
    server = ActivationServer({"GOOD": KEY}, roads(faults))
    assert isinstance(server.verify(CodeRequest(call(), "GOOD")), Unreachable)
    assert server.verify(CodeRequest(call(BY_ADMINISTRATION), "GOOD")) == KEY
    assert server.verify(CodeRequest(call(BY_PROXY), "GOOD")) == KEY
    assert server.verify(CodeRequest(call(at_ms=1000), "GOOD")) == KEY


def test_whoever_stands_on_the_road_can_stop_a_call(faults: FaultSchedule) -> None:
    out(faults, "administration", FaultKind.OUTAGE)
    out(faults, "proxy")
    server = ActivationServer({"GOOD": KEY}, roads(faults))
    assert isinstance(server.verify(CodeRequest(call(BY_ADMINISTRATION), "GOOD")), TimedOut)
    assert isinstance(server.verify(CodeRequest(call(BY_PROXY), "GOOD")), Unreachable)
    assert server.verify(CodeRequest(call(), "GOOD")) == KEY


def test_a_service_sees_by_which_road_calls_come(faults: FaultSchedule) -> None:
    ways = roads(faults)
    service = KsnService({"ab": Reputation.BAD}, ways)
    for road in (DIRECT, BY_PROXY, BY_PROXY, BY_ADMINISTRATION):
        assert service.reputation(ReputationRequest(call(road), "AB")) is Reputation.BAD
    assert ways.seen == {("ksn", Via.DIRECT): 1, ("ksn", Via.PROXY): 2, ("ksn", Via.ADMINISTRATION): 1}
    assert service.received == {"reputation": 4}


def test_a_proxy_that_demands_ntlm_lets_only_accounts_through(faults: FaultSchedule) -> None:
    ways = roads(faults, demands_ntlm=True)
    refused = ways.travel("ksn", call(BY_PROXY), outside=True)
    assert isinstance(refused, Refused)
    assert refused.status == 407
    assert ways.travel("ksn", call(Road(Via.PROXY, PROXY, "svc")), outside=True) is None
    assert ways.travel("ksn", call(Road(Via.PROXY, "elsewhere:1")), outside=True) == Unreachable(
        "no proxy server there"
    )


def test_sources_publish_in_time_and_the_vendor_first(faults: FaultSchedule) -> None:
    servers = UpdateServers(roads(faults), faults, Publication(databases_every_ms=100, lag_ms=50))

    def release(kind: SourceKind, at_ms: int) -> int:
        answer = servers.offer(UpdateRequest(call(at_ms=at_ms), Source(kind)))
        assert isinstance(answer, Release)
        return answer.databases

    assert [release(SourceKind.VENDOR, at) for at in (0, 99, 100, 250)] == [1, 1, 2, 3]
    assert [release(SourceKind.ADMINISTRATION_SERVER, at) for at in (0, 149, 150, 250)] == [1, 1, 2, 3]


def test_a_corrupted_update_is_offered_while_the_fault_holds(faults: FaultSchedule) -> None:
    faults.add(Fault("bad", "vendor-updates", FaultKind.CORRUPTED_UPDATE, 0, 1000))
    servers = UpdateServers(roads(faults), faults)
    vendor, other = Source(SourceKind.VENDOR), Source(SourceKind.CUSTOM, "ftp://mirror")

    def corrupted(source: Source, at_ms: int) -> bool:
        answer = servers.offer(UpdateRequest(call(at_ms=at_ms), source))
        assert isinstance(answer, Release)
        return answer.corrupted

    assert corrupted(vendor, 999)
    assert not corrupted(vendor, 1000)
    assert not corrupted(other, 999)


def test_a_fault_for_a_share_stops_some_devices_only(faults: FaultSchedule) -> None:
    faults.add(Fault("some", "ksn", FaultKind.REFUSED_CONNECTION, 0, 1000, share_permille=500))
    ways = Roads(device_keys(1, "b", 200), faults)
    stopped = sum(ways.travel("ksn", Call("ksn", device, 0), outside=True) is not None for device in range(200))
    assert 60 < stopped < 140
    assert np.sum(list(ways.seen.values())) == 200 - stopped
