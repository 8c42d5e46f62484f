"""Defects of user permissions, password protection and self-defense, and of the lint of passwords."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator.control import protection
from emulator.policy import effective, policies
from emulator.policy.policies import Governing, PolicySettings
from emulator.policy.sections.security import PasswordProtection
from emulator.policy.settings import DEFAULTS, SelfDefense
from emulator.security import attempts, password
from emulator.security.attempts import Decision
from emulator.security.operations import Defended
from emulator.security.password import LENGTH_MIN, Answer, Weakness, weaknesses
from emulator.security.permissions import Standing
from scenarios import passwords

True_ = Callable[..., Any]


def stands(plant: Plant, other: Callable[[Standing], Standing]) -> None:
    """Has users stand otherwise to rights than they do."""
    plant.around(attempts, "standing", lambda true: lambda *given: other(true(*given)))


def answered(plant: Plant, other: Callable[[Answer], Answer]) -> None:
    """Has the prompt for the password come to something else."""
    plant.around(attempts, "answer", lambda true: lambda *given: other(true(*given)))


def undefended(plant: Plant, kind: Defended) -> None:
    """Has self-defense leave out one kind."""
    plant.around(
        attempts,
        "refusal",
        lambda true: lambda given, defended, **more: None if defended is kind else true(given, defended, **more),
    )


def always_under_policy(plant: Plant, key: str) -> None:
    """Has a group of every policy reach devices, wherever its switch stands."""

    def make(true: True_) -> True_:
        def wrong(given: Any) -> Governing:
            changed = (
                replace(one, settings=PolicySettings(one.settings.values, one.settings.under_policy | {key}))
                for one in given
            )
            governing: Governing = true(tuple(changed))
            return governing

        return wrong

    plant.around(policies, "_inherited", make)


def in_words_only(plant: Plant, reason: str) -> None:
    """Has what is refused for a reason carried out all the same."""

    def make(true: True_) -> True_:
        def wrong(*given: Any, **more: Any) -> Decision:
            decision: Decision = true(*given, **more)
            return replace(decision, allowed=decision.allowed or decision.reason == reason)

        return wrong

    plant.around(protection, "decide", make)


def unsaid(plant: Plant, clause: str) -> None:
    """Has the lint leave out one recommendation."""

    def wrong(*given: Any) -> Iterator[Weakness]:
        return (weakness for weakness in weaknesses(*given) if weakness.clause != clause)

    plant.replace(passwords, "weaknesses", wrong)


# --- user permissions -------------------------------------------------------------------------------------------------


@defect("KEA-SEC-001", "nothing is ever refused")
def nothing_is_refused(plant: Plant) -> None:
    """Neither to users nor to programs."""
    plant.replace(attempts, "_refusal", lambda *_: (None, ""))


@defect("KEA-SEC-001", "security settings stay on the Administration Server")
def security_reaches_nobody(plant: Plant) -> None:
    """Self-defense never reaches a device."""
    plant.around(Governing, "lock", lambda true: lambda self, key: None if key == "self-defense" else true(self, key))


@defect("KEA-SEC-002", "groups of users are not looked at")
def groups_of_users_are_ignored(plant: Plant) -> None:
    """Only users by name have access."""
    plant.around(attempts, "standing", lambda true: lambda given, right, user, groups: true(given, right, user))


@defect("KEA-SEC-002", "a user has what a group of that name is granted")
def users_pass_as_groups(plant: Plant) -> None:
    """The two kinds of names are not kept apart."""
    plant.around(
        attempts,
        "standing",
        lambda true: lambda given, right, user, groups: true(given, right, user, (*groups, user)),
    )


@defect("KEA-SEC-003", "once permissions are set, nobody has any")
def nobody_is_listed(plant: Plant) -> None:
    """Not even those who are listed."""
    plant.around(
        attempts,
        "standing",
        lambda true: lambda given, *more: Standing.UNLISTED if given.granted else true(given, *more),
    )


@defect("KEA-SEC-004", "a user who is not listed may do everything")
def unlisted_may(plant: Plant) -> None:
    """As if nothing had been granted to anyone."""
    stands(plant, lambda one: Standing.GRANTED if one is Standing.UNLISTED else one)


@defect("KEA-SEC-004", "what an unlisted user is refused is done all the same")
def refusals_of_users_are_words(plant: Plant) -> None:
    """Only the answer says no."""
    in_words_only(plant, "no-permission")


@defect("KEA-SEC-005", "one item brings all of its kind")
def one_item_for_all(plant: Plant) -> None:
    """Settings and service are still apart."""
    stands(plant, lambda one: Standing.GRANTED if one is Standing.OTHER_ITEM else one)


@defect("KEA-SEC-006", "user permissions have the switch of self-defense")
def permissions_have_no_switch(plant: Plant) -> None:
    """None of their own."""

    def make(true: True_) -> True_:
        def wrong(self: PolicySettings, values: Any, switch: Any = None) -> PolicySettings:
            made: PolicySettings = true(self, values, switch)
            with_both = made.under_policy | {"self-defense"}
            return replace(made, under_policy=with_both) if "user-permissions" in made.under_policy else made

        return wrong

    plant.around(PolicySettings, "having", make)


@defect("KEA-SEC-007", "permissions take effect while their group is unaffected")
def permissions_need_no_switch(plant: Plant) -> None:
    """As soon as the policy holds them."""
    always_under_policy(plant, "user-permissions")


@defect("KEA-SEC-027", "items for the settings bring the service, and the other way round")
def settings_bring_the_service(plant: Plant) -> None:
    """Whoever has anything of one kind has all of the other."""
    stands(plant, lambda one: Standing.GRANTED if one is Standing.OTHER_KIND else one)


# --- password protection ----------------------------------------------------------------------------------------------


@defect("KEA-SEC-008", "whoever gives no password is let through")
def no_password_will_do(plant: Plant) -> None:
    """Only wrong ones are refused."""
    answered(plant, lambda one: Answer.RIGHT if one is Answer.MISSING else one)


@defect("KEA-SEC-009", "the right password is taken for a wrong one")
def right_is_wrong(plant: Plant) -> None:
    """Nobody gets past the prompt."""
    answered(plant, lambda one: Answer.WRONG if one is Answer.RIGHT else one)


@defect("KEA-SEC-010", "any password is right")
def any_password_will_do(plant: Plant) -> None:
    """As long as one is given."""
    answered(plant, lambda one: Answer.RIGHT if one is Answer.WRONG else one)


@defect("KEA-SEC-010", "passwords do not tell upper from lower case")
def case_does_not_matter(plant: Plant) -> None:
    """Nearly right is right."""
    plant.around(password, "checksum", lambda true: lambda one: true(type(one)(one.characters.lower())))


@defect("KEA-SEC-010", "what a wrong password is refused is done all the same")
def refusals_of_passwords_are_words(plant: Plant) -> None:
    """Only the answer says no."""
    in_words_only(plant, "wrong-password")


@defect("KEA-SEC-011", "the confirmation is not compared")
def confirmation_is_not_compared(plant: Plant) -> None:
    """Whatever it is."""

    def make(true: True_) -> True_:
        def wrong(self: PasswordProtection) -> None:
            object.__setattr__(self, "confirmation", self.password)
            true(self)

        return wrong

    plant.around(PasswordProtection, "__post_init__", make)


@defect("KEA-SEC-012", "a short password is never right")
def short_is_never_right(plant: Plant) -> None:
    """Though it can be set."""

    def make(true: True_) -> True_:
        def wrong(given: PasswordProtection, tried: Any) -> Answer:
            one: Answer = true(given, tried)
            short = len(given.password.characters) < LENGTH_MIN
            return Answer.WRONG if one is Answer.RIGHT and short else one

        return wrong

    plant.around(attempts, "answer", make)


@defect("KEA-SEC-013", "ten wrong passwords block the prompt")
def wrong_passwords_block(plant: Plant) -> None:
    """Until the next restart."""
    wrong = 0

    def other(one: Answer) -> Answer:
        nonlocal wrong
        wrong += one is Answer.WRONG
        return Answer.WRONG if one is Answer.RIGHT and wrong >= 10 else one

    answered(plant, other)


@defect("KEA-SEC-014", "the lint does not count characters")
def length_is_not_reported(plant: Plant) -> None:
    """A short password is reported for other reasons alone."""
    unsaid(plant, "KEA-SEC-014")


@defect("KEA-SEC-015", "the lint does not look for accounts")
def accounts_are_not_reported(plant: Plant) -> None:
    """Whatever users there are."""
    unsaid(plant, "KEA-SEC-015")


@defect("KEA-SEC-016", "the lint does not look for devices")
def devices_are_not_reported(plant: Plant) -> None:
    """Whatever devices there are."""
    unsaid(plant, "KEA-SEC-016")


@defect("KEA-SEC-017", "the lint does not count groups of characters")
def groups_of_characters_are_not_reported(plant: Plant) -> None:
    """One group is as good as four."""
    unsaid(plant, "KEA-SEC-017")


@defect("KEA-SEC-018", "the lint does not estimate how long guessing takes")
def guesses_are_not_reported(plant: Plant) -> None:
    """Every password is taken for safe."""
    unsaid(plant, "KEA-SEC-018")


@defect("KEA-SEC-019", "a password selects the option")
def password_selects_the_option(plant: Plant) -> None:
    """By being given."""

    def make(true: True_) -> True_:
        def wrong(self: PasswordProtection) -> None:
            object.__setattr__(self, "enabled", bool(self.password))
            true(self)

        return wrong

    plant.around(PasswordProtection, "__post_init__", make)


@defect("KEA-SEC-020", "the prompt begins while its group is unaffected")
def prompt_needs_no_switch(plant: Plant) -> None:
    """As soon as the policy holds a password."""
    always_under_policy(plant, "password-protection")


# --- self-defense -----------------------------------------------------------------------------------------------------


@defect("KEA-SEC-021", "files are not defended")
def files_are_not_defended(plant: Plant) -> None:
    """Everything else is."""
    undefended(plant, Defended.FILES)


@defect("KEA-SEC-022", "processes are not defended")
def processes_are_not_defended(plant: Plant) -> None:
    """Everything else is."""
    undefended(plant, Defended.PROCESSES)


@defect("KEA-SEC-022", "a process is ended though the program is refused")
def refusals_of_programs_are_words(plant: Plant) -> None:
    """Only the answer says no."""
    in_words_only(plant, "self-defense")


@defect("KEA-SEC-023", "registry entries are not defended")
def registry_is_not_defended(plant: Plant) -> None:
    """Everything else is."""
    undefended(plant, Defended.REGISTRY)


@defect("KEA-SEC-024", "self-defense is off by default")
def self_defense_is_off(plant: Plant) -> None:
    """Until a policy turns it on."""
    plant.replace(effective, "DEFAULTS", DEFAULTS.having(SelfDefense(enabled=False)))


@defect("KEA-SEC-025", "self-defense cannot be turned off")
def self_defense_stays_on(plant: Plant) -> None:
    """Whatever a policy says."""
    plant.around(
        attempts, "refusal", lambda true: lambda _, *more, **which: true(SelfDefense(enabled=True), *more, **which)
    )


@defect("KEA-SEC-026", "self-defense stands in another section")
def self_defense_has_another_section(plant: Plant) -> None:
    """Among the repositories."""
    plant.replace(SelfDefense, "about", replace(SelfDefense.about, section="Application settings / Repositories"))
