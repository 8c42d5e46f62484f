"""Keys of a device: which one holds, what is refused, and what an activation asks of whom."""

from hypothesis import given
from hypothesis import strategies as st

from emulator.licensing import (
    FOREVER_MS,
    Activation,
    ActivationMethod,
    AddingRefused,
    CodeRequest,
    Key,
    KeyKind,
    Licence,
    LicenceState,
    activate,
    installed_with,
)
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import Call

DAY = 86_400_000
A = Key("A", expires_ms=10 * DAY)
B = Key("B", expires_ms=20 * DAY)
CALL = Call("activation", device=0, at_ms=0)

Answer = Key | Refused | TimedOut | Unreachable


class Server:
    """Gives one answer, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[CodeRequest] = []

    def verify(self, request: CodeRequest) -> Answer:
        self.asked.append(request)
        return self.answer


def test_a_licence_runs_out_at_its_moment() -> None:
    licence = Licence(A)
    assert licence.state(10 * DAY - 1) is LicenceState.VALID
    assert licence.state(10 * DAY) is LicenceState.EXPIRED
    assert Licence().state(0) is LicenceState.NOT_ACTIVATED


def test_an_additional_key_takes_over_when_the_active_one_runs_out_and_not_before() -> None:
    licence = Licence(A).adding(B, 0, additional=True)
    assert isinstance(licence, Licence)
    assert licence.at(10 * DAY - 1).active == A
    assert licence.at(10 * DAY) == Licence(B)
    assert licence.state(20 * DAY - 1) is LicenceState.VALID
    assert licence.state(20 * DAY) is LicenceState.EXPIRED


def test_an_additional_key_needs_an_active_one_and_is_no_trial_key() -> None:
    assert isinstance(Licence().adding(B, 0, additional=True), AddingRefused)
    trial = Key("T", KeyKind.TRIAL, 30 * DAY)
    assert isinstance(Licence(A).adding(trial, 0, additional=True), AddingRefused)
    assert Licence().adding(trial, 0, additional=False) == Licence(trial)


def test_a_blocked_key_licenses_nobody_and_must_be_replaced() -> None:
    licence = Licence(A, B).blocking("A")
    assert licence.state(0) is LicenceState.BLOCKED
    assert licence.state(11 * DAY) is LicenceState.BLOCKED
    assert isinstance(Licence().adding(Key("C", blocked=True), 0, additional=False), AddingRefused)
    assert licence.adding(B, 0, additional=False) == Licence(B)


def test_of_several_keys_at_installation_the_one_that_lasts_longest_is_taken() -> None:
    assert installed_with((A, B, Key("Z", expires_ms=30 * DAY, blocked=True)), 0) == Licence(B)
    assert installed_with((), 0) == Licence()
    assert installed_with((A,), 10 * DAY) == Licence()


def test_a_code_is_verified_by_the_activation_server() -> None:
    server = Server(A)
    licence, told = activate(Licence(), Activation(ActivationMethod.CODE, code="CODE-1"), server, CALL)
    assert licence == Licence(A)
    assert [request.code for request in server.asked] == ["CODE-1"]
    assert [one.kind for one in told] == ["activation-requested", "activated"]


def test_a_code_that_is_refused_or_not_answered_leaves_the_device_as_it_was() -> None:
    for answer in (Refused(404), TimedOut(), Unreachable()):
        licence, told = activate(Licence(), Activation(ActivationMethod.CODE, code="X"), Server(answer), CALL)
        assert licence == Licence()
        assert told[-1].kind == "activation-failed"


def test_a_key_asks_no_activation_server() -> None:
    for method in (ActivationMethod.KEY_FILE, ActivationMethod.STORAGE):
        server = Server(Unreachable())
        licence, told = activate(Licence(), Activation(method, key=A), server, CALL)
        assert licence == Licence(A)
        assert server.asked == []
        assert told[-1].kind == "activated"


KEYS = st.builds(
    Key,
    st.sampled_from("ABCD"),
    st.sampled_from(KeyKind),
    st.integers(0, 5) | st.just(FOREVER_MS),
    st.booleans(),
)


@given(st.lists(st.tuples(KEYS, st.booleans())), st.integers(0, 6))
def test_next_change_is_the_first_moment_at_which_anything_changes(added: list[tuple[Key, bool]], at_ms: int) -> None:
    licence = Licence()
    for key, additional in added:
        after = licence.adding(key, 0, additional=additional)
        licence = licence if isinstance(after, AddingRefused) else after

    def seen(moment: int) -> tuple[Key | None, LicenceState]:
        return licence.at(moment).active, licence.state(moment)

    moments = [moment for moment in range(at_ms, 8) if seen(moment) != seen(at_ms)]
    assert licence.next_change_ms(at_ms) == (moments[0] if moments else None)


@given(st.lists(st.tuples(KEYS, st.booleans())), st.integers(0, 6))
def test_a_licence_is_valid_exactly_where_its_active_key_is_good(added: list[tuple[Key, bool]], at_ms: int) -> None:
    licence = Licence()
    for key, additional in added:
        after = licence.adding(key, 0, additional=additional)
        licence = licence if isinstance(after, AddingRefused) else after
    active = licence.at(at_ms).active
    assert (licence.state(at_ms) is LicenceState.VALID) == (active is not None and active.good(at_ms))
