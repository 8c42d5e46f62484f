import pytest

from emulator.policy.effective import EditRefused, LocalSettings, edit_local, effective
from emulator.policy.errors import SettingError
from emulator.policy.policies import PolicySettings, parse_policy_settings
from emulator.policy.settings import DEFAULTS, GROUP_KEYS, LOCAL_KEYS, FailureDiagnosis, parse_group


def test_a_policy_has_no_failure_diagnosis_and_says_why() -> None:
    with pytest.raises(SettingError) as caught:
        parse_policy_settings({"failure-diagnosis": {"write-traces": True}})
    assert caught.value.path == ("failure-diagnosis",)
    assert "in the settings of a device (KEA-DIA-003)" in caught.value.remedy
    with pytest.raises(SettingError, match="KEA-DIA-003"):
        PolicySettings().having(FailureDiagnosis(write_traces=True))
    assert "failure-diagnosis" in set(LOCAL_KEYS) - set(GROUP_KEYS)


def test_a_device_has_it_and_no_policy_locks_it() -> None:
    edited = edit_local(LocalSettings(), None, FailureDiagnosis(write_traces=True))
    assert not isinstance(edited, EditRefused)
    result = effective(None, edited)
    assert result.settings.failure_diagnosis.write_traces
    assert not result.locked("failure-diagnosis")
    assert effective(None, LocalSettings()).settings == DEFAULTS


@pytest.mark.parametrize("text", ["50MB", "50 MB", 50, "51200kB"])
def test_a_size_takes_a_unit(text: object) -> None:
    assert parse_group("failure-diagnosis", {"max-trace-file-size": text}) == FailureDiagnosis()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1kB", "not a whole number of MB"),
        ("50 mb", "not a unit of size"),
        ("fifty", "not a size"),
        ("0MB", "out of range"),
        (0, "out of range"),
        (True, "not a whole number"),
    ],
)
def test_a_wrong_size_is_refused(text: object, says: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_group("failure-diagnosis", {"max-trace-file-size": text})
    assert says in caught.value.cause
