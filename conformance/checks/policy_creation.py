"""Creation of policies: the wizard with its steps, what it takes over from another policy, and departure (KEA-POL)."""

from collections.abc import Callable, Iterator
from typing import Final

from conformance.agents import GROUP, TELEMETRY, AgentUnderTest
from conformance.checks.policies import (
    BURST,
    DEFAULT_EVENTS,
    HQ,
    SUBMISSION,
    package_events,
    submission,
)
from conformance.checks.telemetry import emit
from conformance.judging import Finding, contains, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import MINUTE_MS
from emulator.errors import SeatrialError
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import AgentSettings, Switch
from emulator.policy.types import ENDPOINT_AGENT, PolicyType
from fakes.administration import AdministrationServer, CreationMode, PolicyWizard, WizardError, WizardStep

NEEDS: Final = (TELEMETRY,)
OTHER_APPLICATION: Final = "endpoint-protection"
PLUGINS: Final = {ENDPOINT_AGENT: (3, 16), OTHER_APPLICATION: (12, 0)}
NEW, SOURCE = "new", "source"  # names of policies
KATA: Final = PolicyType.KATA_AND_KICS
DOCUMENTED_ORDER: Final = (
    "sandbox-integration",
    "kata-edr-and-kics-integration",
    "threat-response",
    "repositories",
    "security",
    "general",
)
CUSTOM: Final = parse_policy_settings(
    {
        SUBMISSION: {"switch": "under-policy", "max-events-per-package": 55},
        "request-throttling": {"switch": "unaffected-by-policy", "max-events-per-hour": 77},
        "threat-response": {"switch": "unaffected-by-policy", "notify-user": True},
        "quarantine": {"switch": "under-policy", "max-size": "300 MB"},
        "self-defense": {"switch": "under-policy", "enabled": False},
        "proxy": {"switch": "unaffected-by-policy", "port": 3_128},
    }
)
"""Settings that differ from the defaults in every section of a policy for KATA; its switches are mixed."""
CHANGED: Final = (SUBMISSION, "request-throttling", "threat-response", "quarantine", "self-defense", "proxy")
UNDER: Final = frozenset((SUBMISSION, "quarantine", "self-defense"))
"""Of these, the ones that stand at Under policy."""


def source(name: str = SOURCE) -> Policy:
    """A policy with settings of its own."""
    return Policy(name, HQ, PolicyStatus.INACTIVE, CUSTOM, type=KATA)


def at_type(
    server: AdministrationServer, mode: CreationMode = CreationMode.CONFIGURE, *, settings_of: str | None = None
) -> PolicyWizard:
    """A wizard at its step of the type."""
    wizard = PolicyWizard(server)
    wizard.choose_application(ENDPOINT_AGENT)
    wizard.give_name(NEW, settings_of=settings_of)
    wizard.choose_mode(mode)
    return wizard


def passed(wizard: PolicyWizard) -> Iterator[str]:
    """Passes all settings steps as they are, and gives the section of each."""
    while wizard.section is not None:
        yield str(wizard.section)
        wizard.configure()


def finished(wizard: PolicyWizard) -> None:
    """Passes what comes after the settings steps."""
    wizard.choose_group(HQ)
    wizard.finish(PolicyStatus.INACTIVE, at_ms=1_000)


def made(
    server: AdministrationServer,
    mode: CreationMode = CreationMode.CONFIGURE,
    *,
    kind: PolicyType = KATA,
    settings_of: str | None = None,
) -> Policy:
    """The policy as it is stored after a wizard in which nothing was configured."""
    wizard = at_type(server, mode, settings_of=settings_of)
    wizard.choose_type(kind)
    list(passed(wizard))
    finished(wizard)
    return next(policy for policy in server.policies() if policy.name != SOURCE)


def listed(server: AdministrationServer) -> list[str]:
    """The names in the list of policies."""
    return [policy.name for policy in server.policies()]


# --- application, name, list ------------------------------------------------------------------------------------------


