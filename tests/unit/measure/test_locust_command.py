"""Command lines and environment of Locust's processes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.errors import GeneratorError
from loadstone.measure.locust_command import INSTRUMENT, LocustCommand, read_variables
from loadstone.measure.redaction import redact
from loadstone.plan.schedule import Run
from loadstone.suite.locust_options import LOCUST_OPTIONS

SUITE = """
baselines: false
experiments:
  a:
    server: {{kind: external, url: "http://127.0.0.1:8000/api", verify: false}}
    load: {load}
"""

MakeCommand = Callable[[str], LocustCommand]


@pytest.fixture
def make_command(first_run: Callable[[str], Run], tmp_path: Path) -> MakeCommand:
    """Make the command of a load of one locustfile, given its other keys as YAML."""
    (tmp_path / "users.py").write_text("from locust import HttpUser\nclass A(HttpUser): pass\n", encoding="utf-8")
    (tmp_path / "secrets.env").write_text("# a comment\n\nTOKEN='s3cret'\nexport PLACE=here\n", encoding="utf-8")

    def make(keys: str) -> LocustCommand:
        run = first_run(SUITE.format(load="{locustfile: users.py, users: 2, spawn_rate: 2" + keys + "}"))
        return LocustCommand(run=run, url="http://127.0.0.1:8000/api", base=tmp_path, port=5557, id_prefix="")

    return make


def test_classes_come_before_any_option(make_command: MakeCommand, tmp_path: Path) -> None:
    """After `--tags x`, Locust would take a class for a tag."""
    command = make_command(", classes: [A, B], tags: [x, y], exclude_tags: z")
    words = command.worker(tmp_path / "records")
    start = words.index("locust")
    assert words[start : start + 5] == ["locust", "A", "B", "--locustfile", f"{tmp_path / 'users.py'},{INSTRUMENT}"]
    assert words[words.index("--tags") :][:3] == ["--tags", "x", "y"]
    assert words[words.index("--exclude-tags") :][:2] == ["--exclude-tags", "z"]


def test_options_of_the_locustfile_reach_master_and_workers(make_command: MakeCommand, tmp_path: Path) -> None:
    keys = ', options: {seed: 7, dry: true, wet: false, name: "-x", both: [1, b]}, classes: {A: 3, B: 1}, ignore: WS'
    command = make_command(keys)
    worker, master = (
        command.worker(tmp_path / "records"),
        command.master(tmp_path / "csv", tmp_path / "timeline", tmp_path / "master", tmp_path / "go"),
    )
    for words in (worker, master):
        assert {"--seed=7", "--dry", "--name=-x", "--loadstone-seed"} <= set(words)
        assert words[words.index("--both") :][:3] == ["--both", "1", "b"]
        assert "--wet" not in words
        assert words[words.index("--loadstone-weights") + 1] == '{"A": 3, "B": 1}'
        assert "--loadstone-waiting" not in words, "the file's own waits stay"
    assert worker[worker.index("--loadstone-hosts") + 1] == '["127.0.0.1"]'
    assert worker[worker.index("--loadstone-ignore") + 1] == '["WS"]'
    assert "--loadstone-insecure" in worker


def test_waits_are_replaced_where_the_suite_asks(make_command: MakeCommand, tmp_path: Path) -> None:
    words = make_command(", think_time: 0.5").worker(tmp_path / "records")
    assert words[words.index("--loadstone-waiting") + 1] == '{"uniform": [0.5, 0.5]}'


def test_host_of_the_load_replaces_the_servers(make_command: MakeCommand, tmp_path: Path) -> None:
    words = make_command(", host: 'http://localhost:9000', allow_hosts: auth.test").worker(tmp_path / "records")
    assert words[words.index("--host") + 1] == "http://localhost:9000"
    assert words[words.index("--loadstone-hosts") + 1] == '["127.0.0.1", "auth.test", "localhost"]'


def test_what_would_configure_locust_does_not_reach_it(make_command: MakeCommand) -> None:
    inherited = {"LOCUST_RUN_TIME": "1s", "LOCUST_TAGS": "x", "HOME": "/home/me", "REQUESTS_CA_BUNDLE": "/ca.pem"}
    environment = make_command(", env: {REGION: eu}, env_from: secrets.env").environment(inherited)
    assert environment == {
        "HOME": "/home/me",
        "TOKEN": "s3cret",
        "PLACE": "here",
        "REGION": "eu",
        "PYTHONWARNINGS": "ignore:Unverified HTTPS request",
    }


def test_bad_line_of_variables_is_named_without_its_value(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    path.write_text("A=1\ns3cret\n", encoding="utf-8")
    with pytest.raises(GeneratorError) as caught:
        read_variables(path)
    assert str(caught.value) == f"load.env_from: {path}, line 2: not allowed; allowed: NAME=VALUE"


def test_value_of_a_variable_reaches_locust_and_no_result(
    make_command: MakeCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE_KEY", "abc")
    command = make_command(", env_from: secrets.env, options: {api-token: $TOKEN, place-keys: [$PLACE_KEY, $TOKEN]}")
    words = command.worker(tmp_path / "records")
    assert "--api-token=s3cret" in words
    assert words[words.index("--place-keys") :][:3] == ["--place-keys", "abc", "s3cret"]
    assert "s3cret" not in command.run.model_dump_json()
    assert not {"s3cret", "abc"} & set(redact(words))
    missing = make_command(", options: {api-token: $NOWHERE}")
    with pytest.raises(GeneratorError, match=r"load\.options\.api-token: \$NOWHERE: no such variable"):
        missing.worker(tmp_path / "records")


def test_locusts_own_options_are_known() -> None:
    """A locustfile's option of the same name would change what the suite says."""
    code = (
        "from locust import argument_parser as a; p = a.get_empty_argument_parser(default_config_files=[]);"
        "a.setup_parser_arguments(p); print(*(o for action in p._actions for o in action.option_strings))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name[2:] for name in answer.stdout.split() if name.startswith("--")} == LOCUST_OPTIONS


def test_missing_folder_is_named(make_command: MakeCommand) -> None:
    command = make_command("")
    broken = command.run.model_copy(update={"load": command.run.load.model_copy(update={"folder": "nowhere"})})
    with pytest.raises(GeneratorError, match=r"load\.folder: .*nowhere: no such folder"):
        _ = LocustCommand(run=broken, url="", base=command.base, port=1, id_prefix="").folder
