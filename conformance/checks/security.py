"""Security settings: user permissions, password protection, self-defense (KEA-SEC)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from conformance.agents import GROUP, PROTECTION, UNDER_POLICY, AgentUnderTest, Settings
from conformance.checks.policies import SUBMISSION, largest
from conformance.checks.telemetry import HIGH, emit
from conformance.judging import equal, refused
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import MINUTE_MS, Trial
from emulator.policy.errors import SettingError
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import Switch, describe

NEEDS: Final = (PROTECTION,)
PERMISSIONS, PASSWORDS, DEFENSE = "user-permissions", "password-protection", "self-defense"
TITLES: Final = {PERMISSIONS: "User permissions", PASSWORDS: "Password protection", DEFENSE: "Self-defense"}
SECTION: Final = "Application settings / Security settings"
UNAFFECTED: Final = "unaffected-by-policy"
ALLOWED, NO_PERMISSION, DEFENDED = "allowed", "no-permission", "self-defense"
PASSWORD_REQUIRED, WRONG_PASSWORD = "password-required", "wrong-password"  # reasons, no passwords
GOOD: Final = "Tide-and-harbour-7"
"""A password that follows every recommendation."""
ACCOUNT, DEVICE = "anna", "lab-00001"
SEVERAL: Final = 20
STEP_MIN: Final = 20
"""Between two steps: a device synchronises with the Administration Server meanwhile."""
FILES, PROCESSES = ("alter-file", "delete-file"), ("alter-process", "end-process")
REGISTRY: Final = ("alter-registry-entry", "delete-registry-entry")
OFF: Final[Settings] = {DEFENSE: {"enabled": False}}
ENDING: Final = ("stop-service", "uninstall")
"""Protected operations whose effect servers see: nothing is collected afterwards."""
ASKING: Final = ("show-quarantine", "disable-isolation", "delete-licence", "reset-password", *ENDING)
"""Of the operations that the documentation of the command line calls protected, some of each kind."""
RIGHTS: Final = {
    "read-settings": {"settings": ["read"]},
    "change-settings": {"settings": ["write"]},
    "change-permissions": {"settings": ["change-permissions"]},
    "query-service": {"service": ["query"]},
    "start-service": {"service": ["start"]},
    "stop-service": {"service": ["stop"]},
}
"""Operations by the one item that each needs; the documentation lists no items, these are the emulator's."""
ADVICE: Final = tuple(f"KEA-SEC-0{number}" for number in range(14, 19))


