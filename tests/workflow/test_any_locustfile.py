"""Locustfiles in the styles in which people write them, unchanged: each request is recorded, as Locust counts it.

Each file of `tests/acceptance` also runs under plain `locust`.
"""

import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from loadstone.plan.schedule import Run
from loadstone.results.run_record import RunRecord, read_record
from loadstone.summarise.stage import summarise_folder
from tests.support.acceptance import copy_style, line_server, web_service

Measure = Callable[[str], Path]

USERS = 6


@dataclass(frozen=True)
class Style:
    """A folder of `tests/acceptance`, and what its locustfile must do."""

    folder: str
    endpoints: set[str]
    load: str = ""
    """Keys of `load:` besides the locustfile and the number of users."""
    failures: dict[str, set[str]] = field(default_factory=dict)
    """Endpoint → names of its failures, all of which are expected."""


BANK = Style(
    "bank",
    {f"GET /{page}" for page in ("login", "signup", "home", "home (again)")}
    | {f"POST /{form}" for form in ("signup", "deposit", "payment", "logout")},
)
STORE = Style(
    "store",
    {"GET /", "GET /cart", "GET /product/<id>", "POST /cart", "POST /cart/checkout", "POST /cart/empty"}
    | {"POST /currency"},
    'group: {"/product/.*": "/product/<id>"}',
)
ROBOTS = Style(
    "robots",
    {"GET /api/user/uniqueid", "GET /api/catalogue/products", "GET /api/catalogue/product/<sku>"}
    | {"PUT /api/ratings/rate/<sku>/<score>", "GET /api/cart/add", "POST /api/payment/pay/<user>"},
    'group: {"/api/catalogue/product/.*": "/api/catalogue/product/<sku>", "/api/cart/add/.*": /api/cart/add, '
    '"/api/ratings/rate/.*": "/api/ratings/rate/<sku>/<score>", "/api/payment/pay/.*": "/api/payment/pay/<user>"}',
)
FEED = Style(
    "feed",
    {"WS connect", "WS echo"},
    "options: {seed: 5, api-version: 2, verbose-feed: true}, shape: ignore, host: '{url}'",
)
LINES = Style("lines", {"line upper", "line reverse"}, 'ignore: ["measured reverse"]')
AWKWARD = Style(
    "awkward",
    {f"GET /words/{word}" for word in ("<word>", "<account>", "wrong", "rest", "bye")}
    | {"GET /redirect/2", "GET /status/404"}
    | {f"odd {name}" for name in ("tuple", "text", "number", "raised")}
    | {"monitor start"},
    "exclude_tags: [broken], env: {OTHER_URL: '{url}'}",
    {
        "GET /words/wrong": {"not supercalifragilistic"},
        "odd tuple": {"('timed out', 3)"},
        "odd text": {"just text"},
        "odd number": {"7"},
        "odd raised": {"ValueError"},
    },
)


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with web_service() as url:
        yield url


@pytest.fixture(scope="module")
def lines() -> Iterator[str]:
    with line_server() as url:
        yield url


def suite(style: Style, url: str, workers: int) -> str:
    load = f"locustfile: locustfile.py, users: {USERS}, spawn_rate: {USERS}, workers: {workers}"
    if style.load:
        load += ", " + style.load.replace("{url}", url)
    return (
        "baselines: false\ndefaults: {duration: 3s, warm_up: 200ms, repeats: 1}\n"
        f"experiments: {{a: {{server: {{kind: external, url: '{url}', ready: tcp}}, load: {{{load}}}}}}}"
    )


@pytest.fixture
def measure(
    first_run: Callable[[str], Run], start_measure: Callable[[Run], "subprocess.Popen[str]"], tmp_path: Path
) -> Measure:
    """Measure the only run of a suite; return its folder."""

    def run(text: str) -> Path:
        process = start_measure(first_run(text))
        _, errors = process.communicate(timeout=90)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
        return tmp_path / "runs" / "a" / "1"

    return run


@pytest.mark.parametrize("style", [BANK, STORE, ROBOTS, FEED, LINES, AWKWARD], ids=lambda style: style.folder)
def test_locustfile_of_each_style_runs_unchanged(
    style: Style,
    service: str,
    lines: str,
    measure: Measure,
    tmp_path: Path,
) -> None:
    copy_style(style.folder, tmp_path)
    folder = measure(suite(style, lines if style is LINES else service, workers=2))
    record = read_record(folder / "run.json")
    rows = pd.read_parquet(folder / "requests.parquet")
    assert_all_is_recorded(record, rows)
    assert set(rows["endpoint"]) == style.endpoints
    failures = rows[rows["error"].notna()]
    found = {str(name): set(group) for name, group in failures.groupby("endpoint", observed=True)["error"]}
    assert found == style.failures
    assert bool(record.counts.ignored) == ("ignore:" in style.load)
    assert_users_are_known(rows)
    assert_logs_show_no_trouble_of_ours(folder / "logs")
    assert_it_can_be_summarised(record, folder, tmp_path / "tables")


def assert_all_is_recorded(record: RunRecord, rows: pd.DataFrame) -> None:
    assert [(check.name, check.ok) for check in record.checks] == [("requests counted by Locust", True)]
    counts = record.counts
    assert counts.recorded == len(rows) > 0
    assert counts.recorded + counts.ignored == counts.locust


def assert_users_are_known(rows: pd.DataFrame) -> None:
    """Requests belong to a user, also those of greenlets that a user started, but for those of no user."""
    without = rows["user"].isna()
    assert set(rows.loc[without, "endpoint"]) <= {"monitor start"}
    assert set(rows.loc[~without, "user"]) == set(range(USERS))
    assert (rows.groupby("user")["worker"].nunique() == 1).all()


