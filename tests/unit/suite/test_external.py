"""A server that is already running: where a load may be sent, and which signals are missing."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from loadstone.analyse.bottleneck import judge
from loadstone.cli.plan import show_plan
from loadstone.errors import ServerError, SuiteError
from loadstone.measure.target.external import refuse_remote
from loadstone.plan.baselines import is_baseline
from loadstone.plan.schedule import make_plan
from loadstone.report.page import render
from loadstone.suite.foreign_servers import CommandServer, ExternalServer
from loadstone.suite.load import load_suite
from loadstone.summarise.signals import gather_signals
from loadstone.summarise.user_cycle import Cycle
from tests.conftest import ROOT
from tests.support.made_up import Make
from tests.support.page_parts import section
from tests.support.records import make_record

WriteSuite = Callable[[str], Path]


def of(server: str) -> str:
    return f"experiments: {{a: {{server: {{kind: external, {server}}}}}}}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (of("albums: 3"), "experiments.a.server.url: missing; this key is required"),
        (of("url: 'ftp://127.0.0.1:8080'"), "experiments.a.server.url: 'ftp://127.0.0.1:8080' is not allowed"),
        (of("url: 'http://127.0.0.1:8080?a=b'"), "with a base path or without"),
        (of("url: 'http://127.0.0.1:99999'"), "with a base path or without"),
        (of("url: 'http://127.0.0.1:8080/#top'"), "with a base path or without"),
        (of("url: 'http://127.0.0.1:{port}'"), "{port} is for servers that a command starts"),
        (
            of("url: 'http://127.0.0.1', ready: health"),
            "server.ready: 'health' is not allowed; allowed: a path such as",
        ),
        (of("url: 'http://127.0.0.1', ready: {log: Ready}"), "ready: the log of an external server is unknown"),
        (of("url: 'https://127.0.0.1', verify: maybe"), "experiments.a.server.verify: 'maybe' is not allowed"),
        (of(r'url: "http://127.0.0.1:8080\n"'), "with a base path or without"),
        (of("url: 'http://me:secret@127.0.0.1:8080'"), "experiments.a.server: url: a user name or password would"),
        (of("url: 'http://192.0.2.1:80'"), "experiments.a.server: url: 192.0.2.1 is not this machine"),
        (of("url: 'http://shop.example:80'"), "url: shop.example is not this machine"),
        (of("url: 'http://localhost.example:80'"), "set allow_remote: true"),
        (of("url: 'http://0.0.0.0:80'"), "is not this machine"),
        (of("url: 'http://127.1:80'"), "is not this machine"),
        (of("url: 'http://[::2]:80'"), "is not this machine"),
        (of("url: 'http://127.0.0.1:80', workers: 0"), "experiments.a.server.workers: 0 is not allowed"),
        (
            of("url: 'http://127.0.0.1:80', store: list"),
            "a.server.store: unknown key; allowed: url, workers",
        ),
        (of("url: 'http://127.0.0.1:80', albums: two"), "experiments.a.server.albums: 'two' is not allowed"),
        ("experiments: {a: {server: {kind: tomcat}}}", "server.kind: 'tomcat' is not allowed; allowed: gunicorn, comm"),
        ("experiments: {a: {server: {url: 'http://127.0.0.1:80'}}}", "server.url: unknown key; allowed: kind, app"),
        (
            "defaults: {server: {kind: command, argv: [serve, '{port}', '{threads}'], threads: 4}}\n"
            "sweeps: {s: {vary: server.workers, values: [1, 2]}}",
            "s.vary: server.workers would change nothing; write {workers} into the server's argv or env",
        ),
        (
            "defaults: {server: {kind: external, url: 'http://127.0.0.1:80'}}\n"
            "sweeps: {s: {vary: server.albums, values: [1, 2]}}",
            "sweeps.s.vary: server.albums cannot be varied: Loadstone does not configure a server of kind external",
        ),
        (
            "experiments: {a: {server: {kind: external, url: 'http://127.0.0.1:80'}, load: {mix: {calibration: 1}}}}",
            "load.mix.calibration: needs server.kind: gunicorn with server.calibration",
        ),
    ],
)
def test_mistake_is_told_in_one_line(write_suite: WriteSuite, text: str, complaint: str) -> None:
    with pytest.raises(SuiteError) as caught:
        load_suite(write_suite(text))
    [line] = caught.value.lines
    assert complaint in line
    assert "secret" not in line


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("url: 'http://127.0.0.1:8080'", "http://127.0.0.1:8080"),
        ("url: 'http://127.8.9.1:8080/'", "http://127.8.9.1:8080"),
        ("url: 'http://localhost:80'", "http://localhost:80"),
        ("url: 'http://localhost'", "http://localhost"),
        ("url: 'https://localhost:8443/api/v1/'", "https://localhost:8443/api/v1"),
        ("url: 'http://[::1]:8080'", "http://[::1]:8080"),
        ("url: 'http://192.0.2.1:80', allow_remote: true", "http://192.0.2.1:80"),
        ("url: 'http://shop.example:80', allow_remote: true, albums: 9", "http://shop.example:80"),
    ],
)
def test_whereabouts_that_are_allowed(write_suite: WriteSuite, server: str, url: str) -> None:
    path = write_suite(of(server))
    found = load_suite(path).experiments["a"].server
    assert isinstance(found, ExternalServer)
    assert found.url == url


def test_name_that_leads_to_another_machine_is_refused() -> None:
    """The text of the URL is checked first, and what the name resolves to is checked independently."""
    past_the_first = ExternalServer.model_construct(url="http://192.0.2.1:80", allow_remote=False)
    with pytest.raises(ServerError, match=r"^192\.0\.2\.1 is not this machine"):
        refuse_remote(past_the_first)
    refuse_remote(ExternalServer(url="http://192.0.2.1:80", allow_remote=True))
    refuse_remote(ExternalServer(url="http://localhost:80"))
    with pytest.raises(ServerError, match="no such host"):
        refuse_remote(ExternalServer(url=f"http://{'a' * 64}.invalid:80", allow_remote=True))


@pytest.mark.parametrize(
    ("server", "complaint"),
    [
        ("url: 'http://127.0.0.1:8080'", "experiments.a.server.argv: missing"),
        ("url: 'http://127.0.0.1:8080', argv: []", "experiments.a.server.argv: [] is not allowed"),
        ("url: 'http://127.0.0.1:8080', argv: serve me", "experiments.a.server.argv: 'serve me' is not allowed"),
        ("url: 'http://127.0.0.1:8080', argv: [serve], ready: healthz", "experiments.a.server.ready: 'healthz' is not"),
        (
            "url: 'http://192.0.2.1:80', argv: [serve]",
            "experiments.a.server: url: the command's server must be on",
        ),
        (
            "url: 'http://127.0.0.1:80', argv: [serve], allow_remote: true",
            "experiments.a.server.allow_remote: unknown key; allowed: url, workers",
        ),
        (
            "argv: [serve, '8080']",
            "argv: the server cannot know its port; write {port} in argv or env",
        ),
        ("argv: [serve, '{port}', '{threads}']", "argv: {threads} needs the key threads"),
        ("argv: [serve, '{port}'], stop: SIGKILL", "experiments.a.server.stop: 'SIGKILL' is not allowed"),
        ("argv: [serve, '{port}'], build: [make]", "build: needs commit"),
    ],
)
def test_mistake_in_a_command_is_told_in_one_line(write_suite: WriteSuite, server: str, complaint: str) -> None:
    with pytest.raises(SuiteError) as caught:
        load_suite(write_suite(of(server).replace("external", "command")))
    [line] = caught.value.lines
    assert complaint in line


def test_baselines_ask_the_same_server(write_suite: WriteSuite) -> None:
    plan = make_plan(load_suite(write_suite(of("url: 'http://127.0.0.1:8080', albums: 7"))))
    servers = {run.experiment.partition("@")[0]: run.server for run in plan.runs if is_baseline(run.experiment)}
    assert servers["unloaded"] == plan.suite.experiments["a"].server
    assert servers["ceiling"].kind == "gunicorn", "a constant answer, of our own"


def test_settings_below_one_of_its_kind_are_merged(write_suite: WriteSuite) -> None:
    text = (
        "defaults: {server: {kind: external, url: 'http://127.0.0.1:8080', albums: 5}}\n"
        "experiments: {a: {}, b: {server: {albums: 6}}, c: {server: {kind: gunicorn}}}\n"
        "sweeps: {s: {vary: load.users, values: [10, 20]}, t: {vary: server.workers, values: [1, 2],"
        " server: {kind: gunicorn, store: sqlite}}}"
    )
    found = {name: settings.server for name, settings in load_suite(write_suite(text)).experiments.items()}
    assert [found[name].albums for name in ("a", "b", "c", "s=10")] == [5, 6, 3, 5]
    assert [found[name].kind for name in ("a", "b", "c", "t=2")] == ["external", "external", "gunicorn", "gunicorn"]


def test_sweep_over_a_commands_workers(write_suite: WriteSuite) -> None:
    text = (
        "defaults: {server: {kind: command, argv: [serve, '{port}', '-w', '{workers}']}}\n"
        "sweeps: {s: {vary: server.workers, values: [1, 2]}}"
    )
    experiments = load_suite(write_suite(text)).experiments
    assert {name: settings.server.workers for name, settings in experiments.items()} == {"s=1": 1, "s=2": 2}


def test_schema_knows_both_kinds() -> None:
    schema = json.loads((ROOT / "workflow" / "schemas" / "suite.schema.json").read_text(encoding="utf-8"))
    near = {"kind": "external", "url": "http://127.0.0.1:8080"}
    for server in (near, near | {"workers": 2}, {"url": "http://127.0.0.1:8080"}, {"albums": 3}, {"workers": 2}):
        jsonschema.validate({"experiments": {"a": {"server": server}}}, schema)
    for server in (near | {"store": "list"}, {"kind": "external", "albums": 3}, {"kind": "tomcat"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"experiments": {"a": {"server": server}}}, schema)


DECLARED = {"workers": 2, "threads": 4}


@pytest.mark.parametrize(
    ("server", "cores"),
    [
        (ExternalServer(url="http://127.0.0.1:8080", **DECLARED), True),
        (ExternalServer(url="http://shop.example", allow_remote=True, **DECLARED), False),
        (CommandServer(argv=("serve", "{port}"), **DECLARED), True),
    ],
    ids=["external", "remote", "command"],
)
def test_declared_workers_and_threads_make_utilisation_known(
    server: ExternalServer | CommandServer, *, cores: bool
) -> None:
    """The CPUs of another machine are unknown, and so is the utilisation of a server there."""
    record = make_record(load_started=0.0, window=(10.0, 20.0))
    record = record.model_copy(update={"run": record.run.model_copy(update={"server": server})})
    of_all = {"endpoint": "all", "failures": 0, "requests": 1000, "server_ms": 40.0, "bytes_mean": 60.0}
    endpoints = pd.DataFrame([of_all | {"goodput_rps": 100.0, "late": 0}])
    processes = pd.DataFrame(
        [{"role": "server-worker", "cpu": 0.5, "steal": 0.0, "run_queue": 1.0, "rss_max_mib": 20.0}] * 2
    )
    cycle = Cycle(throughput=100.0, response_s=0.05, think_s=0.0)
    signals = gather_signals(record, cycle, endpoints, processes, settled=True)
    assert signals.slots == pytest.approx(100 * 0.040 / (2 * 4))
    usable = min(2, record.machine.cores)
    assert signals.server == (pytest.approx(1.0 / usable) if cores else None)


@pytest.mark.parametrize("generator", [0.2, 0.99])
def test_verdict_is_never_against_a_server_that_nobody_looked_into(generator: float) -> None:
    """If only the server's slow responses are known, its signals are named as missing, and no verdict is against it."""
    record = make_record(load_started=0.0, window=(10.0, 20.0))
    server = ExternalServer(url="http://127.0.0.1:8080")
    record = record.model_copy(update={"run": record.run.model_copy(update={"server": server}), "albums": None})
    of_all = {"endpoint": "all", "failures": 0, "requests": 1000, "server_ms": 450.0, "bytes_mean": 60.0}
    endpoints = pd.DataFrame([of_all | {"goodput_rps": 100.0, "late": 0}])
    used = {"load-worker": generator, "host": 1.0}
    processes = pd.DataFrame(
        [{"role": role, "cpu": cpu, "steal": 0.0, "run_queue": 1.0, "rss_max_mib": 20.0} for role, cpu in used.items()]
    )
    cycle = Cycle(throughput=100.0, response_s=0.45, think_s=0.05)
    verdict = judge(gather_signals(record, cycle, endpoints, processes, settled=True))
    assert verdict.verdict == ("Locust's CPU" if generator > 0.9 else "no clear limit")
    assert {"server_cores", "server_cpu", "server_threads", "server_workers"} <= set(verdict.missing)