@clause("KEA-POL-001", needs=[ADMINISTRATION])
def check_a_policy_belongs_to_one_application(server: ServerUnderTest) -> None:
    """The first step chooses it, it is stored, and a policy of another product reaches no Endpoint Agent."""
    administration = server.administration(groups=(HQ,), plugins=PLUGINS)
    equal(PolicyWizard(administration).step, WizardStep.APPLICATION, "the first step")
    equal(made(administration).application, ENDPOINT_AGENT, "the application that is stored")
    for application, wanted in ((OTHER_APPLICATION, DEFAULT_EVENTS), (ENDPOINT_AGENT, 50)):
        one = Policy(application, HQ, PolicyStatus.ACTIVE, submission(50), application=application)
        revision = administration.create(one, at_ms=2_000).revision
        seen = package_events(administration.governing(HQ, revision))
        equal(seen, wanted, f"the setting of a device under an active policy of {application}")


@clause("KEA-POL-002", needs=[ADMINISTRATION])
def check_the_name_that_is_given_is_the_one_in_the_list(server: ServerUnderTest) -> None:
    """The list has an entry of exactly the name that was given."""
    administration = server.administration(groups=(HQ,))
    made(administration)
    equal(listed(administration), [NEW], "names in the list of policies")
    refusal = _refusal(lambda wizard: wizard.give_name(""), administration)
    holds(refusal is not None, "a policy without a name is refused", "accepted")


def _refusal(step: Callable[[PolicyWizard], object], server: AdministrationServer) -> SeatrialError | None:
    wizard = PolicyWizard(server)
    wizard.choose_application(ENDPOINT_AGENT)
    try:
        step(wizard)
    except SeatrialError as error:
        return error
    return None


@clause("KEA-POL-022", needs=[ADMINISTRATION])
def check_the_policy_is_in_the_list_after_the_end_and_not_before(server: ServerUnderTest) -> None:
    """At every step before the last the list is as it was."""
    administration = server.administration(groups=(HQ,))
    wizard = PolicyWizard(administration)
    steps: tuple[Callable[[], object], ...] = (
        lambda: wizard.choose_application(ENDPOINT_AGENT),
        lambda: wizard.give_name(NEW),
        lambda: wizard.choose_mode(CreationMode.DEFAULTS),
        lambda: wizard.choose_type(KATA),
        lambda: wizard.choose_group(HQ),
    )
    for step in steps:
        step()
        equal(listed(administration), [], f"the list of policies before the step {wizard.step}")
    wizard.finish(at_ms=1_000)
    equal(listed(administration), [NEW], "the list of policies after the end")


@clause("KEA-POL-021", needs=[ADMINISTRATION])
def check_properties_can_be_asked_for_at_the_end(server: ServerUnderTest) -> None:
    """The end takes the option either way, creates the policy, and tells what was asked for."""
    for wanted in (True, False):
        administration = server.administration(groups=(HQ,))
        wizard = at_type(administration, CreationMode.DEFAULTS)
        wizard.choose_type(KATA)
        wizard.choose_group(HQ)
        ended = wizard.finish(at_ms=1_000, open_properties=wanted)
        equal(ended.open_properties, wanted, "whether the properties are wanted next")
        equal(listed(administration), [NEW], "the list of policies after the end")


# --- import -----------------------------------------------------------------------------------------------------------


@clause("KEA-POL-003", "KEA-POL-008", needs=[ADMINISTRATION])
def check_settings_and_switches_are_taken_over(server: ServerUnderTest) -> None:
    """Every section of the new policy has the values of the source, and every switch stands as it does there."""
    policy = made(server.administration(source(), groups=(HQ,)), settings_of=SOURCE)
    for key in CHANGED:
        equal(policy.settings.values.group(key), CUSTOM.values.group(key), f"values of {key}, taken over")
    equal(policy.settings.values, CUSTOM.values, "values of all groups, taken over")
    seen = {key: policy.settings.switch(key) for key in CHANGED}
    wanted = {key: Switch.UNDER_POLICY if key in UNDER else Switch.UNAFFECTED for key in CHANGED}
    equal(seen, wanted, "switches of the groups that were set in the source")


