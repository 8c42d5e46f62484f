"""The report in a real browser: no error, no request but the file, no overflow on a phone, no name that runs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.render import write_report

CHROMIUM = shutil.which("chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the report cannot be opened")

# What keeps the browser itself from calling home, so that a request would be the report's.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FRAMES_MAX = 200


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def reports(written: Path, written_evil: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("browser")
    return {
        name: write_report(shutil.copytree(path, folder / name))
        for name, path in (("plain", written), ("evil", written_evil))
    }


class Opened:
    """A report in a page of its own; `told` is what the browser had to say, `asked` what it asked for."""

    def __init__(self, browser: Any, file: Path, *, width: int = 1280, scheme: str = "light") -> None:
        self.page = browser.new_context(
            offline=True, viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=width < 600
        ).new_page()
        self.told: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.told.append(message.text))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())

    def until(self, condition: str) -> None:
        """Lets the page draw frame after frame until `condition` holds. (The page's policy forbids to poll by eval.)"""
        for _ in range(FRAMES_MAX):
            if self.page.evaluate(condition):
                return
            self.page.evaluate("new Promise((done) => requestAnimationFrame(done))")
        raise AssertionError(f"after {FRAMES_MAX} frames this does not hold: {condition}")


# One page each, since to load it takes most of the time; a test leaves it as it was.


@pytest.fixture(scope="module")
def plain(browser: Any, reports: dict[str, Path]) -> Opened:
    """The report of a plain run on a wide, light screen."""
    return Opened(browser, reports["plain"])


@pytest.fixture(scope="module")
def evil(browser: Any, reports: dict[str, Path]) -> Opened:
    """The report of a run with hostile names on a dark phone."""
    return Opened(browser, reports["evil"], width=400, scheme="dark")


def sound(opened: Opened) -> None:
    opened.until("document.querySelectorAll('.plot .main-svg').length >= 9")
    assert opened.told == []
    assert opened.asked == [opened.page.url]
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_report_opens_without_error_request_or_overflow(plain: Opened) -> None:
    sound(plain)


def test_a_report_with_hostile_names_opens_on_a_phone_and_none_of_them_runs(evil: Opened) -> None:
    sound(evil)
    assert evil.page.evaluate("window.broken") is None


def test_a_name_in_a_figure_is_read_as_it_is(evil: Opened) -> None:
    assert "<script>window.broken=3…" in evil.page.locator("#load-1 .annotation-text").all_text_contents()


def test_to_zoom_into_one_figure_is_to_zoom_into_all(plain: Opened) -> None:
    plot = plain.page.locator("#load-1 .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    middle = box["y"] + box["height"] / 2
    plain.page.mouse.move(box["x"] + box["width"] / 4, middle)
    plain.page.mouse.down()
    plain.page.mouse.move(box["x"] + box["width"] / 2, middle, steps=5)
    plain.page.mouse.up()
    plain.until("document.getElementById('flows-1').layout.xaxis.range[0] > 0")
    start, end = plain.page.evaluate("document.getElementById('queue-1').layout.xaxis.range")
    assert start == pytest.approx(5_400, abs=60)
    assert end == pytest.approx(10_800, abs=60)
    plain.page.mouse.dblclick(box["x"] + box["width"] / 3, middle)
    plain.until("document.getElementById('flows-1').layout.xaxis.range[0] === 0")
    assert plain.page.evaluate("document.getElementById('queue-1').layout.xaxis.range") == [0, 21_600]


def test_the_figures_follow_the_page_from_light_to_dark_and_back(plain: Opened) -> None:
    fill = "document.getElementById('load-1').data[0].fillcolor"
    light = plain.page.evaluate(fill)
    plain.page.emulate_media(color_scheme="dark")
    plain.until(f"{fill} !== '{light}'")
    plain.page.emulate_media(color_scheme="light")
    plain.until(f"{fill} === '{light}'")


def test_a_narrower_window_draws_anew_and_does_not_overflow(plain: Opened) -> None:
    plain.page.set_viewport_size({"width": 400, "height": 900})
    plain.until("document.querySelector('#load-1 .main-svg').getBoundingClientRect().width <= 368")
    sound(plain)
    plain.page.set_viewport_size({"width": 1280, "height": 900})
    plain.until("document.querySelector('#load-1 .main-svg').getBoundingClientRect().width > 1000")


def test_a_time_under_the_pointer_is_told_as_h_mm_ss(plain: Opened) -> None:
    plot = plain.page.locator("#flows-1 .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    plain.page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + 20)
    title = plain.page.locator("#flows-1 .hoverlayer .legendtitletext")
    title.wait_for()
    assert title.text_content() == "3:00:00 to 3:02:00"
    assert plain.told == []


def test_a_table_shows_only_the_rows_that_are_asked_for(plain: Opened) -> None:
    page = plain.page
    box = page.locator("#devices input[type=search]")
    rows = page.locator("#devices-table tbody tr:visible")
    assert rows.count() == 20
    name = page.locator("#devices-table tbody th").nth(3).text_content()
    box.fill(f"{name.upper()}  windows")
    assert rows.count() == 1
    assert page.locator("#devices .filter output").text_content() == "1 of 20"
    box.fill("nothing has this in it")
    assert rows.count() == 0
    box.fill("")
    assert rows.count() == 20
    assert plain.told == []


def test_a_short_table_has_nothing_to_filter(plain: Opened) -> None:
    assert plain.page.locator("#steps input, #expectations input, #servers input").count() == 0


def test_rows_that_belong_together_stay_together(browser: Any, copy: Path) -> None:
    manifest = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    first, failed, *rest = manifest["expectations"]
    manifest["expectations"] = [failed, *({**first, "name": f"held {index}"} for index in range(9)), *rest]
    (copy / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    opened = Opened(browser, write_report(copy), width=400)
    rows = opened.page.locator("#expectations-table tbody tr:visible")
    assert rows.count() == 13
    opened.page.locator("#expectations input[type=search]").fill("1,698")
    assert rows.count() == 2
    opened.page.locator("#expectations input[type=search]").fill("held 3")
    assert rows.count() == 1
    sound(opened)
