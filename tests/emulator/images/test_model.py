from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import chance, clock, life
from emulator.events import CLASSES_MAX
from emulator.images.model import INTENSITY_MAX, RARE_BELOW, TYPE_SUM_MAX, Image, cap, in_order
from emulator.images.parts import event
from tests.emulator.images.synthetic import PROGRAM, file_change, host, image, network, with_rate

BUSIEST = 1_100_000


def test_an_image_of_the_most_classes_is_taken() -> None:
    assert len(image(*(file_change(f"c{number:02d}", 100) for number in range(CLASSES_MAX))).classes) == CLASSES_MAX


def test_more_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="65 classes, at most 64"):
        image(*(file_change(f"c{number:02d}", 100) for number in range(CLASSES_MAX + 1)))


def test_classes_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order of type and name"):
        image(file_change("b", 100), file_change("a", 100))
    with pytest.raises(ValueError, match="order of type and name"):
        image(network("a", 100), file_change("b", 100))


def test_in_order_is_the_order_that_an_image_wants() -> None:
    assert image(*in_order((network("a", 100), file_change("b", 100), file_change("a", 100)))).classes[0].name[0] == "a"


def test_two_classes_of_one_name_are_refused() -> None:
    twin = replace(network("a", 100), name="a/file-change")
    with pytest.raises(ValueError, match="one name"):
        image(file_change("a", 100), twin)


@pytest.mark.parametrize("rates", [(1_000,) * 167, (1_000,) * 169, (-1,) + (1_000,) * 167, (0,) * 168])
def test_rates_that_are_no_week_are_refused(rates: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a rate for each hour"):
        image(replace(file_change("a", 100), rates=rates))


def test_a_class_may_rest_in_some_hours() -> None:
    assert image(with_rate(file_change("a", 9_000), 3, 0)).caps


def test_a_class_that_could_exceed_the_count_of_a_slot_is_refused() -> None:
    assert image(with_rate(file_change("a", 100), 7, BUSIEST)).caps[0] <= chance.COUNT_MAX
    with pytest.raises(ValueError, match="more than 63 events a slot"):
        image(with_rate(file_change("a", 100), 7, BUSIEST + 100_000))


def test_classes_of_a_type_that_could_overflow_a_byte_are_refused() -> None:
    several = [file_change(f"c{number}", 800_000) for number in range(4)]
    assert sum(image(*several).caps) <= TYPE_SUM_MAX
    with pytest.raises(ValueError, match="file-change may give"):
        image(*several, file_change("c4", 800_000))


def test_classes_of_different_types_have_a_byte_each() -> None:
    several = [file_change(f"c{number}", 800_000) for number in range(4)]
    assert len(image(*several, *(network(f"c{number}", 800_000) for number in range(4))).classes) == 8


def test_a_network_event_without_a_peer_is_refused() -> None:
    with pytest.raises(ValueError, match="peer"):
        image(replace(network("a", 100), peer=None))


def test_a_peer_of_another_event_is_refused() -> None:
    with pytest.raises(ValueError, match="peer"):
        image(replace(file_change("a", 100), peer=network("a", 100).peer))


def test_registry_changes_belong_to_windows() -> None:
    change = event("registry-change", "a", PROGRAM, (1_000,) * 168, subject="HKEY_LOCAL_MACHINE\\SOFTWARE\\Trial")
    assert image(change, os="windows").os == "windows"
    with pytest.raises(ValueError, match="registry"):
        image(change, os="linux")


@pytest.mark.parametrize("text", ["/home/{user}/{host}", "/srv/{site}", "{4D36E968-E325-11CE-BFC1-08002BE10318}"])
def test_known_slots_and_other_braces_are_taken(text: str) -> None:
    assert image(replace(file_change("a", 100), subject=text)).classes[0].subject == text


@pytest.mark.parametrize("text", ["/home/{usr}", "/home/{user}/{mac}"])
def test_unknown_slots_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unknown slot"):
        image(replace(file_change("a", 100), subject=text))
    with pytest.raises(ValueError, match="unknown slot"):
        image(replace(file_change("a", 100), process=replace(PROGRAM, command_line=text)))


def test_an_unknown_system_or_a_host_of_another_is_refused() -> None:
    with pytest.raises(ValueError, match="the system is one of"):
        image(os="plan9")  # type: ignore[arg-type]  # that is what is refused
    with pytest.raises(ValueError, match="the system is one of"):
        Image(name="trial", os="windows", about="", classes=(), host=host("linux"))


def test_a_class_is_rare_where_its_busiest_hour_is_below_one_in_twenty_slots() -> None:
    made = image(with_rate(file_change("a", 100), 5, RARE_BELOW - 1), with_rate(file_change("b", 100), 5, RARE_BELOW))
    assert made.rare == (True, False)
    assert made.caps[0] == 1
    assert made.caps[1] > 1


@given(st.integers(RARE_BELOW, BUSIEST))
def test_no_table_of_a_class_reaches_beyond_its_cap(peak: int) -> None:
    top_micro = peak * INTENSITY_MAX * 1_000 // clock.HOUR_SLOTS
    assert int(life.poisson_cells(top_micro * 102 // 100, 255).max()) <= cap(peak)


@given(st.integers(0, BUSIEST), st.integers(0, BUSIEST))
def test_the_cap_grows_with_the_rate(one: int, other: int) -> None:
    assert cap(min(one, other)) <= cap(max(one, other))
