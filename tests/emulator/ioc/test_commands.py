"""`seatrial ioc check` and `match`: their output, which is a contract, and the mistakes of their users."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from emulator.errors import UserError
from emulator.ioc import FILE_SIZE_MAX_BYTES
from scenarios.commands.ioc import SNAPSHOT_SIZE_MAX_BYTES, ioc_app
from tests.emulator.ioc.documents import document, indicator, item

NAME = item("FileItem/FileName", "is", "a.exe", id="name-1")
EXPORT = item("FileItem/PEInfo/Exports/DllName", "is", "b.dll", id="export-1")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(ioc_app, [str(argument) for argument in arguments])


def printed(*arguments: object) -> Any:  # the shape of JSON is what the tests assert
    result = run(*arguments, "--format", "json")
    assert result.exception is None, result.exception
    assert result.exit_code == 0
    return json.loads(result.stdout)


def mistake(*arguments: object) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, UserError), result.output
    assert result.stdout == ""
    return str(result.exception)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.ioc").write_bytes(document("1.0", indicator("AND", NAME, EXPORT), id="id-b"))
    (folder / "a.XML").write_bytes(document("1.1", indicator("OR", item("Network/DNS", "is", "x")), id="id-a"))
    (folder / "deep" / "c.ioc").write_bytes(b"<ioc")
    (folder / "deep" / "README.md").write_text("notes")
    (folder / "z.ioc").write_bytes(b" " * (FILE_SIZE_MAX_BYTES + 1))
    return folder


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return snapshot(tmp_path, '{"FileItem": [{"FileName": "A.EXE", "PEInfo/Exports/DllName": ["x", "B.dll"]}]}')


def snapshot(folder: Path, text: str) -> Path:
    path = folder / "snapshot.json"
    path.write_text(text)
    return path


def test_match_prints_one_result_a_file_in_sorted_order(folder: Path, device: Path) -> None:
    results = printed("match", folder, "--device", device)["results"]
    assert [result["file"] for result in results] == ["a.XML", "b.ioc", "deep/README.md", "deep/c.ioc", "z.ioc"]
    assert results[1] == {
        "file": "b.ioc",
        "id": "id-b",
        "version": "1.0",
        "supported": True,
        "matched": True,
        "reason": None,
        "matched_items": ["name-1", "export-1"],
    }
    assert (results[0]["supported"], results[0]["matched"], results[0]["reason"]) == (True, False, None)
    for unsupported in results[2:]:
        assert not unsupported["supported"]
        assert not unsupported["matched"]
        assert unsupported["reason"]
        assert unsupported["matched_items"] == []


def test_match_takes_files_and_folders_and_names_files_relative_to_their_argument(folder: Path, device: Path) -> None:
    results = printed("match", folder / "b.ioc", folder / "deep", "--device", device)["results"]
    assert [result["file"] for result in results] == ["b.ioc", "README.md", "c.ioc"]


def test_match_says_no_with_the_same_exit_code(folder: Path, tmp_path: Path) -> None:
    other = snapshot(tmp_path, '\ufeff{"FileItem": [{"FileName": "a.exe", "PEInfo/Exports/DllName": null}]}')
    assert not printed("match", folder / "b.ioc", "--device", other)["results"][0]["matched"]


def test_match_notes_item_types_that_are_not_read_beside_the_document(folder: Path, tmp_path: Path) -> None:
    other = snapshot(tmp_path, '{"DriverItem": [{"x": 1}], "FileItem": []}')
    result = run("match", folder, "--device", other, "--format", "json")
    assert json.loads(result.stdout)["results"]
    assert "reads no item type DriverItem" in result.stderr


def test_match_prints_a_table_for_people(folder: Path, device: Path) -> None:
    result = run("match", folder, "--device", device)
    assert result.exit_code == 0
    assert "1 of 5 files match" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_check_lists_what_is_supported_and_why_not(folder: Path) -> None:
    files = printed("check", folder)["files"]
    assert [file["supported"] for file in files] == [True, True, False, False, False]
    assert files[0]["terms"] == ["Network/DNS"]
    assert files[0]["unsupported"] == [
        {
            "element": "IndicatorItem",
            "id": None,
            "term": "Network/DNS",
            "reason": "item type 'Network' is not supported",
        }
    ]
    assert [file["oversized"] for file in files] == [False, False, False, False, True]
    assert all(file["reason"] for file in files[2:])


def test_check_names_duplicate_identifiers(folder: Path) -> None:
    (folder / "copy.ioc").write_bytes((folder / "b.ioc").read_bytes())
    assert printed("check", folder)["duplicate_ids"] == {"id-b": ["b.ioc", "copy.ioc"]}
    assert "identifier id-b is not unique" in run("check", folder).stdout
    assert printed("check", folder / "a.XML")["duplicate_ids"] == {}


def test_check_prints_a_table_of_80_columns(folder: Path) -> None:
    result = run("check", folder)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "2 of 5 files supported" in result.stdout
    assert "Network/DNS" in result.stdout


def test_check_counts_reasons_and_cuts_the_list(tmp_path: Path) -> None:
    body = "".join(item(f"Type{n}/x", "is", "1") for n in range(9))
    (tmp_path / "x.ioc").write_bytes(document("1.1", indicator("OR", body, item("Type0/y", "is", "1"))))
    text = " ".join(run("check", tmp_path).stdout.replace("│", " ").split())
    assert "2 without effect: item type 'Type0'" in text
    assert "4 more reasons" in text


def test_foreign_text_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "[red]\x1b[2Jx.ioc").write_bytes(document("1.0", indicator("OR", NAME), id="\u202e[bold]x"))
    output = run("check", tmp_path).stdout
    assert "\x1b[2J" not in output
    assert "\u202e" not in output
    assert "[red]" in output


def test_an_empty_folder_gives_an_empty_document(tmp_path: Path, device: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert printed("match", empty, "--device", device) == {"results": []}


def test_links_to_files_are_read_and_broken_ones_passed_over(tmp_path: Path, folder: Path, device: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "good.ioc").symlink_to(folder / "b.ioc")
    (links / "dead.ioc").symlink_to(folder / "none.ioc")
    (links / "loop").symlink_to(links)
    assert [result["file"] for result in printed("match", links, "--device", device)["results"]] == ["good.ioc"]


def test_a_missing_path_is_a_mistake_with_place_cause_and_remedy(tmp_path: Path, device: Path) -> None:
    missing = tmp_path / "none"
    expected = f"{missing}: there is no such file or folder; give OpenIOC files, or folders that hold them"
    assert mistake("match", missing, "--device", device) == expected
    assert mistake("check", missing) == expected


def test_what_is_neither_file_nor_folder_is_a_mistake() -> None:
    assert mistake("check", "/dev/null").startswith("/dev/null: neither a file nor a folder; ")


def test_a_device_that_cannot_be_read_is_a_mistake(folder: Path, tmp_path: Path) -> None:
    assert "it cannot be read (No such file or directory)" in mistake("match", folder, "--device", tmp_path / "none")
    assert "it cannot be read (Is a directory)" in mistake("match", folder, "--device", tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "snapshot.json:1:1: invalid JSON: "),
        ('{"FileItem": [}', "snapshot.json:1:15: invalid JSON: "),
        ("[]", "snapshot.json: it holds a list; give an object such as "),
        ("null", "snapshot.json: it holds null; "),
        ('{"FileItem": {}}', "snapshot.json: FileItem: it is an object; give a list of objects"),
        ('{"FileItem": [{}, 1]}', "snapshot.json: FileItem[1]: it is a number; give an object"),
        ('{"FileItem": [{"a": {}}]}', "snapshot.json: FileItem[0]/a: it is an object; give a string"),
        ('{"FileItem": [{"a": [1, [2]]}]}', "snapshot.json: FileItem[0]/a[1]: it is a list; give a string"),
        ('{"FileItem": [{"a": NaN}]}', "snapshot.json: NaN is not a JSON number; "),
        ('{"FileItem": [], "FileItem": []}', "snapshot.json: the name 'FileItem' stands twice in one object; "),
        ("[" * 100_000, "snapshot.json: it is nested too deeply; "),
        ('{"FileItem": [{"a": ' + "9" * 5000 + "}]}", "snapshot.json: Exceeds the limit"),
    ],
)
def test_a_snapshot_of_another_shape_is_a_mistake(tmp_path: Path, folder: Path, text: str, told: str) -> None:
    assert told in mistake("match", folder, "--device", snapshot(tmp_path, text))


def test_a_snapshot_that_is_not_utf_8_or_too_large_is_a_mistake(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_bytes(b'{"\xff": []}')
    assert "byte 2 is not UTF-8; save it as UTF-8" in mistake("match", folder, "--device", path)
    with path.open("wb") as file:
        file.truncate(SNAPSHOT_SIZE_MAX_BYTES + 1)
    assert "it is larger than" in mistake("match", folder, "--device", path)


def test_importing_the_command_imports_nothing_heavy() -> None:
    code = (
        "import sys, scenarios.commands.ioc; print(sorted({'lxml', 'numpy', 're2', 'emulator.ioc'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
