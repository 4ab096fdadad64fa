"""The files and the client of a user's own load."""

from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.errors import SuiteError
from loadstone.suite.load import load_suite
from loadstone.suite.load_settings import Load
from loadstone.suite.own_files import find_client, list_own_files

WriteSuite = Callable[[str], Path]


@pytest.mark.parametrize(
    ("text", "classes", "client"),
    [
        ("from locust import HttpUser\nclass A(HttpUser): pass", None, "HttpUser"),
        ("import locust\nclass A(locust.FastHttpUser): pass", None, "FastHttpUser"),
        ("from locust import FastHttpUser\nclass B(FastHttpUser): pass\nclass A(B): pass", ("A",), "FastHttpUser"),
        ("from locust import *\nclass A(HttpUser): pass\nclass B(FastHttpUser): pass", None, "other"),
        ("from locust import *\nclass A(HttpUser): pass\nclass B(FastHttpUser): pass", ("B",), "FastHttpUser"),
        ("from locust import User\nclass A(User): pass", None, "other"),
        ("from base import Base\nclass A(Base): pass", ("A",), "other"),
        ("class A(A): pass", ("A",), "other"),
        ("class (", None, "other"),
    ],
)
def test_client_is_read_from_the_file(tmp_path: Path, text: str, classes: tuple[str, ...] | None, client: str) -> None:
    (tmp_path / "users.py").write_text(text, encoding="utf-8")
    names = None if classes is None else dict.fromkeys(classes)
    load = Load(users=1, spawn_rate=1, locustfile=("users.py",), classes=names)
    assert find_client(load, tmp_path) == client


def test_locustfile_is_never_imported(tmp_path: Path) -> None:
    (tmp_path / "users.py").write_text(f"open({str(tmp_path / 'trace')!r}, 'w')\n", encoding="utf-8")
    find_client(Load(users=1, spawn_rate=1, locustfile=("users.py",)), tmp_path)
    assert not (tmp_path / "trace").exists()


def test_a_run_depends_on_python_files_beside_and_files_listed(tmp_path: Path) -> None:
    for name in (
        "load/users.py",
        "load/helpers.py",
        "load/notes.txt",
        "data/a.csv",
        "data/deep/b.csv",
        "x.env",
        "data/__pycache__/c.pyc",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    load = Load(users=1, spawn_rate=1, locustfile=("load/users.py",), files=("data",), env_from=("x.env",))
    assert list(list_own_files(load, tmp_path)) == [
        *("data/a.csv", "data/deep/b.csv"),
        *("load/helpers.py", "load/users.py", "x.env"),
    ]


def test_a_run_depends_on_packages_that_the_locustfile_imports(tmp_path: Path) -> None:
    texts = {
        "load/users.py": "from pages.cart import Cart\nimport json, shared.words",
        "load/pages/__init__.py": "",
        "load/pages/cart.py": "from . import prices\nfrom pages import helpers",
        "load/pages/prices.py": "",
        "load/pages/helpers.py": "import users",
        "load/pages/unused.py": "",
        "shared/words.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    load = Load(users=1, spawn_rate=1, locustfile=("load/users.py",))
    assert set(list_own_files(load, tmp_path)) == texts.keys() - {"load/pages/unused.py"}


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("locustfile: no.py", "a.load.locustfile: no.py: no such file; paths start from the suite's folder"),
        ("locustfile: users.py, files: data", "a.load.files: data: no such file"),
        ("locustfile: users.py, env_from: x.env", "a.load.env_from: x.env: no such file"),
        ("locustfile: users.py, folder: there", "a.load.folder: there: no such folder"),
        ("locustfile: users.py, python: env/bin/python", "a.load.python: env/bin/python: no such file"),
        ("locustfile: users.py, mix: {get_album: 1}", "mix and locustfile are both given; allowed: one of"),
        ("tags: x", "tags: needs locustfile"),
        ("user: other", "user: other needs locustfile"),
        ("locustfile: users.py, options: {loadstone-seed: 1}", "'loadstone-seed' is not allowed"),
        (
            "locustfile: users.py, options: {users: 500}",
            "'users' is not allowed; allowed: an option that",
        ),
        ("locustfile: users.py, options: {password: hunter2}", "options: for password, a value that results may show"),
        ("locustfile: users.py, options: {sizes: [1, '--run-time=5']}", "a list without words that begin with a dash"),
        ("locustfile: users.py, env: {LOCUST_TAGS: x}", "those that begin with LOCUST_ would change the run"),
        ("locustfile: users.py, host: 'http://192.0.2.1'", "192.0.2.1 is not this machine; if its owner agrees"),
        (
            "locustfile: users.py, host: 'http://me:pw@localhost'",
            "a user name or password would appear in",
        ),
        ("locustfile: 'a,b.py'", "a path with a comma"),
        ("locustfile: users.py, group: {'(': x}", "a regular expression; this is none"),
        ("locustfile: users.py, classes: ['A b']", "the name of a User class of the locustfile"),
        ("locustfile: users.py, shape: follow, pacing: 1s", "shape: follow cannot be combined with pacing"),
    ],
)
def test_mistake_is_one_line(write_suite: WriteSuite, tmp_path: Path, keys: str, complaint: str) -> None:
    (tmp_path / "users.py").touch()
    path = write_suite(f"experiments: {{a: {{load: {{{keys}}}}}}}")
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert [line for line in caught.value.lines if complaint in line], caught.value.lines
    assert len(caught.value.lines) == 1, caught.value.lines


def test_kind_of_users_in_an_experiment_replaces_that_of_the_defaults(write_suite: WriteSuite, tmp_path: Path) -> None:
    (tmp_path / "users.py").write_text("from locust import FastHttpUser\nclass A(FastHttpUser): pass", encoding="utf-8")
    text = (
        "defaults: {load: {mix: {get_album: 1}}}\n"
        "experiments: {albums: {}, own: {load: {locustfile: users.py}}, said: {load: {requests: [{get: /}]}}}\n"
    )
    experiments = load_suite(write_suite(text)).experiments
    assert experiments["albums"].load.mix is not None
    assert (experiments["own"].load.mix, experiments["own"].load.user) == (None, "FastHttpUser")
    assert experiments["own"].load.think_time is None
    assert (experiments["said"].load.mix, experiments["said"].load.think_time) == (None, (1.0, 2.0))
