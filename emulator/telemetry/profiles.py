"""Profiles: the settings that devices follow, compiled for the step over a block.

A device's `profile` is an index in `Profiles`; hearing of a policy changes the index and nothing else. What a rule
means for the event classes of an image is worked out once per profile and image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from emulator.asking import servers_of
from emulator.clock import SLOT_MS
from emulator.events import EventClass
from emulator.exclusions.answers import Answer
from emulator.exclusions.compile import Withheld, compile_rules
from emulator.exclusions.network import NetworkRule
from emulator.exclusions.passage import Passage, compile_passage
from emulator.policy.settings import AgentSettings
from emulator.ports import Target
from emulator.sites import NEAR, Site
from emulator.telemetry.throttle import UNLIMITED
from emulator.world import KICS_SYNCHRONISATION_MS, KICS_TIMEOUT_MS, World

MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Route:
    """How a device reaches the servers of one target.

    `servers` are texts of `Asked`, in the order of the list; empty where the integration is off. `interval` is
    in ticks, `site` where the device is.
    """

    integrated: bool
    servers: tuple[str, ...]
    timeout_ms: int
    interval: int
    site: Site = NEAR

    def at(self, site: Site) -> "Route":
        """The same for a device at a site."""
        return replace(self, site=site)

    @property
    def wait_ms(self) -> int:
        """How long a server may take to answer, for the answer to be back within the response time-out."""
        return self.timeout_ms - self.site.latency_ms


@dataclass(frozen=True, slots=True)
class Profile:
    """One set of effective settings, in the units of the step: ticks, slots, event counts."""

    settings: AgentSettings
    period: int
    package_events: int
    limit: int
    share: int
    ttl_slots: int
    routes: Mapping[Target, Route]


def compile_profile(settings: AgentSettings, tick_ms: int, discovered_proxy: str = "") -> Profile:
    """The profile of `settings` in a run with ticks of `tick_ms`, where devices find `discovered_proxy`."""
    throttling, kata, kics = settings.request_throttling, settings.kata_integration, settings.kics_integration
    limit = share = UNLIMITED
    if throttling.enabled:
        limit = min(throttling.max_events_per_hour, UNLIMITED)
        share = min(limit * throttling.percentage_of_event_limit_excess // 100, UNLIMITED)
    return Profile(
        settings=settings,
        period=settings.data_submission.events_transmission_period_s * 1000 // tick_ms,
        package_events=settings.data_submission.max_events_per_package,
        limit=limit,
        share=share,
        ttl_slots=kata.ttl_period_min * MINUTE_MS // SLOT_MS if kata.use_ttl else 0,
        routes={
            Target.CENTRAL_NODE: Route(
                kata.enabled,
                servers_of(kata, settings.proxy, discovered=discovered_proxy) if kata.enabled else (),
                kata.response_timeout_s * 1000,
                max(1, kata.sync_interval_min * MINUTE_MS // tick_ms),
            ),
            Target.KICS: Route(
                kics.enabled,
                servers_of(kics, settings.proxy, discovered=discovered_proxy) if kics.enabled else (),
                KICS_TIMEOUT_MS,
                max(1, KICS_SYNCHRONISATION_MS // tick_ms),
            ),
        },
    )


class Profiles:
    """The profiles in use in one shard, by index, with what their rules say of each image's classes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._index: dict[AgentSettings, int] = {}
        self._all: list[Profile] = []
        self._thinned: dict[tuple[int, int, Target], tuple[tuple[int, Answer, bool], ...]] = {}
        self._withheld: dict[tuple[int, int], Withheld] = {}
        self._passages: dict[tuple[tuple[NetworkRule, ...], int], Passage] = {}

    def index(self, settings: AgentSettings) -> int:
        """The index of the profile with these settings; made on first use."""
        if settings not in self._index:
            self._index[settings] = len(self._all)
            self._all.append(compile_profile(settings, self._world.tick_ms, self._world.discovered_proxy))
        return self._index[settings]

    def __getitem__(self, index: int) -> Profile:
        return self._all[index]

    def withheld(self, profile: int, image: int) -> Withheld:
        """What the profile's rules withhold of the image's classes, the scenario's classes after them."""
        key = profile, image
        if key not in self._withheld:
            self._withheld[key] = compile_rules(
                self._all[profile].settings,
                self.classes(image),
                self._world.images[image].os,
                winrm=self._world.winrm,
            )
        return self._withheld[key]

    def thinned(self, profile: int, image: int, target: Target) -> tuple[tuple[int, Answer, bool], ...]:
        """(class, excluded, optimised) of the image's own classes that the rules touch on the stream to `target`."""
        key = profile, image, target
        if key not in self._thinned:
            stream = self.withheld(profile, image).stream(target)
            own = range(len(self._world.images[image].classes))
            touched = [(index, stream.excluded[index], stream.optimised[index]) for index in own]
            self._thinned[key] = tuple(item for item in touched if item[1] is not Answer.NO or item[2])
        return self._thinned[key]

    def passage(self, rules: tuple[NetworkRule, ...], image: int) -> Passage:
        """What these exclusions of isolation let through of the image's classes, the scenario's classes after them."""
        key = rules, image
        if key not in self._passages:
            self._passages[key] = compile_passage(rules, self.classes(image), self._world.images[image].os)
        return self._passages[key]

    def classes(self, image: int) -> Sequence[EventClass]:
        """The classes that can happen on devices of an image: its own, then the scenario's."""
        return (*self._world.images[image].classes, *self._world.scenario_classes)
