"""A locustfile that cannot be used: one sentence that names the file, within seconds, and nothing is left behind."""

import re
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadstone.errors import SuiteError
from loadstone.plan.schedule import Run
from tests.conftest import wait_for
from tests.faults.conftest import Start, assert_nothing_left, said
from tests.support.acceptance import web_service

SOON_S = 25.0
"""Seconds within which a run ends whose locustfile cannot be used, on a machine that is busy with other tests."""
Break = Callable[..., str]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with web_service() as url:
        yield url


def suite(url: str, load: str = "", duration: str = "20s") -> str:
    return (
        f"baselines: false\ndefaults: {{duration: {duration}, warm_up: 0s, repeats: 1}}\n"
        f"experiments: {{a: {{server: {{kind: external, url: '{url}', ready: /health}}, "
        f"load: {{locustfile: users.py, users: 2, spawn_rate: 2{load}}}}}}}"
    )


@pytest.fixture
def broken_by(url: str, first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> Break:
    """Measure with a locustfile that cannot be used; return the line that says so."""

    def run(text: str, load: str = "", within_s: float = SOON_S) -> str:
        (tmp_path / "users.py").write_text(textwrap.dedent(text), encoding="utf-8")
        process = start_measure(first_run(suite(url, load)))
        _, errors = process.communicate(timeout=within_s)
        assert process.returncode == 1
        assert "Traceback" not in errors
        [line] = [line for line in errors.splitlines() if line.startswith("loadstone: ")]
        assert_nothing_left(tmp_path)
        return line

    return run


USER = """\
    from locust import HttpUser, constant, task

    class Web(HttpUser):
        wait_time = constant(0.1)

        @task
        def ask(self):
            self.client.get("/login")
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import locust\nimport no_such_module\n", "users.py, line 2: ModuleNotFoundError: No module named"),
        ("import locust\n\ndef f(:\n", "users.py, line 3: SyntaxError: "),
        ("import os\n\nKEY = os.environ['SHOP_KEY']\n", "users.py, line 3: KeyError: 'SHOP_KEY'"),
        ("import sibling\n", "sibling.py, line 1: ZeroDivisionError: "),
    ],
    ids=["no module", "syntax", "no variable", "in a sibling"],
)
def test_file_that_does_not_import(broken_by: Break, tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "sibling.py").write_text("1 / 0\n", encoding="utf-8")
    assert sentence in broken_by(text)


def test_file_without_users(broken_by: Break) -> None:
    text = "from locust import User\n\nclass Base(User):\n    abstract = True\n"
    assert "users.py has no User class" in broken_by(text)


def test_file_that_is_absent(url: str, first_run: Callable[[str], Run]) -> None:
    with pytest.raises(SuiteError, match=re.escape("a.load.locustfile: users.py: no such file")):
        first_run(suite(url))


OPTIONS = """\
    from locust import HttpUser, events, task

    @events.init_command_line_parser.add_listener
    def add(parser):
        parser.add_argument("--api-version", type=int, required=True)

    class Web(HttpUser):
        @task
        def ask(self):
            self.client.get("/login")
"""


@pytest.mark.parametrize(
    ("load", "sentence"),
    [
        ("", "users.py needs the option --api-version: give it in load.options"),
        (", options: {api-version: two}", "load.options: --api-version: invalid int value: 'two'"),
        (", options: {api-version: 2, colour: red}", "load.options: users.py has no option --colour"),
    ],
    ids=["not given", "wrong", "unknown"],
)
def test_option_that_is_not_as_the_file_wants_it(broken_by: Break, load: str, sentence: str) -> None:
    assert sentence in broken_by(OPTIONS, load)


def test_class_that_the_file_does_not_have(broken_by: Break) -> None:
    assert "load.classes: users.py has no User class Admin" in broken_by(USER, ", classes: [Web, Admin]")


def test_tags_that_leave_no_task(broken_by: Break) -> None:
    assert "load.tags: leaves no task of Web; name the classes to run" in broken_by(USER, ", tags: [smoke]")


def test_shape_of_which_the_suite_does_not_speak(broken_by: Break) -> None:
    shape = "    from locust import LoadTestShape\n\n    class Steps(LoadTestShape):\n"
    line = broken_by(USER + shape + "        def tick(self):\n            return 2, 2\n")
    assert "the locustfile has a LoadTestShape (Steps): set load.shape to ignore" in line


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        ("import sys; sys.exit(3)", "users.py"),
        ("import os; os._exit(7)", "ended with exit code 7 while it ran users.py: "),
        ("self.environment.runner.quit()", "ended before the window did: users.py ends the run by itself"),
    ],
    ids=["exit", "os._exit", "quit"],
)
def test_file_that_ends_locust_in_a_task(broken_by: Break, end: str, sentence: str) -> None:
    assert sentence in broken_by(USER + f"            {end}\n")


def test_file_that_exits_while_it_is_loaded(broken_by: Break) -> None:
    line = broken_by("import sys\n\nsys.exit('give me a licence')\n")
    assert "ended with exit code 1 while it loaded users.py: give me a licence" in line


def test_file_that_loads_for_ever(broken_by: Break) -> None:
    line = broken_by("import itertools\n\nfor _ in itertools.count():\n    pass\n", within_s=75)
    assert "users.py, line " in line


def test_file_that_prints_megabytes(broken_by: Break) -> None:
    line = broken_by(USER + '            print("x" * 2**20)\n')
    assert "Locust worker 0 printed more than 20 MB: let users.py print less" in line


@pytest.mark.parametrize(
    "ask",
    [
        'self.client.get("http://192.0.2.1/")',
        'import socket; socket.create_connection(("192.0.2.1", 80))',
        'import requests; requests.get("http://192.0.2.1:8080/")',
    ],
    ids=["client", "socket", "requests"],
)
def test_file_that_talks_to_another_host(broken_by: Break, ask: str) -> None:
    """The address is one that is reserved for documentation, and no packet leaves."""
    line = broken_by(USER + f"            {ask}\n")
    assert "192.0.2.1" in line
    assert "load.allow_hosts" in line


def test_file_that_talks_to_another_host_while_it_is_loaded(broken_by: Break) -> None:
    line = broken_by("import requests\nrequests.get('http://192.0.2.1/', timeout=3)\n" + textwrap.dedent(USER))
    assert "192.0.2.1" in line or "users.py, line 2" in line


def test_file_that_never_asks_anything(broken_by: Break) -> None:
    idle = USER.replace('self.client.get("/login")', "pass")
    assert "users.py: its users sent no request in 3 s; kept" in broken_by(idle, ", silence: 3s")


def test_file_whose_users_all_fail_at_their_start(broken_by: Break) -> None:
    login = "        def on_start(self):\n            self.token = self.client.base_url['token']\n\n"
    line = broken_by(USER.replace("        @task\n", login + "        @task\n"), ", silence: 3s")
    assert "users.py, line 7: TypeError: " in line


def test_file_whose_tasks_all_fail_before_they_ask(broken_by: Break) -> None:
    line = broken_by(USER.replace('self.client.get("/login")', "self.client.get(self.path)"), ", silence: 3s")
    assert "users.py: its users sent no request in 3 s; users.py, line 8: AttributeError: " in line


def test_ctrl_c_while_the_file_is_loaded(
    url: str, first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path
) -> None:
    (tmp_path / "users.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(600)\n", encoding="utf-8")
    process: subprocess.Popen[str] = start_measure(first_run(suite(url)))
    wait_for(lambda: "starting Locust" in said(tmp_path), 30, "the start of Locust")
    process.terminate()
    _, errors = process.communicate(timeout=SOON_S)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert_nothing_left(tmp_path)