def attempt(operation: str, user: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    """A step in which somebody tries something on all devices."""
    return {"do": "attempt", "target": "all", "operation": operation, "user": user, **more}


def change(events: int, user: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    """A step in which somebody sets another maximum of events in a package."""
    return attempt("change-settings", user, settings={SUBMISSION: {"max-events-per-package": events}}, **more)


def saved(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A step in which the policy is saved."""
    return {"do": "change-policy", "policy": "check", "settings": settings}


def tried(agent: AgentUnderTest, *steps: Mapping[str, Any], settings: Settings | None = None) -> Trial:
    """Steps one after the other, with enough time between two that what is saved has reached the device."""
    timed = [{**step, "at": f"{STEP_MIN * number}min"} for number, step in enumerate(steps, 1)]
    return agent.attempt(duration=f"{STEP_MIN * (len(steps) + 1)}min", steps=timed, settings=settings)


def answers(trial: Trial) -> list[str]:
    """What attempts were answered, in order of time: allowed, or the reason why not."""
    told = [(at_ms, ALLOWED) for at_ms, _, _ in trial.told("attempt-allowed")]
    told += [(at_ms, str(detail["reason"])) for at_ms, _, detail in trial.told("attempt-refused")]
    return [answer for _, answer in sorted(told)]


LIFE: Final = emit(HIGH, SEVERAL)
"""Something happens on the devices: what arrives of it tells whether Endpoint Agent runs, and what it is set to."""


# --- user permissions -------------------------------------------------------------------------------------------------


def manages(
    agent: AgentUnderTest,
    granted: Sequence[Mapping[str, Any]],
    user: str,
    *,
    settings: bool,
    service: bool,
    groups: Sequence[str] = (),
) -> None:
    """Has a user change a setting, then stop the service, and judges answers and effects of both."""
    who: dict[str, Any] = {"user": user, "groups": list(groups)}
    steps = (change(7, **who), LIFE, attempt("stop-service", through="services", **who), LIFE)
    trial = tried(agent, *steps, settings={PERMISSIONS: {"granted": list(granted)}})
    wanted = [ALLOWED if may else NO_PERMISSION for may in (settings, service)]
    equal(answers(trial), wanted, f"answers to {user}, who changes a setting and stops the service")
    equal(largest(trial), 7 if settings else SEVERAL, f"events of the largest package after the attempt of {user}")
    events = SEVERAL if service else 2 * SEVERAL
    equal(trial.count(HIGH), events, f"events that are collected, of {SEVERAL} before and after a stop by {user}")


ALL_ITEMS: Final = {"settings": ["full-control"], "service": ["query", "start", "stop"]}


@clause("KEA-SEC-001")
def check_users_and_programs_are_restricted(agent: AgentUnderTest) -> None:
    """A user without permission, one without password and a program are refused, and each for its own reason."""
    steps = (attempt("query-service", "mallory"), attempt("show-quarantine"), attempt("alter-file", "synthetic/editor"))
    restricted: Settings = {
        PERMISSIONS: {"granted": [{"user": ACCOUNT, **ALL_ITEMS}]},
        PASSWORDS: {"enabled": True, "password": GOOD, "confirmation": GOOD},
        DEFENSE: {"enabled": True},
    }
    trial = tried(agent, *steps, settings=restricted)
    equal(answers(trial), [NO_PERMISSION, PASSWORD_REQUIRED, DEFENDED], "answers with everything restricted")
    equal(answers(tried(agent, *steps, settings=OFF)), [ALLOWED] * 3, "answers with nothing restricted")


@clause("KEA-SEC-002")
def check_access_is_granted_to_users_and_to_groups_of_users(agent: AgentUnderTest) -> None:
    """A user who is named and a member of a group that is named have access, and nobody else."""
    granted = [{"user": ACCOUNT, **ALL_ITEMS}, {"group": "help-desk", **ALL_ITEMS}]
    manages(agent, granted, ACCOUNT, settings=True, service=True)
    manages(agent, granted, "ben", groups=["staff", "help-desk"], settings=True, service=True)
    manages(agent, granted, "ben", groups=["staff"], settings=False, service=False)
    manages(agent, granted, "help-desk", settings=False, service=False)


@clause("KEA-SEC-003")
def check_only_the_specified_users_manage_settings_and_service(agent: AgentUnderTest) -> None:
    """A listed user's change holds and their stop ends collection; another user's do neither."""
    granted = [{"user": ACCOUNT, **ALL_ITEMS}]
    manages(agent, granted, ACCOUNT, settings=True, service=True)
    manages(agent, granted, "ben", settings=False, service=False)


@clause("KEA-SEC-004")
def check_a_user_without_permission_manages_neither_settings_nor_service(agent: AgentUnderTest) -> None:
    """Change, start and stop are refused on every way that a device offers, and nothing has changed afterwards."""
    steps = (
        change(7, "mallory"),
        attempt("stop-service", "mallory", through="command-line"),
        attempt("stop-service", "mallory", through="services"),
        attempt("start-service", "mallory", through="services"),
    )
    granted = {PERMISSIONS: {"granted": [{"user": ACCOUNT, **ALL_ITEMS}]}}
    trial = tried(agent, *steps, LIFE, attempt("stop-service"), LIFE, settings=granted)
    equal(answers(trial), [NO_PERMISSION] * 4 + [ALLOWED], "answers to a stranger, then to a listed user")
    equal(largest(trial), SEVERAL, "events of the largest package, the change being refused")
    equal(
        trial.count(HIGH), SEVERAL, f"events that are collected, of {SEVERAL} before and after the listed user's stop"
    )


@clause("KEA-SEC-005")
def check_each_item_is_granted_by_itself(agent: AgentUnderTest) -> None:
    """A user with one item may do what needs this one, and nothing that needs another."""
    granted = [{"user": operation, **items} for operation, items in RIGHTS.items()]
    entered: Settings = {
        "change-settings": {"settings": {SUBMISSION: {"max-events-per-package": 7}}},
        "change-permissions": {"settings": {PERMISSIONS: {"granted": []}}},
    }
    steps = [attempt(one, user, **entered.get(one, {})) for one in RIGHTS for user in RIGHTS]
    seen = answers(tried(agent, *steps, settings={PERMISSIONS: {"granted": granted}}))
    wanted = [ALLOWED if one == user else NO_PERMISSION for one in RIGHTS for user in RIGHTS]
    equal(seen, wanted, f"answers, for each of {', '.join(RIGHTS)} to a user with the item of each")


@clause("KEA-SEC-007")
def check_permissions_take_effect_once_the_group_is_under_policy_and_saved(agent: AgentUnderTest) -> None:
    """An unlisted user still changes a setting while the group is unaffected, and no longer once it is saved."""
    listed = {PERMISSIONS: {"switch": UNAFFECTED, "granted": [{"user": ACCOUNT, **ALL_ITEMS}]}}
    save = saved({PERMISSIONS: {"switch": UNDER_POLICY}})
    steps = (change(7, "ben"), save, change(9, "ben"), LIFE, change(11), LIFE)
    trial = tried(agent, *steps, settings=listed)
    equal(answers(trial), [ALLOWED, NO_PERMISSION, ALLOWED], "answers before and after the save, and to a listed user")
    middle = [size for one in trial.asked() if one.at_ms < 5 * STEP_MIN * MINUTE_MS for size in one.packages]
    equal(max(middle, default=0), 7, "events of the largest package after the refused change")
    equal(largest(trial), 11, "events of the largest package after the listed user's change")


@clause("KEA-SEC-027")
def check_settings_and_services_are_granted_apart(agent: AgentUnderTest) -> None:
    """Whoever has items for the settings alone cannot stop the service, and the other way round."""
    for_settings = {"user": "sara", "settings": ALL_ITEMS["settings"]}
    for_service = {"user": "stan", "service": ALL_ITEMS["service"]}
    manages(agent, [for_settings, for_service], "sara", settings=True, service=False)
    manages(agent, [for_settings, for_service], "stan", settings=False, service=True)


# --- password protection ----------------------------------------------------------------------------------------------


def protected(password: str = GOOD, **more: Any) -> dict[str, Mapping[str, Any]]:
    """Password protection with this password, in a policy."""
    return {PASSWORDS: {"enabled": True, "password": password, "confirmation": password, **more}}


def ends(agent: AgentUnderTest, given: str | None, wanted: str, *, settings: Settings) -> None:
    """Has a user end Endpoint Agent in each protected way, and judges the answer and what is collected afterwards."""
    password = {} if given is None else {"password": given}
    for operation in ENDING:
        trial = tried(agent, attempt(operation, **password), LIFE, settings=settings)
        equal(answers(trial), [wanted], f"the answer to {operation} with the password {given!r}")
        events = 0 if wanted == ALLOWED else SEVERAL
        equal(trial.count(HIGH), events, f"events that are collected after {operation} with the password {given!r}")


@clause("KEA-SEC-008")
def check_a_protected_action_asks_for_the_password(agent: AgentUnderTest) -> None:
    """With protection on and no password given each is refused for want of it; with protection off each goes ahead."""
    steps = [attempt(operation) for operation in ASKING]
    seen = answers(tried(agent, *steps, settings=protected()))
    equal(seen, [PASSWORD_REQUIRED] * len(ASKING), f"answers to {', '.join(ASKING)} without a password")
    seen = answers(tried(agent, *steps))
    equal(seen, [ALLOWED] * len(ASKING), f"answers to {', '.join(ASKING)} with protection off")
    ends(agent, None, PASSWORD_REQUIRED, settings=protected())


@clause("KEA-SEC-009")
def check_with_the_password_a_protected_action_goes_ahead(agent: AgentUnderTest) -> None:
    """The one that was set is accepted for each, and has its effect."""
    steps = [attempt(operation, password=GOOD) for operation in ASKING]
    seen = answers(tried(agent, *steps, settings=protected()))
    equal(seen, [ALLOWED] * len(ASKING), f"answers to {', '.join(ASKING)} with the password")
    ends(agent, GOOD, ALLOWED, settings=protected())


@clause("KEA-SEC-010")
def check_with_a_wrong_password_nothing_is_done(agent: AgentUnderTest) -> None:
    """Another password is refused as wrong, even one that is nearly right, and Endpoint Agent goes on."""
    for wrong in ("another", GOOD.lower(), GOOD[:-1], f"{GOOD} "):
        ends(agent, wrong, WRONG_PASSWORD, settings=protected())
    ends(agent, GOOD, ALLOWED, settings=protected())


@clause("KEA-SEC-012")
def check_a_password_is_asked_for_however_weak(agent: AgentUnderTest) -> None:
    """A weak one that a policy sets, or a user of the device, is in force like any other."""
    asked = [PASSWORD_REQUIRED, WRONG_PASSWORD, ALLOWED]
    for weak in ("a", "aaaaaaaaaaaa", ACCOUNT, DEVICE):
        tries = [attempt("show-quarantine", **given) for given in ({}, {"password": "b"}, {"password": weak})]
        equal(answers(tried(agent, *tries, settings=protected(weak))), asked, f"answers under a policy with {weak!r}")
        own = attempt("set-password", settings=protected(weak))
        equal(answers(tried(agent, own, *tries)), [ALLOWED, *asked], f"answers on a device that was given {weak!r}")


@clause("KEA-SEC-013")
def check_wrong_passwords_block_nobody(agent: AgentUnderTest) -> None:
    """After a thousand wrong ones, a second apart, the right one is accepted in the second after."""
    wrong = {**attempt("stop-service", password="another"), "at": "1000s", "every": "1s", "until": "1999s"}  # noqa: S106
    right = {**attempt("stop-service", password=GOOD), "at": "2000s"}
    trial = agent.attempt(duration="1h", steps=[wrong, right, {**LIFE, "at": "50min"}], settings=protected())
    seen = answers(trial)
    equal(
        (seen.count(WRONG_PASSWORD), seen[-1:]), (1_000, [ALLOWED]), "wrong passwords, and the answer to the right one"
    )
    equal([at_ms for at_ms, _, _ in trial.told("attempt-allowed")], [2_000_000], "milliseconds until it is accepted")
    equal(trial.count(HIGH), 0, "events that are collected once it is accepted")


@clause("KEA-SEC-020")
def check_the_prompt_begins_once_the_group_is_under_policy_and_saved(agent: AgentUnderTest) -> None:
    """Nothing is asked for while the group is unaffected, or the option not selected; after the save it is."""
    under = {PASSWORDS: {"switch": UNDER_POLICY}}
    action = attempt("show-quarantine")
    trial = tried(agent, action, saved(under), action, settings=protected(switch=UNAFFECTED))
    equal(answers(trial), [ALLOWED, PASSWORD_REQUIRED], "answers before and after the group is put under policy")
    select = saved({PASSWORDS: {"enabled": True}})
    trial = tried(agent, action, select, action, settings=protected(enabled=False))
    equal(answers(trial), [ALLOWED, PASSWORD_REQUIRED], "answers before and after the option is selected")


# --- recommendations for passwords ------------------------------------------------------------------------------------


def advised(agent: AgentUnderTest, password: str, wanted: Iterable[str]) -> None:
    """Sets a password, and judges what its author is told to have missed, and that Endpoint Agent takes it."""
    settings = {**protected(password), PERMISSIONS: {"granted": [{"user": ACCOUNT, **ALL_ITEMS}]}}
    tries = attempt("show-quarantine"), attempt("show-quarantine", password=password)
    trial = tried(agent, *tries, settings=settings)
    equal(answers(trial), [PASSWORD_REQUIRED, ALLOWED], f"answers without and with the password {password!r}")
    told = [one for one in ADVICE if any(one in notice.cause for notice in trial.warnings)]
    equal(told, sorted(wanted), f"recommendations that {password!r} is reported not to follow")


@clause("KEA-SEC-014")
def check_a_password_below_8_characters_is_reported_and_taken(agent: AgentUnderTest) -> None:
    """The lint tells of 7 characters, which are guessed soon as well, and of longer ones not; the agent takes both."""
    advised(agent, "Ab1!xyz", ["KEA-SEC-014", "KEA-SEC-018"])
    advised(agent, "Ab1!xyz~", ["KEA-SEC-018"])
    advised(agent, GOOD, [])


@clause("KEA-SEC-015")
def check_a_password_with_the_account_is_reported_and_taken(agent: AgentUnderTest) -> None:
    """The lint tells of the name of an account in it; the agent takes it."""
    advised(agent, f"{GOOD}{ACCOUNT}", ["KEA-SEC-015"])
    advised(agent, GOOD, [])


@clause("KEA-SEC-016")
def check_a_password_that_is_the_device_is_reported_and_taken(agent: AgentUnderTest) -> None:
    """The lint tells of the name of a device; the agent takes it."""
    advised(agent, DEVICE.capitalize(), ["KEA-SEC-016"])
    advised(agent, "Lab-99999", [])


@clause("KEA-SEC-017")
def check_a_password_of_few_groups_is_reported_and_taken(agent: AgentUnderTest) -> None:
    """The lint tells of characters of one or two groups, and of three not; the agent takes them all."""
    advised(agent, "harbourandtideandharbour", ["KEA-SEC-017"])
    advised(agent, "harbourandtideandharbour7", ["KEA-SEC-017"])
    advised(agent, "harbourandtideandharbour7!", [])
    advised(agent, "Harbourandtideandharbour7", [])


@clause("KEA-SEC-018")
def check_a_password_that_is_soon_guessed_is_reported_and_taken(agent: AgentUnderTest) -> None:
    """The lint tells of one that follows the other recommendations, and is guessed in less than 6 months."""
    advised(agent, "Abcdefg1", ["KEA-SEC-018"])
    advised(agent, "Abcdefghijk1", [])


# --- self-defense -----------------------------------------------------------------------------------------------------


def defends(agent: AgentUnderTest, operations: Sequence[str]) -> None:
    """Has a program try operations with self-defense on and off, and judges why they fail, and that they do not."""
    steps = [attempt(operation, "synthetic/editor") for operation in operations]
    names = ", ".join(operations)
    seen = answers(tried(agent, *steps, settings={DEFENSE: {"enabled": True}}))
    equal(seen, [DEFENDED] * len(operations), f"answers to {names} with self-defense on")
    seen = answers(tried(agent, *steps, settings=OFF))
    equal(seen, [ALLOWED] * len(operations), f"answers to {names} with self-defense off")


@clause("KEA-SEC-021")
def check_files_are_defended(agent: AgentUnderTest) -> None:
    """Another program neither changes nor deletes a file, until self-defense is off."""
    defends(agent, FILES)


@clause("KEA-SEC-022")
def check_processes_are_defended(agent: AgentUnderTest) -> None:
    """Another program neither changes nor ends a process, until self-defense is off: then nothing is collected."""
    defends(agent, PROCESSES)
    for settings, events in (({DEFENSE: {"enabled": True}}, SEVERAL), (OFF, 0)):
        trial = tried(agent, attempt("end-process", "synthetic/killer"), LIFE, settings=settings)
        equal(trial.count(HIGH), events, f"events that are collected after a program ended the process, {settings}")


@clause("KEA-SEC-023")
def check_registry_entries_are_defended(agent: AgentUnderTest) -> None:
    """Another program neither changes nor deletes a registry entry, until self-defense is off."""
    defends(agent, REGISTRY)


@clause("KEA-SEC-024")
def check_self_defense_is_on_by_default(agent: AgentUnderTest) -> None:
    """A fresh agent defends everything, without a policy and with one whose group is unaffected."""
    operations = (*FILES, *REGISTRY, *PROCESSES)
    steps = [attempt(operation, "synthetic/editor") for operation in operations]
    for settings in (None, {DEFENSE: {"switch": UNAFFECTED, "enabled": False}}):
        trial = tried(agent, *steps, LIFE, settings=settings)
        equal(answers(trial), [DEFENDED] * len(operations), f"answers to {', '.join(operations)}, policy: {settings}")
        equal(trial.count(HIGH), SEVERAL, "events that are collected afterwards")


@clause("KEA-SEC-025")
def check_self_defense_is_turned_off_by_a_policy(agent: AgentUnderTest) -> None:
    """What was refused goes through once a policy with the group under policy and the setting off is saved."""
    operations = (*FILES, *REGISTRY, *PROCESSES)
    steps = [attempt(operation, "synthetic/editor") for operation in operations]
    off = saved({DEFENSE: {"switch": UNDER_POLICY, "enabled": False}})
    trial = tried(agent, *steps, off, *steps, LIFE, settings={DEFENSE: {"switch": UNAFFECTED}})
    wanted = [DEFENDED] * len(operations) + [ALLOWED] * len(operations)
    equal(answers(trial), wanted, f"answers to {', '.join(operations)}, before and after it is turned off")
    equal(trial.count(HIGH), 0, "events that are collected after the process was ended")


# --- the policy -------------------------------------------------------------------------------------------------------


def read_refusal(group: str, data: Mapping[str, Any]) -> SettingError | None:
    """Why a policy with settings of a group cannot be saved; None where it can."""
    try:
        parse_policy_settings({group: data})
    except SettingError as error:
        return error
    return None


@clause("KEA-SEC-001", needs=[ADMINISTRATION])
def check_security_settings_are_for_users_and_programs(server: ServerUnderTest) -> None:
    """The section has the three groups, and their values reach the devices of a policy."""
    found = [one.key for one in describe() if one.section == SECTION]
    equal(sorted(found), sorted(TITLES), "groups of the security settings")
    stored = parse_policy_settings(
        {
            PERMISSIONS: {"switch": UNDER_POLICY, "granted": [{"user": ACCOUNT, **ALL_ITEMS}]},
            PASSWORDS: {"switch": UNDER_POLICY, "enabled": True, "password": GOOD, "confirmation": GOOD},
            DEFENSE: {"switch": UNDER_POLICY, "enabled": False},
        }
    )
    administration = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, stored))
    governing = administration.governing(GROUP, 0)
    locks = {} if governing is None else {key: governing.lock(key) for key in TITLES}
    values = {key: None if lock is None else lock.values for key, lock in locks.items()}
    equal(values, {key: stored.values.group(key) for key in TITLES}, "values of the groups that reach devices")


@clause("KEA-SEC-006", "KEA-SEC-019", "KEA-SEC-026", needs=[ADMINISTRATION])
def check_each_security_group_has_a_switch_of_its_own(server: ServerUnderTest) -> None:
    """Each of the three stands in Application settings / Security settings, with its title, and is switched alone."""
    known = {one.key: one for one in describe()}
    for key, title in TITLES.items():
        equal((known[key].section, known[key].title), (SECTION, title), f"section and title of {key}")
        equal(known[key].switch, Switch.UNAFFECTED, f"the switch of {key} in a fresh policy")
        one = parse_policy_settings({key: {"switch": UNDER_POLICY}})
        equal(one.under_policy - PolicySettings().under_policy, {key}, f"groups that move with the switch of {key}")


@clause("KEA-SEC-019", needs=[ADMINISTRATION])
def check_password_protection_has_an_option(server: ServerUnderTest) -> None:
    """A password alone changes nothing: the option is there, is not selected by itself, and can be stored selected."""
    group = {"password": GOOD, "confirmation": GOOD}
    stored = parse_policy_settings({PASSWORDS: group}).values.password_protection
    equal(stored.enabled, False, "the option, where only a password is given")
    stored = parse_policy_settings({PASSWORDS: {**group, "enabled": True}}).values.password_protection
    equal(stored.enabled, True, "the option, where it is selected")


@clause("KEA-SEC-011", needs=[ADMINISTRATION])
def check_a_password_is_to_be_confirmed(server: ServerUnderTest) -> None:
    """Protection with no password, no confirmation, or another one cannot be saved; with the same twice it can."""
    error = read_refusal(PASSWORDS, {"enabled": True})
    refused(error, "protection without a password", names="password", because="no password is given")
    for confirmation in ({}, {"confirmation": GOOD.lower()}):
        error = read_refusal(PASSWORDS, {"enabled": True, "password": GOOD, **confirmation})
        refused(
            error, f"a password with {confirmation or 'no confirmation'}", names="confirmation", because="not the same"
        )
    error = read_refusal(PASSWORDS, {"enabled": True, "password": GOOD, "confirmation": GOOD})
    equal(error, None, "refusal of a password that is confirmed")


@clause("KEA-SEC-012", needs=[ADMINISTRATION])
def check_a_weak_password_can_be_saved(server: ServerUnderTest) -> None:
    """One character, the name of an account and one character repeated are stored as they are."""
    for weak in ("a", ACCOUNT, "aaaaaaaaaaaa", " "):
        error = read_refusal(PASSWORDS, {"enabled": True, "password": weak, "confirmation": weak})
        equal(error, None, f"refusal of the password {weak!r}")
