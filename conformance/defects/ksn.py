"""Defects of the use of Kaspersky Security Network."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.defects.security import always_under_policy
from conformance.planting import Plant, defect
from emulator.components import AgentComponents
from emulator.components import ksn as component
from emulator.components.ksn import KsnUse
from emulator.components.roads import Roads
from emulator.ksn import Kmp, Reputation
from emulator.policy import effective, settings
from emulator.policy.sections.cloud import Ksn
from emulator.policy.settings import DEFAULTS
from emulator.tasks.device import Execution
from emulator.tasks.executors import UpdateExecutor
from emulator.tasks.task import Task
from emulator.told import Told
from emulator.updates import UpdateSettings
from fakes.ksn import KsnService

True_ = Callable[..., Any]


def in_use(plant: Plant, wrong: Callable[[Ksn], bool]) -> None:
    """Has KSN be in use by another rule."""
    plant.replace(Ksn, "in_use", property(wrong))


@defect("KEA-KSN-001", "what the cloud knows is not taken over")
def verdicts_are_lost(plant: Plant) -> None:
    """Every file is unknown."""

    def make(true: True_) -> True_:
        def wrong(self: KsnService, request: Any) -> Any:
            answer = true(self, request)
            return Reputation.UNKNOWN if isinstance(answer, Reputation) else answer

        return wrong

    plant.around(KsnService, "reputation", make)


@defect("KEA-KSN-001", "the cloud is not asked about files")
def nobody_asks_about_files(plant: Plant) -> None:
    """Statistics are sent all the same."""
    plant.replace(KsnUse, "look_up", lambda self, sha256, at_ms: None)


@defect("KEA-KSN-002", "KSN is used by default")
def used_by_default(plant: Plant) -> None:
    """By agents that nobody has configured."""
    plant.replace(effective, "DEFAULTS", DEFAULTS.having(Ksn(accept_statement=True, enabled=True)))


@defect("KEA-KSN-003", "databases are not updated without KSN")
def updates_need_ksn(plant: Plant) -> None:
    """There seems to be no source."""

    def make(true: True_) -> True_:
        def wrong(self: UpdateExecutor, owner: AgentComponents, task: Task, at_ms: int) -> Execution:
            assert isinstance(task.settings, UpdateSettings)
            sourceless = replace(task, settings=replace(task.settings, sources=()))
            used = owner.agent.settings.ksn.in_use
            execution: Execution = true(self, owner, task if used else sourceless, at_ms)
            return execution

        return wrong

    plant.around(UpdateExecutor, "begin", make)


@defect("KEA-KSN-004", "once KSN is used it is used for ever")
def use_never_ends(plant: Plant) -> None:
    """Whatever settings come."""

    def make(true: True_) -> True_:
        def wrong(self: KsnUse, at_ms: int, *, running: bool) -> None:
            if not self._used:
                true(self, at_ms, running=running)

        return wrong

    plant.around(KsnUse, "_follow", make)


@defect("KEA-KSN-005", "no statistics are sent")
def no_statistics_are_sent(plant: Plant) -> None:
    """Questions about files are asked all the same."""
    plant.replace(component, "send_statistics", lambda *_: ())


@defect("KEA-KSN-006", "unknown files are sent with KSN off")
def files_are_always_sent(plant: Plant) -> None:
    """Nothing else is."""

    def make(true: True_) -> True_:
        def wrong(self: KsnUse, sha256: str, at_ms: int) -> None:
            true(self, sha256, at_ms)
            if not self._used:
                self._agent.tell(at_ms, (Told("file-submitted", {"sha256": sha256, "via": "direct"}),))

        return wrong

    plant.around(KsnUse, "look_up", make)


@defect("KEA-KSN-007", "statistics name the user who is logged on")
def statistics_name_the_user(plant: Plant) -> None:
    """In a field of its own."""
    plant.around(
        component,
        "send_statistics",
        lambda true: lambda service, call, values: true(service, call, {**values, "user_name": 1}),
    )


@defect("KEA-KSN-008", "KSN is used without the Statement being accepted")
def acceptance_is_not_needed(plant: Plant) -> None:
    """Enabling it is enough."""
    in_use(plant, lambda given: given.enabled)


@defect("KEA-KSN-009", "accepting the Statement enables KSN")
def acceptance_is_enough(plant: Plant) -> None:
    """The other option does nothing."""
    in_use(plant, lambda given: given.accept_statement)


@defect("KEA-KSN-009", "KSN is never used")
def never_used(plant: Plant) -> None:
    """Whatever both options say."""
    in_use(plant, lambda _: False)


@defect("KEA-KSN-010", "KSN data goes directly, whatever the option says")
def data_goes_directly(plant: Plant) -> None:
    """The Administration Server sees none of it."""
    _on_road(plant, by_administration=False)


@defect("KEA-KSN-010", "KSN data goes by the Administration Server, whatever the option says")
def data_goes_by_the_server(plant: Plant) -> None:
    """As if it were always on."""
    _on_road(plant, by_administration=True)


@defect("KEA-KSN-011", "KSN is used while its group is unaffected")
def ksn_needs_no_switch(plant: Plant) -> None:
    """As soon as the policy holds both options."""
    always_under_policy(plant, "ksn")


@defect("KEA-KSN-012", "KSN has a setting for KMP")
def kmp_is_configurable(plant: Plant) -> None:
    """In the policy and on the device."""

    def make(true: True_) -> True_:
        def wrong(record: type[Any]) -> Any:
            found = true(record)
            return (*found, replace(found[0], key="use-kmp")) if record is Ksn else found

        return wrong

    plant.around(settings, "describe_record", make)


@defect("KEA-KSN-013", "an update turns KMP off")
def update_turns_kmp_off(plant: Plant) -> None:
    """Whatever it was before."""
    _upgrading(plant, enabled=False)


@defect("KEA-KSN-014", "no plug-in turns KMP off after an update")
def no_plug_in_turns_kmp_off(plant: Plant) -> None:
    """Neither an earlier one nor a later one."""
    plant.around(
        Kmp,
        "told_by_policy",
        lambda true: lambda self, plugin, **more: true(self, plugin, **more) if self.configurable else self,
    )


@defect("KEA-KSN-014", "every plug-in turns KMP off")
def every_plug_in_turns_kmp_off(plant: Plant) -> None:
    """Later ones as well."""
    plant.around(Kmp, "told_by_policy", lambda true: lambda self, plugin, **more: true(self, (3, 9), **more))


@defect("KEA-KSN-015", "an update turns KMP on")
def update_turns_kmp_on(plant: Plant) -> None:
    """Whatever it was before."""
    _upgrading(plant, enabled=True)


@defect("KEA-KSN-016", "the Statement cannot be read before it is accepted")
def statement_is_hidden(plant: Plant) -> None:
    """The section is empty until then."""
    plant.replace(Ksn, "statement", "")


def _on_road(plant: Plant, *, by_administration: bool) -> None:
    def make(true: True_) -> True_:
        def wrong(self: Roads, service: str, at_ms: int, **more: Any) -> Any:
            road = {"by_administration": by_administration} if service == "ksn" else more
            return true(self, service, at_ms, **road)

        return wrong

    plant.around(Roads, "to_vendor", make)


def _upgrading(plant: Plant, *, enabled: bool) -> None:
    """Has KMP be on or off after every update."""

    def make(true: True_) -> True_:
        def wrong(self: Kmp, version: tuple[int, ...]) -> Kmp:
            after: Kmp = true(self, version)
            return replace(after, enabled=enabled)

        return wrong

    plant.around(Kmp, "upgraded", make)
