from hypothesis import given
from hypothesis import strategies as st

from emulator.policy.settings import Grant, ServiceRight, SettingsRight, UserPermissions
from emulator.security.permissions import Right, Standing, standing

USERS = ("anna", "CORP\\boris", "clara")
GROUPS = ("admins", "operators")
RIGHTS: tuple[Right, ...] = (*SettingsRight, *ServiceRight)


def test_while_nothing_is_granted_everyone_may() -> None:
    for right in RIGHTS:
        assert standing(UserPermissions(), right, "anybody") is Standing.GRANTED


def test_users_and_groups_are_told_apart() -> None:
    granted = UserPermissions((Grant(user="anna", service=(ServiceRight.STOP,)),))  # KEA-SEC-002
    assert standing(granted, ServiceRight.STOP, "anna") is Standing.GRANTED
    assert standing(granted, ServiceRight.STOP, "ANNA") is Standing.GRANTED
    assert standing(granted, ServiceRight.STOP, "boris", ("anna",)) is Standing.UNLISTED
    assert standing(granted, ServiceRight.STOP, "CORP\\anna") is Standing.UNLISTED
    members = UserPermissions((Grant(group="admins", service=(ServiceRight.STOP,)),))
    assert standing(members, ServiceRight.STOP, "boris", ("Admins",)) is Standing.GRANTED
    assert standing(members, ServiceRight.STOP, "admins") is Standing.UNLISTED


def test_settings_and_service_are_granted_apart() -> None:
    # KEA-SEC-027, KEA-SEC-005
    granted = UserPermissions(
        (
            Grant(user="anna", settings=(SettingsRight.READ, SettingsRight.WRITE)),
            Grant(user="boris", service=(ServiceRight.STOP,)),
        )
    )
    assert standing(granted, SettingsRight.WRITE, "anna") is Standing.GRANTED
    assert standing(granted, ServiceRight.STOP, "anna") is Standing.OTHER_KIND
    assert standing(granted, ServiceRight.STOP, "boris") is Standing.GRANTED
    assert standing(granted, SettingsRight.WRITE, "boris") is Standing.OTHER_KIND
    assert standing(granted, SettingsRight.CHANGE_PERMISSIONS, "anna") is Standing.OTHER_ITEM
    assert standing(granted, ServiceRight.START, "boris") is Standing.OTHER_ITEM


def test_full_control_is_every_item_for_settings_and_none_for_the_service() -> None:
    granted = UserPermissions((Grant(user="anna", settings=(SettingsRight.FULL_CONTROL,)),))
    assert {standing(granted, right, "anna") for right in SettingsRight} == {Standing.GRANTED}
    assert {standing(granted, right, "anna") for right in ServiceRight} == {Standing.OTHER_KIND}


grants = st.builds(
    lambda user, name, settings, service: Grant(
        user=name if user else None,
        group=None if user else name,
        settings=tuple(settings),
        service=tuple(service) or (() if settings else (ServiceRight.QUERY,)),
    ),
    st.booleans(),
    st.sampled_from((*USERS, *GROUPS)),
    st.lists(st.sampled_from(SettingsRight), max_size=3),
    st.lists(st.sampled_from(ServiceRight), max_size=3),
)


def may(granted: list[Grant], right: Right, user: str, groups: list[str]) -> bool:
    """The same in the plainest words: every pair of an account and an item that the entries spell out."""
    pairs = set()
    for entry in granted:
        account = ("user", entry.user) if entry.user else ("group", entry.group)
        for item in (*entry.settings, *entry.service):
            spelled = [*SettingsRight] if item is SettingsRight.FULL_CONTROL else [item]
            pairs |= {(account, each) for each in spelled}
    accounts = [("user", user), *(("group", group) for group in groups)]
    return not granted or any((account, right) in pairs for account in accounts)


@given(
    granted=st.lists(grants, max_size=5),
    right=st.sampled_from(RIGHTS),
    user=st.sampled_from(USERS),
    groups=st.lists(st.sampled_from(GROUPS), unique=True),
)
def test_a_right_is_there_exactly_where_an_entry_spells_it_out(
    granted: list[Grant], right: Right, user: str, groups: list[str]
) -> None:
    stands = standing(UserPermissions(tuple(granted)), right, user, groups)
    assert (stands is Standing.GRANTED) == may(granted, right, user, groups)
    accounts = {("user", user), *(("group", group) for group in groups)}
    listed = any((("user", e.user) if e.user else ("group", e.group)) in accounts for e in granted)
    assert (stands is Standing.UNLISTED) == (bool(granted) and not listed)


@given(granted=st.lists(grants, min_size=1, max_size=4), further=grants, right=st.sampled_from(RIGHTS))
def test_a_further_entry_takes_no_right_away(granted: list[Grant], further: Grant, right: Right) -> None:
    for user in USERS:
        before = standing(UserPermissions(tuple(granted)), right, user, GROUPS)
        assert standing(UserPermissions((*granted, further)), right, user, GROUPS) >= before
