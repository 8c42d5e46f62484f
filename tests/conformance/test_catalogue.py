"""The catalogue: what ships is whole, and every mistake in a file is told with its place."""

from pathlib import Path

import pytest

from conformance.catalogue import CONTRACT_FOLDER, STATED_FOLDER, catalogue, read_catalogue
from emulator.errors import UserError
from scenarios.problems import ScenarioErrors

ENTRY = """\
  - id: {id}
    section: "A section"
    statement: "{statement}"
    kind: {kind}
    basis: stated
    os: [windows]
    observable: "Something."
    party: agent
    depends_on: [{depends}]
"""


def entry(id: str, *, statement: str = "It is so.", kind: str = "behaviour", depends: str = "") -> str:  # noqa: A002
    return ENTRY.format(id=id, statement=statement, kind=kind, depends=depends)


def written(folder: Path, *entries: str, area: str = "trial") -> Path:
    folder.mkdir(exist_ok=True)
    text = f"area: {area}\ntitle: A trial\nrequirements:\n" + "".join(entries)
    (folder / "trial.yaml").write_text(text, encoding="utf-8")
    return folder


def mistakes(folder: Path) -> str:
    with pytest.raises(ScenarioErrors) as raised:
        read_catalogue([folder])
    return str(raised.value)


def test_what_ships_has_all_clauses_of_the_documentation_and_ours_apart() -> None:
    known = catalogue()
    documented = [item for item in known if not item.ours]
    assert len(documented) == 446
    assert sum(item.stated for item in documented) == 396
    assert all(item.id.startswith("KEA-") for item in documented)
    assert {item.id[:4] for item in known if item.ours} == {"PORT"}
    assert [area.name for area in known.areas if area.ours] == ["administration-port", "telemetry-port"]
    assert len(list(STATED_FOLDER.glob("*.yaml"))) == 18
    assert len(list(CONTRACT_FOLDER.glob("*.yaml"))) == 2


def test_a_clause_knows_its_setting_and_whether_it_binds() -> None:
    known = catalogue()
    share = known["KEA-TEL-016"]
    assert share.value is not None
    assert (share.value.setting, share.value.min, share.value.max) == ("percentage-of-event-limit-excess", 5, 100)
    assert share.binds
    assert not known["KEA-TEL-006"].binds
    assert known["KEA-IOF-024"].value_unknown
    assert known["KEA-POL-025"].linux_unknown is False
    with pytest.raises(UserError, match="did you mean 'KEA-TEL-014'"):
        known.find("KEA-TEL-14", "--requirement KEA-TEL-14")


def test_the_fingerprint_follows_the_words_and_not_the_layout(tmp_path: Path) -> None:
    prints = []
    for name, statement in (("a", "It is so."), ("b", "It  is\\n so."), ("c", "It is not so.")):
        (item,) = read_catalogue([written(tmp_path / name, entry("KEA-TRI-001", statement=statement))])
        prints.append(item.fingerprint)
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (
            [entry("KEA-TRI-001"), entry("KEA-TRI-001")],
            "trial.yaml:13:9: requirements.1.id: the id KEA-TRI-001 is",
        ),
        ([entry("KEA-TRI-002"), entry("KEA-TRI-001")], "requirements.1.id: KEA-TRI-001 is out of order"),
        ([entry("KEA-TRI-001"), entry("KEA-OTH-002")], "requirements.1.id: KEA-OTH-002 is not of the area KEA-TRI"),
        ([entry("KEA-TRI-1")], "requirements.0.id: 'KEA-TRI-1' is not right"),
        ([entry("KEA-TRI-001", kind="wish")], "requirements.0.kind: 'wish' is not known here"),
        ([entry("KEA-TRI-001", depends="KEA-TRI-009")], "depends_on.0: there is no clause KEA-TRI-009"),
        ([entry("KEA-TRI-001", depends="KEA-TRI-001")], "KEA-TRI-001 and KEA-TRI-001 depend on each other"),
        (
            [entry("KEA-TRI-001", depends="KEA-TRI-002"), entry("KEA-TRI-002", depends="KEA-TRI-001")],
            "KEA-TRI-002 and KEA-TRI-001 depend on each other",
        ),
        ([entry("KEA-TRI-001") + "    level: MUST\n"], "unknown key 'level'"),
        ([entry("KEA-TRI-001").replace("    party: agent\n", "")], "the key 'party' is missing"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, entries: list[str], told: str) -> None:
    assert told in mistakes(written(tmp_path / "x", *entries))


def test_an_area_is_called_as_its_file_and_an_id_is_unique_over_all_files(tmp_path: Path) -> None:
    assert "write trial" in mistakes(written(tmp_path / "a", entry("KEA-TRI-001"), area="other"))
    one = written(tmp_path / "b", entry("KEA-TRI-001"))
    two = written(tmp_path / "c", entry("KEA-TRI-001"))
    with pytest.raises(ScenarioErrors, match=r"is taken by b/trial\.yaml:4:9"):
        read_catalogue([one, two])