def assert_logs_show_no_trouble_of_ours(logs: Path) -> None:
    """Locust logs an exception in a listener and goes on."""
    for path in logs.iterdir():
        assert "Uncaught exception in event handler" not in path.read_text("utf-8"), path.name


def assert_it_can_be_summarised(record: RunRecord, folder: Path, tables: Path) -> None:
    summarise_folder(record, folder).write(tables)
    signals = json.loads((tables / "signals.json").read_text("utf-8"))
    assert signals["throughput"] > 0


def test_file_of_pytest_functions(
    service: str,
    measure: Measure,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Locust makes a User class of each function if a file has no other. It needs no plugin but its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_locust.plugin")
    text = 'def test_login(session):\n    session.get("/login")\n'
    (tmp_path / "locustfile.py").write_text(text, encoding="utf-8")
    folder = measure(suite(Style("pytest", set(), load="stop_timeout: 1s"), service, workers=1))
    rows = pd.read_parquet(folder / "requests.parquet")
    assert_all_is_recorded(read_record(folder / "run.json"), rows)
    assert set(rows["endpoint"]) == {"GET /login"}
    assert_users_are_known(rows)


def test_errors_that_an_environment_variable_asks_for(service: str, measure: Measure, tmp_path: Path) -> None:
    copy_style("robots", tmp_path)
    (tmp_path / "secrets.env").write_text("# for the test\nERROR=1\n", encoding="utf-8")
    style = Style("robots", set(), ROBOTS.load + ", env_from: secrets.env")
    folder = measure(suite(style, service, workers=1))
    rows = pd.read_parquet(folder / "requests.parquet")
    failed = rows[rows["endpoint"] == "GET /status/500"]
    assert set(failed["error"]) == {"HTTP 500"}
    assert set(failed["status"]) == {500}


def test_locusts_own_settings_do_not_reach_a_run(
    service: str,
    measure: Measure,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A developer's `locust.conf`, or a variable of the shell, would change or break every run."""
    copy_style("store", tmp_path)
    (tmp_path / "locust.conf").write_text("run-time = 1s\nusers = 3\ntags = none\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.locust]\nrun-time = '1s'\n", encoding="utf-8")
    monkeypatch.setenv("LOCUST_RUN_TIME", "1s")
    monkeypatch.setenv("LOCUST_TAGS", "none")
    monkeypatch.setenv("LOCUST_HOST", "http://127.0.0.1:1")
    folder = measure(suite(STORE, service, workers=1))
    rows = pd.read_parquet(folder / "requests.parquet")
    assert_all_is_recorded(read_record(folder / "run.json"), rows)
    assert_users_are_known(rows)


def test_another_environment_needs_locust_but_not_loadstone(service: str, measure: Measure, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "other")], check=True)
    python = tmp_path / "other" / "bin" / "python"
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    assert subprocess.run([str(python), "-c", "import loadstone"], capture_output=True, check=False).returncode == 1
    copy_style("store", tmp_path)
    folder = measure(suite(Style("store", set(), load="python: other/bin/python"), service, workers=1))
    record = read_record(folder / "run.json")
    assert_all_is_recorded(record, pd.read_parquet(folder / "requests.parquet"))
    assert set(record.load_versions) == {"python", "locust", "gevent"}


def test_waits_of_the_file_are_replaced_where_the_suite_asks(service: str, measure: Measure, tmp_path: Path) -> None:
    """The file's users would wait for a minute; paced, each begins a task every 100 ms."""
    text = (
        "from locust import HttpUser, constant, task\n"
        "class Slow(HttpUser):\n"
        "    wait_time = constant(60)\n"
        "    @task\n"
        "    def ask(self):\n"
        "        self.client.get('/login')\n"
        "        self.client.get('/login', name='again')\n"
    )
    (tmp_path / "locustfile.py").write_text(text, encoding="utf-8")
    folder = measure(suite(Style("slow", set(), load="pacing: 100ms"), service, workers=2))
    rows = pd.read_parquet(folder / "requests.parquet")
    assert_all_is_recorded(read_record(folder / "run.json"), rows)
    first, again = rows[rows["endpoint"] == "GET /login"], rows[rows["endpoint"] == "GET again"]
    assert first["intended"].notna().all()
    assert again["intended"].isna().all(), "only the first request of a task has a time at which it is due"
    for _, of_user in first.groupby("user"):
        assert of_user["intended"].sort_values().diff().dropna().between(0.0999, 0.1001).all()
    assert set(first["user"]) == set(range(USERS))


def test_number_of_users_follows_the_shape_of_the_file(service: str, measure: Measure, tmp_path: Path) -> None:
    copy_style("store", tmp_path)
    shape = (
        "\nfrom locust import LoadTestShape\n\n"
        "class Stairs(LoadTestShape):\n"
        "    def tick(self):\n"
        "        return (2, 10) if self.get_run_time() < 1 else (5, 10)\n"
    )
    with (tmp_path / "locustfile.py").open("a", encoding="utf-8") as file:
        file.write(shape)
    folder = measure(suite(Style("store", set(), load="shape: follow"), service, workers=1))
    record = read_record(folder / "run.json")
    rows = pd.read_parquet(folder / "requests.parquet")
    assert_all_is_recorded(record, rows)
    counts = [users for when, users in record.user_counts if when < record.window[1]]
    assert counts[0] <= 2
    assert max(counts) == 5
    assert set(rows["user"]) == set(range(5))