@clause("KEA-POL-004", needs=[ADMINISTRATION])
def check_without_an_import_nothing_is_taken_over(server: ServerUnderTest) -> None:
    """Beside a policy with other settings a new one has the defaults, in either mode."""
    for mode in CreationMode:
        policy = made(server.administration(source(), groups=(HQ,)), mode)
        equal(policy.settings, PolicySettings.fresh(KATA), f"settings of a policy made with {mode}")
        equal(policy.settings.values, AgentSettings(), f"values of a policy made with {mode}")


@clause("KEA-POL-006", needs=[ADMINISTRATION])
def check_create_and_configure_is_preselected_with_an_import(server: ServerUnderTest) -> None:
    """After the source has been named, this mode stands selected."""
    wizard = PolicyWizard(server.administration(source(), groups=(HQ,)))
    wizard.choose_application(ENDPOINT_AGENT)
    wizard.give_name(NEW, settings_of=SOURCE)
    equal(wizard.step, WizardStep.MODE, "the step after an import was chosen")
    equal(str(wizard.preselected_mode), "create-and-configure", "the mode that is preselected")


@clause("KEA-POL-007", needs=[ADMINISTRATION])
def check_values_of_the_source_are_shown(server: ServerUnderTest) -> None:
    """Each settings step shows the values of the source before anything is edited."""
    wizard = at_type(server.administration(source(), groups=(HQ,)), settings_of=SOURCE)
    wizard.choose_type(KATA)
    shown: dict[str, object] = {}
    while wizard.section is not None:
        shown |= {key: group.values for key, group in wizard.shown.items()}
        wizard.configure()
    for key in CHANGED:
        contains(shown, key, "a settings step shows the group")
    equal(shown, {key: CUSTOM.values.group(key) for key in shown}, "values that settings steps show")


# --- modes, types, steps ----------------------------------------------------------------------------------------------


@clause("KEA-POL-005", needs=[ADMINISTRATION])
def check_there_are_two_modes(server: ServerUnderTest) -> None:
    """Both are accepted, each makes a policy, and there is no third."""
    equal(sorted(map(str, CreationMode)), ["create-and-configure", "default-settings"], "modes of creation")
    for mode in CreationMode:
        equal(made(server.administration(groups=(HQ,)), mode).name, NEW, f"the policy that is made with {mode}")


@clause("KEA-POL-012", needs=[ADMINISTRATION])
def check_settings_steps_come_only_where_something_is_configured(server: ServerUnderTest) -> None:
    """After the type comes a settings step, or with default settings the target group."""
    for mode, wanted in (
        (CreationMode.CONFIGURE, WizardStep.SETTINGS),
        (CreationMode.DEFAULTS, WizardStep.TARGET),
    ):
        wizard = at_type(server.administration(groups=(HQ,)), mode)
        wizard.choose_type(KATA)
        equal(wizard.step, wanted, f"the step after the type, with {mode}")


@clause("KEA-POL-009", needs=[ADMINISTRATION])
def check_there_are_two_types(server: ServerUnderTest) -> None:
    """Each of them can be chosen, and is stored."""
    known = ["kaspersky-sandbox", "kata-edr-and-kics-for-networks"]
    equal(sorted(map(str, PolicyType)), known, "types of policies")
    for kind in PolicyType:
        equal(made(server.administration(groups=(HQ,)), kind=kind).type, kind, "the type that is stored")


def _sections(server: ServerUnderTest, kind: PolicyType) -> list[str]:
    wizard = at_type(server.administration(groups=(HQ,)))
    wizard.choose_type(kind)
    return list(passed(wizard))


@clause("KEA-POL-010", needs=[ADMINISTRATION])
def check_the_type_decides_which_settings_steps_come(server: ServerUnderTest) -> None:
    """The two types do not show the same sections; what each shows is not documented."""
    sandbox, kata = (set(_sections(server, kind)) for kind in (PolicyType.SANDBOX, KATA))
    holds(sandbox != kata, "the sections of the two types differ", f"both show {', '.join(sorted(kata))}")


