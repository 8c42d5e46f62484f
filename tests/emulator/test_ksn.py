"""What KSN is asked and told, and how KMP outlives an update."""

import pytest

from emulator.ksn import (
    FileSubmission,
    Kmp,
    Reputation,
    ReputationRequest,
    Statistics,
    look_up,
    send_statistics,
)
from emulator.ports import TimedOut
from emulator.services import Call

CALL = Call("ksn", 0, 0)
SHA = "ab" * 32


class Service:
    """Knows one verdict, or does not answer."""

    def __init__(self, verdict: Reputation | None) -> None:
        self.verdict = verdict
        self.submitted: list[str] = []

    def reputation(self, request: ReputationRequest) -> Reputation | TimedOut:
        return self.verdict or TimedOut()

    def statistics(self, statistics: Statistics) -> TimedOut | None:
        return None if self.verdict else TimedOut()

    def submit(self, submission: FileSubmission) -> None:
        self.submitted.append(submission.sha256)


@pytest.mark.parametrize("verdict", [Reputation.GOOD, Reputation.BAD])
def test_a_verdict_is_the_answer_and_a_known_file_is_not_sent(verdict: Reputation) -> None:
    service = Service(verdict)
    answer, told = look_up(service, CALL, SHA)
    assert answer is verdict
    assert [one.kind for one in told] == ["reputation"]
    assert service.submitted == []


def test_a_file_that_nobody_knows_is_sent_for_examination() -> None:
    service = Service(Reputation.UNKNOWN)
    assert look_up(service, CALL, SHA)[1][-1].kind == "file-submitted"
    assert service.submitted == [SHA]


def test_without_an_answer_the_reputation_is_unknown_and_nothing_is_sent() -> None:
    service = Service(None)
    assert look_up(service, CALL, SHA)[0] is Reputation.UNKNOWN
    assert service.submitted == []
    assert send_statistics(service, CALL, {"scans": 1})[0].kind == "ksn-unanswered"


def test_kmp_goes_on_after_an_update_if_it_was_on_and_only_then() -> None:
    assert Kmp((3, 9), enabled=True).upgraded((3, 10)).enabled
    assert not Kmp((3, 9)).upgraded((3, 10)).enabled


def test_no_version_from_3_10_on_configures_kmp() -> None:
    assert Kmp((3, 9)).configured(enabled=True).enabled
    with pytest.raises(ValueError, match="no setting for KMP"):
        Kmp((3, 10)).configured(enabled=True)


def test_an_old_plugin_can_switch_kmp_off_on_a_new_version_and_not_on() -> None:
    upgraded = Kmp((3, 9), enabled=True).upgraded((3, 12))
    assert upgraded.told_by_policy((3, 10), enabled=False).enabled
    assert not upgraded.told_by_policy((3, 9), enabled=False).enabled
    off = Kmp((3, 12))
    assert not off.told_by_policy((3, 9), enabled=True).enabled
    assert Kmp((3, 9)).told_by_policy((3, 9), enabled=True).enabled
