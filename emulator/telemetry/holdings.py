"""Holdings: what governs devices, what they have of their own, and the settings that the two come to."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from emulator.policy.effective import EditRefused, LocalSettings, edit_group, effective
from emulator.policy.policies import Governing
from emulator.telemetry.profiles import Profiles
from emulator.world import Governed, LocalEdit, World

T = TypeVar("T", bound=Hashable)


class Table(Generic[T]):
    """Values by a number, each once."""

    def __init__(self) -> None:
        self._number: dict[T, int] = {}
        self._values: list[T] = []

    def number(self, value: T) -> int:
        """The number of a value, a new one where it is not there yet."""
        if value not in self._number:
            self._number[value] = len(self._values)
            self._values.append(value)
        return self._number[value]

    def __getitem__(self, number: int) -> T:
        return self._values[number]


class Holdings:
    """What the devices of one shard hold, by number: columns have the numbers.

    The settings of a device follow from what governs it, from its own settings, and from whether it is away; each
    combination is worked out once.
    """

    def __init__(self, world: World, profiles: Profiles) -> None:
        self._profiles = profiles
        self.governed: Table[Governed] = Table()
        self.own: Table[LocalSettings] = Table()
        self._profile: dict[tuple[int, int, bool], int] = {}
        self.first_governed = [self.governed.number(governed) for governed in world.governed]
        self.first_own = self.own.number(world.own)

    def governing(self, governed: int, *, away: bool) -> Governing | None:
        """The policy with all it inherits that holds for a device."""
        return self.governed[governed].where(away=away)

    def profile(self, governed: int, own: int, *, away: bool) -> int:
        """The index of the profile that a device has."""
        key = governed, own, away
        if key not in self._profile:
            settings = effective(self.governing(governed, away=away), self.own[own]).settings
            self._profile[key] = self._profiles.index(settings)
        return self._profile[key]

    def edited(self, own: int, edit: LocalEdit, governing: Governing | None) -> int | EditRefused:
        """What own settings are after an edit, or by what it is refused."""
        edited = edit_group(self.own[own], governing, edit.group, edit.content)
        return edited if isinstance(edited, EditRefused) else self.own.number(edited)