def test_page_tells_whose_server_it_was(make: Make) -> None:
    """A campaign with baselines and a sweep against such a server alone, which does not report its albums."""
    text = (
        "defaults: {repeats: 1, server: {kind: external, url: 'http://127.0.0.1:8080'}}\n"
        "experiments: {a: {}}\nsweeps: {s: {vary: load.users, values: [10, 20]}}"
    )
    unknown = dict.fromkeys(("server_workers", "server_threads", "server_cores", "server_cpu", "server_seconds"))
    page = render(make(text, lambda run, rng: {**unknown, "window": {"albums_begin": None, "albums_end": None}}))
    assert "http://127.0.0.1:8080, not started by Loadstone" in section(page, "baselines")
    assert "http://127.0.0.1:8080, not started by Loadstone" in section(page, "provenance")
    told = section(page, "verdicts")
    assert "the server's worker processes" in told
    assert "the server's CPU" in told
    assert "server's CPU" not in told.replace("the server's CPU", "")


def test_plan_tells_servers_apart(write_suite: WriteSuite, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "baselines: false\ndefaults: {repeats: 1, server: {kind: external, url: 'http://127.0.0.1:8080'}}\n"
        "experiments: {a: {}, b: {}, c: {server: {kind: command, argv: [serve, the album], url: 'http://[::1]:80'}}}"
    )
    show_plan(make_plan(load_suite(write_suite(text))))
    told = capsys.readouterr().out
    [of_c] = [line for line in told.splitlines() if " c " in line]
    assert "server.kind=command" in of_c
    assert "server.argv=serve 'the album'" in of_c
    [common] = [line for line in told.splitlines() if line.startswith("Every run")]
    assert "server.url=http://127.0.0.1:8080" in common
    assert "argv" not in common
