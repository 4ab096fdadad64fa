"""The page of a service that is not the album API: its endpoints, whatever they are called, and its loads."""

import re
from typing import Any

import numpy as np
import pytest

from loadstone.plan.baselines import is_baseline
from loadstone.plan.schedule import Run
from loadstone.report.campaign import Campaign
from loadstone.report.page import all_charts, build_sections, render
from loadstone.report.percentiles import MAX_LABEL
from loadstone.results.signals import Plateau, Signals
from loadstone.text import shortened
from tests.support.made_up import Made, make_campaign, steady
from tests.support.page_parts import section, text_of
from tests.unit.analyse.test_bottleneck import EAGER, IDLE

SUITE = """
defaults: {repeats: 2, server: {kind: external, url: "http://127.0.0.1:8080"}}
experiments:
  checkout: {load: {locustfile: shop.py, classes: {Web: 9, Admin: 1}, users: 30, tags: buy, options: {api: [1, 2]}}}
  orders: {load: {requests: [{get: /health, weight: 3}, {post: /orders, json: {a: 1}}], think_time: 0}}
  shaped: {load: {locustfile: shop.py, shape: follow}}
sweeps: {n: {vary: load.users, values: [1, 8], load: {locustfile: shop.py}}}
"""
LOCUSTFILE = """
from locust import HttpUser
class Web(HttpUser): pass
class Admin(HttpUser): pass
"""
LONG = "GET /api/v2/organisations/{organisation}/projects/{project}/environments"
MANY = (
    "all",
    "GET /cart",
    *(f"{LONG}/{n:02}/deployments/{{deployment}}/of-this-environment" for n in range(49)),
    "other",
)
PLATEAUS = (
    Plateau(begin_s=11, end_s=17, signals=Signals(**(IDLE | {"users": 10.0, "throughput": 6.64, "requests": 100.0}))),
    Plateau(begin_s=18, end_s=25, signals=Signals(**(EAGER | {"throughput": 988.0, "server_cpu": 0.97}))),
)


def behave(run: Run, rng: np.random.Generator) -> Made:
    made: dict[str, Any] = steady(run, rng) | {"endpoints": ("all", "GET /health", "POST /orders")}
    made["window"] = {"albums_begin": None, "albums_end": None}
    made["record"] = {"albums": None, "load_files": {"shop.py": "ab" * 32}, "load_versions": {"locust": "2.99"}}
    if is_baseline(run.experiment):
        return made | {"response_s": 0.001, "think_s": 0.0, "users": float(made["throughput"]) / 1000}
    if run.experiment == "checkout":
        made |= {"endpoints": MANY, "overlapping": 0.34, "think_s": None, "fewest_users": 26, "most_users": 30}
    if run.experiment == "shaped":
        made |= {"plateaus": PLATEAUS, "fewest_users": 10, "most_users": 50, "steady": None}
    return made


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    folder = tmp_path_factory.mktemp("campaign")
    (folder / "shop.py").write_text(LOCUSTFILE, encoding="utf-8")
    return make_campaign(folder, SUITE, behave)


@pytest.fixture(scope="module")
def page(campaign: Campaign) -> str:
    return render(campaign)


def test_first_table_has_the_endpoints_of_the_service(page: str) -> None:
    first = page[: page.index("</table>")]
    assert '<section id="endpoints"' in first
    assert "all</span>" in first
    assert f'title="{MANY[2]}"' in first
    shown = section(page, "endpoints")
    assert "shop.py: Web ×9, Admin ×1; tags: buy" in shown
    assert "GET /health ×3, POST /orders" in shown
    assert "And 41 more" in shown, "of fifty-one, ten and their sum are listed"


def test_nothing_is_about_albums(page: str) -> None:
    ids = re.findall(r'<section id="([^"]+)"', page)
    assert not {"albums", "get-post", "published"} & set(ids)
    rest = text_of(page.replace(page[page.index("<summary>The suite") : page.index("</pre></details>")], ""))
    assert "album" not in rest.lower().replace("the album api", "")


def test_every_endpoint_is_on_the_page_with_its_whole_name(page: str) -> None:
    shown = section(page, "experiments")
    assert "39 more endpoints" in shown
    assert all(f'title="{name}"' in page for name in MANY[2:-1])
    assert shortened(MANY[2]) in shown
    assert len(shortened(MANY[2])) == 60


def test_charts_draw_the_most_requested_endpoints_with_short_names_that_differ(campaign: Campaign) -> None:
    chart = all_charts(build_sections(campaign))["experiment-distribution"].to_dict()
    [rows] = chart["datasets"].values()
    drawn = {row["endpoint"] for row in rows if row["experiment"] == "checkout"}
    assert len(drawn) == 9, "all together, and eight"
    assert "all" in drawn
    assert max(map(len, drawn)) <= MAX_LABEL + len(" (50)")
    colours = chart["layer"][0]["encoding"]["color"]["scale"]
    assert dict(zip(colours["domain"], colours["range"], strict=True)).keys() >= drawn


def test_parallel_users_and_users_that_left_are_named_with_figures(page: str) -> None:
    assert "Users send requests in parallel, so their think time is unknown" in section(page, "verdicts")
    assert "checkout, all 2 repeats: users running: 26 to 30 of 30" in section(page, "warnings")
    assert "In 2 of 10 runs users left, or never ran" in section(page, "answer")
    assert "shaped" not in section(page, "warnings"), "whose number of users was to change"


def test_plateaus_have_a_verdict_each(page: str) -> None:
    shown = section(page, "verdicts")
    assert "Its plateaus differ: 10 users: users' pauses, 50 users: server's CPU" in shown
    assert "shaped, 1 10 11.0 – 17.0 6.64 5.00 users' pauses" in shown
    assert "shaped, 2 50 18.0 – 25.0 988 50.0 server's CPU" in shown


def test_provenance_lists_the_files_of_the_load(page: str) -> None:
    shown = section(page, "provenance")
    assert f"shop.py {'ab' * 32}" in shown
    assert "locust 2.99" in shown
    assert "fresh server" not in shown, "an external server is none"


def test_baselines_name_the_load(page: str) -> None:
    shown = section(page, "baselines")
    assert "shop.py: Web ×1" in shown
    assert "shop.py: Admin ×1" in shown
