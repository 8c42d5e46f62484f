"""Folders that settings name, resolved for a device (KEA-QUA-024)."""

import pytest

from emulator.exclusions.environment import VARIABLES
from emulator.folders import cause_against, resolved


def test_the_data_folder_lies_below_the_profile_of_all_users() -> None:
    assert resolved("%SOYUZAPPDATA%\\Quarantine\\", {}) == (
        "C:\\ProgramData\\Kaspersky Lab\\Endpoint Agent\\4.0\\Quarantine"
    )


def test_another_value_of_the_variable_gives_another_folder() -> None:
    variables = {**VARIABLES, "allusersprofile": "D:\\Shared"}
    assert resolved("%SOYUZAPPDATA%\\Restored", {}, variables) == (
        "D:\\Shared\\Kaspersky Lab\\Endpoint Agent\\4.0\\Restored"
    )


def test_a_variable_of_the_user_is_that_of_the_device() -> None:
    assert resolved("%TEMP%\\q", {"user": "anna"}) == "C:\\Users\\anna\\AppData\\Local\\Temp\\q"


@pytest.mark.parametrize("folder", ["a", "%TEMP%..\\b\\..", "C:/a", "C:\\a\x00b", ""])
def test_what_is_no_absolute_path_is_no_folder(folder: str) -> None:
    assert cause_against(folder) is not None
