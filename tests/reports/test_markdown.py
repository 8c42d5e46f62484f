"""The Markdown summary: a reader of Markdown finds the tables, and no text of a scenario is a mark."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reports import markdown, words
from reports.folder import RunFolder
from reports.summary import Broken, Summary, summarise

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@pytest.fixture(scope="module")
def summary(written: Path) -> Summary:
    return summarise(RunFolder.open(written))


def tokens(text: str) -> list[Token]:
    return [inner for token in READER.parse(text) for inner in (token, *(token.children or ()))]


def cells(text: str) -> list[list[str]]:
    rows: list[list[str]] = []
    for token in READER.parse(text):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows and token.level >= 3:
            rows[-1].append("".join(one.content for one in token.children or ()))
    return rows


def test_the_runs_and_their_expectations_are_tables(summary: Summary) -> None:
    rows = cells(markdown.render([summary]))
    assert rows[0] == ["Run", "Verdict", "Expectations", "Devices", "Simulated", "Took"]
    assert rows[1] == ["central-node-outage", "FAIL", "1 fail, 1 unknown, 2 pass", "480", "6:00:00", "14.2 s"]
    assert rows[3] == [
        "fail",
        "storm bounded",
        "",
        "3.4 x mean(warm..outage)",
        "<= 3 x mean(warm..outage)",
        "the run at 2:28:00, seen 1,720, permitted <= 1512",
    ]
    assert [row[0] for row in rows[3:]] == ["fail", "unknown", "pass", "pass"]


def test_a_run_that_did_not_pass_tells_how_to_run_it_again(summary: Summary) -> None:
    (fence,) = [token for token in READER.parse(markdown.render([summary])) if token.type == "fence"]
    assert fence.content == "seatrial run trials/outage.yaml --seed 7 --devices 480\n"


def test_a_run_without_a_folder_is_an_error(summary: Summary) -> None:
    text = markdown.render([summary, Broken("other", "a.yaml: wrong; write it right", "seatrial run a.yaml", 2)])
    assert cells(text)[2][:2] == ["other", "ERROR"]
    assert "a.yaml: wrong; write it right" in text


def test_hostile_names_are_text(written_evil: Path) -> None:
    text = markdown.render([summarise(RunFolder.open(written_evil))])
    assert not [token for token in tokens(text) if token.type in ("html_inline", "html_block", "link_open", "image")]
    assert cells(text)[1][0].startswith("<script>window.broken=1</script>")


@given(st.text(st.characters(), max_size=40) | st.text("|`*_[]()<>&\\#!~$:/ \n-+a.", max_size=40))
def test_a_text_is_read_back_as_it_was_and_stays_in_its_cell(name: str) -> None:
    shown = markdown.text(name)
    (_, row) = cells("\n".join(markdown.table(("a", "b"), [(f"x{shown}x", "y")])))
    assert len(row) == 2
    expected = re.sub(r"\s", "", "".join(words.printable(name)))
    assert re.sub(r"\s", "", row[0]) == f"x{expected}x"
    assert row[1] == "y"
    assert {token.type for token in READER.parseInline(f"x{shown}x")[0].children or ()} <= {"text", "text_special"}


@given(st.text("`~ a\n", max_size=30))
def test_a_command_cannot_end_its_block(command: str) -> None:
    parsed = READER.parse("\n".join(markdown.block(command)))
    assert [token.type for token in parsed] == ["fence"]


def test_a_long_list_is_cut_and_says_so(summary: Summary) -> None:
    one = summary.manifest.expectations[0]
    many = tuple(one.model_copy(update={"name": f"held {index}"}) for index in range(markdown.ROWS_MAX + 5))
    manifest = summary.manifest.model_copy(update={"expectations": many})
    run = Summary(
        manifest=manifest,
        **{name: getattr(summary, name) for name in Summary.__dataclass_fields__ if name != "manifest"},
    )
    text = markdown.render([run])
    assert "held 199" in text
    assert "held 200" not in text
    assert "and 5 expectations more" in text
