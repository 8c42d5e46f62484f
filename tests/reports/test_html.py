"""The HTML report: one small file without network, in which no text of a scenario is markup or script."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lxml import html as lxml_html
from plotly.offline import get_plotlyjs

from reports import html
from reports.figures import STACKED
from reports.folder import RunFolder
from scenarios.tables import SCHEMAS, SERVERS, STOCKS, TERMS
from tests.reports import synthetic

PAGE_BYTES_MAX = 6_000_000
Changed = Callable[[Callable[[dict[str, Any]], None]], Path]


class Page:
    """The report as a reader of HTML takes it, without the text of the drawing library."""

    def __init__(self, path: Path) -> None:
        self.text = html.render(RunFolder.open(path))
        self.small = self.text.replace(get_plotlyjs(), "")
        self.tree = lxml_html.fromstring(self.small)

    def all(self, xpath: str) -> list[Any]:
        found = self.tree.xpath(xpath)
        assert isinstance(found, list)
        return found

    def texts(self, xpath: str) -> list[str]:
        return [" ".join(element.text_content().split()) for element in self.all(xpath)]

    @property
    def data(self) -> Any:
        (element,) = self.all("//script[@id='data']")
        return json.loads(element.text)


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return Page(written)


@pytest.fixture(scope="module")
def evil(written_evil: Path) -> Page:
    return Page(written_evil)


def test_the_drawing_library_is_there_once(page: Page) -> None:
    assert page.text.count("plotly.js v") == 1
    assert page.text.count(get_plotlyjs()) == 1


def test_nothing_is_fetched_from_anywhere(page: Page) -> None:
    assert page.all("//*[@src] | //link | //iframe | //object | //form | //base") == []
    assert [link.get("href")[0] for link in page.all("//a")] == ["#"] * 6
    assert "url(" not in page.small
    assert "@import" not in page.small


def test_only_the_three_scripts_of_the_report_may_run(page: Page) -> None:
    (policy,) = page.all("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    scripts = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert len(hashes) == 3
    (scripts_allowed,) = [part for part in policy.split("; ") if part.startswith("script-src")]
    assert "unsafe" not in scripts_allowed


def test_names_are_text_and_never_elements(evil: Page) -> None:
    assert len(evil.all("//script")) == 4
    assert evil.all("//img | //u | //i | //a[not(starts-with(@href, '#'))]") == []
    assert {b.text for b in evil.all("//b")} == {"the run"}
    assert evil.texts("//h1") == ["<script>window.broken=1</script><img src=x onerror='window.broken=2'>"]
    assert not [name for element in evil.tree.iter("*") for name in element.attrib if str(name).startswith("on")]


def test_names_in_figures_are_no_markup(evil: Page) -> None:
    assert [step["label"] for step in evil.data["steps"]][2] == "&lt;script&gt;window.broken=3…"
    names = [trace["name"] for figure in evil.data["figures"].values() for trace in figure["data"]]
    assert "&lt;a href=&#34;javascript:win…" in names
    assert not [name for name in names if "<" in name]


def test_the_data_cannot_end_its_script(evil: Page) -> None:
    (content,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', evil.small, re.DOTALL)
    assert "<" not in content


def test_what_nobody_can_see_is_shown_as_such(evil: Page) -> None:
    assert "\u202e" not in evil.small
    assert "\x1b" not in evil.small
    assert any("\N{REPLACEMENT CHARACTER}" in text for text in evil.texts("//tbody/tr/th"))


def test_every_section_has_a_heading_and_every_table_a_caption(page: Page) -> None:
    assert page.texts("//h2") == [
        "Worth knowing",
        "Expectations",
        "Steps",
        "Load on the servers",
        "What became of the telemetry",
        "Devices",
        "Run",
    ]
    assert len(page.all("//h1")) == 1
    assert all(table.find("caption") is not None for table in page.all("//table"))
    assert page.all("//thead//th[not(@scope)] | //tbody//th[not(@scope)]") == []
    targets = {link.get("href")[1:] for link in page.all("//nav/a")}
    assert targets == {section.get("id") for section in page.all("//main/section[@id]")}


def test_ids_are_unique_and_labels_point_to_one(page: Page) -> None:
    ids = page.all("//@id")
    assert len(ids) == len(set(ids))
    for labels in page.all("//@aria-labelledby"):
        assert set(labels.split()) <= set(ids)


def test_every_figure_has_a_sentence_with_numbers(page: Page) -> None:
    figures = page.all("//figure")
    assert len(figures) == 13
    for figure in figures:
        sentence = figure.find("figcaption").text
        assert re.search(r"\d|[Nn]othing", sentence)
        assert sentence.endswith(".")
    for drawn in page.all("//figure/div[@role='img']"):
        assert drawn.get("aria-label").endswith(drawn.getparent().find("figcaption").text)


def test_where_there_is_nothing_to_draw_the_sentence_stands_alone(page: Page) -> None:
    assert page.texts("//figure[not(div)]") == [
        "What waits on the devices Nothing waited on a device at the end of an interval.",
        "Dropped by throttling, by event type Throttling dropped nothing.",
    ]


def test_the_figures_are_those_of_the_run(page: Page) -> None:
    figures = page.data["figures"]
    assert set(figures) == {
        *("load-1", "load-2", "load-3"),
        *("latency-1", "latency-2", "latency-3"),
        *("flows-1", "queue-1", "throttled-1"),
        "flows-2",
        "queues",
    }
    assert [trace["name"] for trace in figures["load-1"]["data"]] == [
        "served",
        "refused",
        "timed out",
        "unreachable",
        "on the wire",
    ]
    assert [trace["name"] for trace in figures["load-3"]["data"]] == ["served"]
    assert [trace["name"] for trace in figures["flows-1"]["data"]][-1] == "generated"
    assert [trace["name"] for trace in figures["latency-1"]["data"]] == ["p50", "p99"]
    assert figures["queues"]["over_time"] is False


def test_the_latency_over_time_is_worst_in_the_storm_and_missing_in_the_outage(page: Page) -> None:
    _, p99 = page.data["figures"]["latency-1"]["data"]
    by_second = dict(zip(p99["x"], p99["y"], strict=True))
    assert {second for second, value in by_second.items() if value is None} == {
        second for second in by_second if 7200 < second < 8880
    }
    answered = {second: value for second, value in by_second.items() if value is not None}
    assert 8880 < max(answered, key=lambda second: answered[second]) < 9000
    (sentence,) = page.texts("//figcaption[@id='latency-1-text']")
    assert sentence == (
        "Half of the answers came within 12.1 ms, 99 % within 167 ms; at worst, 99 % within "
        "290 ms, in the 2 min from 2:28:00."
    )


def test_a_server_that_never_answered_has_no_latency(copy: Path) -> None:
    for part in (copy / "servers").iterdir():
        table = pq.read_table(part)
        for name in ("latency_bucket", "latency_count"):
            nothing = pa.array([[]] * table.num_rows, SERVERS.field(name).type)
            table = table.set_column(table.schema.names.index(name), SERVERS.field(name), nothing)
        pq.write_table(table, part)
    assert not [name for name in Page(copy).data["figures"] if name.startswith("latency")]


def test_faults_are_told_from_other_steps(page: Page) -> None:
    assert [step["fault"] for step in page.data["steps"]] == [False, False, True, False, False]
    assert page.texts("//table[@class='steps']//td[@class='action']") == [
        "mark",
        "policy",
        "fault: refused-connection",
        "mark",
        "mark",
    ]


def test_every_term_of_the_books_is_drawn_somewhere() -> None:
    assert {*STACKED, *STOCKS, "generated"} == set(TERMS)


def test_every_colour_of_a_figure_is_defined_for_light_and_dark(page: Page) -> None:
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", json.dumps(page.data) + page.small))
    light, dark = re.findall(r":root \{(.*?)\}", page.small, re.DOTALL)
    assert used - {"--tone"} <= set(re.findall(r"(--[a-z0-9-]+):", light))
    assert set(re.findall(r"(--[a-z0-9-]+):", light)) == set(re.findall(r"(--[a-z0-9-]+):", dark))


def test_the_whole_bar_has_the_terms_in_proportion(page: Page) -> None:
    (first, _) = page.all("//div[@class='bar']")
    grows = [int(re.findall(r"flex-grow: (\d+)", span.get("style"))[0]) for span in first]
    (generated,) = page.all("(//table[@class='books'])[1]//tr[@data-term='generated']//data/@value")
    assert sum(grows) == int(generated)


def test_counter_examples_of_a_failure_are_open(page: Page) -> None:
    assert page.texts("//details[@open]//li") == [
        "the run at 2:28:00: seen 1,720, permitted <= 1512",
        "the run at 2:29:00: seen 1,698, permitted <= 1512",
    ]


def test_the_outliers_are_the_twenty_longest_queues(page: Page) -> None:
    lengths = [int(value) for value in page.all("//section[@id='devices']//tbody/tr/td[1]/data/@value")]
    assert len(lengths) == 20
    assert lengths == sorted(lengths, reverse=True)


def test_a_day_of_5000_devices_stays_small(tmp_path: Path) -> None:
    page = Page(synthetic.write(synthetic.make(synthetic.DAY), tmp_path / "day"))
    assert len(page.text.encode()) < PAGE_BYTES_MAX
    points = [len(trace["x"]) for figure in page.data["figures"].values() for trace in figure["data"]]
    assert max(points) <= 1501
    assert max(page.data["figures"]["load-1"]["data"][0]["y"]) > 400


def test_a_run_without_a_row_has_a_report(changed: Changed, copy: Path) -> None:
    for table in SCHEMAS:
        shutil.rmtree(copy / table)
    page = Page(
        changed(
            lambda manifest: manifest.update(status="running", telemetry={}, expectations=[], steps=[], verdict=None)
        )
    )
    assert page.data["figures"] == {}
    assert "UNFINISHED" in page.texts("//header/p")[-1]
    assert [text for text in page.texts("//section/ul/li") if "missing" in text]


@pytest.mark.parametrize("table", ["telemetry", "servers", "devices"])
def test_a_run_that_lost_a_table_has_a_report(copy: Path, table: str) -> None:
    shutil.rmtree(copy / table)
    page = Page(copy)
    assert f"This folder: the table {table} is missing" in page.texts("//section[@class='notes']//li")
    assert page.data["figures"]


def test_problems_of_the_folder_stand_at_the_top(copy: Path) -> None:
    (copy / "servers" / "part-00001.parquet").write_bytes(b"")
    page = Page(copy)
    assert page.texts("//section[@class='notes']//li")[0].startswith("This folder: servers/part-00001.parquet")


def test_the_report_is_the_same_each_time(written: Path, page: Page) -> None:
    assert html.render(RunFolder.open(written)) == page.text
