"""EDR telemetry: what is neither analysed nor sent, and the optimisation of its volume."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from emulator.exclusions.network import NetworkRule
from emulator.exclusions.process import ProcessRule
from emulator.policy.kinds import flag, many
from emulator.policy.records import Setting, mapping
from emulator.policy.sections.group import EMULATORS_CHOICE, About, Group, Step, Switch


@dataclass(frozen=True, slots=True)
class ExcludedProcesses(Group):
    """Process exclusions and the optimisation of volume (KEA-EDX-004 to KEA-EDX-029)."""

    about: ClassVar = About(
        "Exclusions",
        "EDR telemetry / Excluded processes",
        Switch.UNDER_POLICY,
        "KEA-EDX-028",
        step=Step.KATA_AND_KICS,
    )

    use_exclusions: Annotated[
        bool,
        Setting(
            flag(),
            "use the rules; while off, what optimisation names is withheld from KICS for Networks",
            clause="KEA-EDX-009",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = True
    optimise_telemetry: Annotated[
        bool,
        Setting(
            flag(),
            "withhold events 102 and 8 about SMB and klnagent.exe from KICS for Networks",
            clause="KEA-EDX-010",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = True
    rules: Annotated[
        tuple[ProcessRule, ...],
        Setting(
            many(mapping(ProcessRule)),
            "processes whose events are neither analysed nor sent",
            clause="KEA-EDX-022",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class ExcludedNetworkCommunications(Group):
    """Network exclusions, in force while integrated with KICS for Networks (KEA-EDX-030 to KEA-EDX-038)."""

    about: ClassVar = About(
        "Exclusions",
        "EDR telemetry / Excluded network communications",
        Switch.UNDER_POLICY,
        "KEA-EDX-038",
        step=Step.KATA_AND_KICS,
    )

    use_exclusions: Annotated[
        bool, Setting(flag(), "use the rules", clause="KEA-EDX-034", default_clause=EMULATORS_CHOICE)
    ] = True
    rules: Annotated[
        tuple[NetworkRule, ...],
        Setting(
            many(mapping(NetworkRule)),
            "communications whose events are neither analysed nor sent",
            clause="KEA-EDX-036",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ()