@clause("KEA-POL-011", needs=[ADMINISTRATION])
def check_settings_steps_come_in_the_documented_order(server: ServerUnderTest) -> None:
    """The sections of each type follow the order of the six, and every one of the six is shown by some type."""
    shown = {kind: _sections(server, kind) for kind in PolicyType}
    for kind, sections in shown.items():
        ordered = [name for name in DOCUMENTED_ORDER if name in sections]
        equal(sections, ordered, f"settings steps of a policy for {kind}")
    equal({name for one in shown.values() for name in one}, set(DOCUMENTED_ORDER), "sections of both types together")


@clause("KEA-POL-013", needs=[ADMINISTRATION])
def check_settings_steps_can_be_passed(server: ServerUnderTest) -> None:
    """All of them are passed, or all but one: sections that were not touched hold the defaults."""
    fresh = PolicySettings.fresh(KATA)
    equal(made(server.administration(groups=(HQ,))).settings, fresh, "settings after all steps were passed")
    administration = server.administration(groups=(HQ,))
    wizard = at_type(administration)
    wizard.choose_type(KATA)
    wizard.configure({SUBMISSION: {"max-events-per-package": 9}})
    list(passed(wizard))
    finished(wizard)
    settings = administration.policy(NEW).settings
    equal(settings.values.data_submission.max_events_per_package, 9, "the setting of the step that was not passed")
    equal(settings.having(fresh.values.data_submission), fresh, "settings of the steps that were passed")


@clause("KEA-POL-023", needs=[ADMINISTRATION])
def check_no_step_can_be_taken_before_those_that_come_before_it(server: ServerUnderTest) -> None:
    """The steps come in the documented order; at each of them every later one is refused, and stores nothing."""
    administration = server.administration(groups=(HQ,))
    wizard = PolicyWizard(administration)
    steps: dict[str, Callable[[], object]] = {
        "application": lambda: wizard.choose_application(ENDPOINT_AGENT),
        "name": lambda: wizard.give_name(NEW),
        "mode": lambda: wizard.choose_mode(CreationMode.CONFIGURE),
        "type": lambda: wizard.choose_type(KATA),
        "settings": lambda: wizard.configure(),
        "target": lambda: wizard.choose_group(HQ),
        "status": lambda: wizard.finish(at_ms=1_000),
    }
    names = list(steps)
    for number, name in enumerate(names):
        equal(str(wizard.step), name, f"step {number + 1}")
        for later in names[number + 1 :]:
            try:
                steps[later]()
            except WizardError:
                continue
            raise Finding(f"the step {later} is refused before the step {name}", "it was taken")
        equal(listed(administration), [], "policies that are stored before the end")
        if name == "settings":
            list(passed(wizard))
        else:
            steps[name]()
    equal(listed(administration), [NEW], "policies that are stored after the last step")


# --- departure --------------------------------------------------------------------------------------------------------


@clause("KEA-POL-020")
def check_an_out_of_office_policy_holds_once_the_device_departs(agent: AgentUnderTest) -> None:
    """Inside of the corporate network a device ignores it; after its departure it applies its settings."""
    settings = {**BURST, SUBMISSION: {"switch": "under-policy", "max-events-per-package": 50}}
    away = {"name": "away", "group": GROUP, "status": "out-of-office", "settings": settings}
    inside = {"name": "inside", "group": GROUP, "settings": BURST}
    steps = [
        emit("threat-detection", 200, "2min"),
        {"at": "10min", "do": "leave-network", "target": "all", "for": "40min"},
        emit("threat-detection", 200, "30min"),
    ]
    trial = agent.attempt(duration="45min", steps=steps, policies=[inside, away])
    sizes = [(one.at_ms, size) for one in trial.asked() for size in one.packages]
    before = max((size for at_ms, size in sizes if at_ms < 10 * MINUTE_MS), default=0)
    after = max((size for at_ms, size in sizes if at_ms >= 30 * MINUTE_MS), default=0)
    equal((before, after), (200, 50), "events of the largest package before and after the departure")
