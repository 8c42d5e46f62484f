"""Sites in scenarios: what blocks are at, what a run makes of it, and how a whole site is cut."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from emulator.identity import DEFAULT_SITE
from emulator.life import site_key
from emulator.sites import Site
from scenarios.model import Scenario
from scenarios.preview import preview
from scenarios.selection import Run
from scenarios.staging import Stage
from scenarios.units import rate_bps, rate_text
from tests.scenarios.made import loaded
from tests.scenarios.running import digest, facts, rows, run

SITES: list[dict[str, Any]] = [
    {"name": "berlin", "time-zone": "Europe/Berlin"},
    {"name": "far", "time-zone": "Asia/Kolkata", "latency": "600ms", "link": "1.5 Mbit/s"},
]
BLOCKS: list[dict[str, Any]] = [
    {"name": "office", "image": "windows-office", "count": 4, "site": "berlin"},
    {"name": "branch", "image": "windows-office", "count": 3, "site": "far"},
    {"name": "lab", "image": "quiet", "count": 2},
]


def scenario(**sections: Any) -> Scenario:
    expect = [{"name": "something happens", "total": "telemetry.generated", "is": "> 0"}]
    fleet = {"blocks": BLOCKS}
    return loaded(**{"seed": 5, "duration": "30min", "sites": SITES, "fleet": fleet, "expect": expect, **sections})


def test_blocks_are_at_sites_and_the_others_at_the_usual_one() -> None:
    made = scenario()
    assert [block.site for block in made.fleet.blocks] == ["berlin", "far", DEFAULT_SITE]
    assert made.sites == {
        "berlin": Site(site_key(5, "berlin"), ZoneInfo("Europe/Berlin")),
        "far": Site(site_key(5, "far"), ZoneInfo("Asia/Kolkata"), 600, 1_500_000),
        DEFAULT_SITE: Site(site_key(5, DEFAULT_SITE)),
    }
    assert made.warnings == ()
    world = Stage(made).simulation.world
    assert world.sites == tuple(made.sites.values())
    assert world.site.tolist() == [0] * 4 + [1] * 3 + [2] * 2
    assert [world.identity(device)["site"] for device in (0, 4, 7)] == ["berlin", "far", DEFAULT_SITE]


def test_the_usual_site_may_be_described_too() -> None:
    made = scenario(sites=[*SITES, {"name": DEFAULT_SITE, "latency": "5ms"}])
    assert made.sites[DEFAULT_SITE] == Site(site_key(5, DEFAULT_SITE), latency_ms=5)


def test_without_sites_there_is_the_usual_one() -> None:
    assert loaded(seed=5).sites == {DEFAULT_SITE: Site(site_key(5, DEFAULT_SITE))}


def test_a_site_that_no_block_is_at_is_told() -> None:
    made = scenario(sites=[*SITES, {"name": "empty"}])
    (warning,) = made.warnings
    assert warning.cause == "no block is at the site 'empty'"
    assert warning.place.startswith("trial.yaml:")


def test_sites_are_merged_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "sites.yaml").write_text("sites: [{name: far, latency: 1s}, {name: near}]\n")
    text = "name: x\nduration: 1h\ninclude: [sites.yaml]\nsites: [{name: far, link: 1 Gbit/s}]\n"
    text += (
        "fleet: {blocks: [{name: b, image: quiet, count: 1, site: far}, {name: c, image: quiet, count: 1, site: near}]}"
    )
    made = loaded(text, folder=tmp_path)
    assert list(made.sites) == ["far", "near"]
    assert (made.sites["far"].latency_ms, made.sites["far"].link_bps) == (1_000, 10**9)


@pytest.mark.parametrize(
    ("text", "bps"), [("9600 bit/s", 9_600), ("512 kbit/s", 512_000), ("10 Mbit/s", 10**7), ("2 Gbit/s", 2 * 10**9)]
)
def test_a_rate_is_read_and_told_alike(text: str, bps: int) -> None:
    assert rate_bps(text) == bps
    assert rate_bps(rate_text(bps)) == bps
    assert rate_text(10**7) == "10 Mbit/s"
    assert rate_bps("1.5 kbit/s") == 1_500


def test_devices_are_told_with_their_sites(tmp_path: Path) -> None:
    run(scenario(), tmp_path)
    assert {row["device"]: row["site"] for row in rows(tmp_path, "devices") if row["device"].endswith("00001")} == {
        "office-00001": "berlin",
        "branch-00001": "far",
        "lab-00001": DEFAULT_SITE,
    }


def test_a_whole_site_is_cut(tmp_path: Path) -> None:
    cut = {"name": "cut", "at": "10min", "do": "unplug", "target": {"site": "far"}, "for": "5min"}
    run(scenario(timeline=[cut]), tmp_path)
    branch = [f"branch-0000{number}" for number in (1, 2, 3)]
    assert facts(tmp_path, "off-line") == [(600_000, name) for name in branch]
    assert facts(tmp_path, "on-line") == [(900_000, name) for name in branch]
    assert {device for _, device in facts(tmp_path, "no-server")} == set(branch)


def test_a_slow_link_and_a_far_server_change_no_event(tmp_path: Path) -> None:
    """What happens on a device hangs on its site's clock and name, not on its network."""

    def generated(name: str, site: dict[str, Any]) -> dict[str, int]:
        run(scenario(sites=[SITES[0], {"name": "far", **site}]), tmp_path / name)
        return {row["device"]: row["generated"] for row in rows(tmp_path / name, "devices")}

    far = {"time-zone": "Asia/Kolkata", "latency": "9s", "link": "64 kbit/s"}
    assert generated("far", far) == generated("near", {"time-zone": "Asia/Kolkata"})
    assert generated("far", far) != generated("elsewhere", {"time-zone": "America/Denver"})


def test_a_preview_tells_of_sites() -> None:
    sites = preview(Run(scenario(), None, {}, ())).sites
    assert [(one.name, one.time_zone, one.latency_ms, one.link_bps, one.devices) for one in sites] == [
        ("berlin", "Europe/Berlin", 0, None, 4),
        ("far", "Asia/Kolkata", 600, 1_500_000, 3),
        (DEFAULT_SITE, None, 0, None, 2),
    ]


@pytest.mark.parametrize(("workers", "buckets"), [(2, 1), (3, 5)])
def test_sites_are_the_same_for_any_number_of_workers_and_buckets(workers: int, buckets: int, tmp_path: Path) -> None:
    usual = digest(scenario(), tmp_path / "usual")
    assert digest(scenario(), tmp_path / "other", workers=workers, buckets=buckets) == usual
