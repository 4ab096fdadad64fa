"""The name of a commit in a suite becomes its full hash."""

from pathlib import Path

import pytest

from loadstone.errors import SuiteError
from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.load import load_suite
from tests.support.repository import make_repository, run_git

SERVER = "{kind: command, argv: [serve, '{port}'], commit: %s}"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    make_repository(tmp_path / "repo")
    return tmp_path / "repo"


def write(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def commit_of(path: Path, name: str = "a") -> str | None:
    server = load_suite(path).experiments[name].server
    assert isinstance(server, CommandServer)
    return server.commit


@pytest.mark.parametrize("name", ["fast", "v1", "HEAD~1", "{short}"])
def test_every_kind_of_name_becomes_the_full_hash(repository: Path, name: str) -> None:
    fast = run_git(repository, "rev-parse", "fast")
    run_git(repository, "tag", "--annotate", "--message", "one", "v1", "fast")
    path = write(repository, f"experiments: {{a: {{server: {SERVER % repr(name.format(short=fast[:8]))}}}}}")
    assert commit_of(path) == fast


def test_defaults_sweeps_and_searches_are_resolved(repository: Path) -> None:
    path = write(
        repository,
        f"defaults: {{server: {SERVER % 'fast'}}}\n"
        "experiments: {a: {}}\n"
        "sweeps: {s: {vary: server.commit, values: [fast, slow]}}\n"
        "capacity: {most: {slo: p95 < 50ms, server: {commit: slow}}}\n",
    )
    fast, slow = (run_git(repository, "rev-parse", name) for name in ("fast", "slow"))
    assert (commit_of(path), commit_of(path, "s=fast"), commit_of(path, "s=slow")) == (fast, fast, slow)
    searched = load_suite(path).capacity["most"].settings.server
    assert isinstance(searched, CommandServer)
    assert searched.commit == slow


@pytest.mark.parametrize("name", ["nope", "--all", "-h", "HEAD:service.py", "HEAD^{tree}", "a b", "..", "fast..slow"])
def test_what_is_no_commit_is_one_line(repository: Path, name: str) -> None:
    path = write(repository, f"defaults: {{server: {SERVER % repr(name)}}}\nexperiments: {{a: {{}}, b: {{}}}}")
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    [line] = caught.value.lines
    assert line.startswith(f"{path}: defaults.server.commit: {name!r} is not a commit of the repository {repository}")


def test_suite_outside_a_repository_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    path = write(tmp_path, f"experiments: {{a: {{server: {SERVER % 'main'}}}}}")
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    [line] = caught.value.lines
    assert line.startswith(f"{path}: experiments.a.server.commit: {tmp_path} is not in a git repository")


def test_missing_git_is_one_line(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(repository, f"experiments: {{a: {{server: {SERVER % 'fast'}}}}}")
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(SuiteError, match="git is not installed"):
        load_suite(path)


def test_variables_of_a_hook_do_not_lead_elsewhere(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(tmp_path / "other")
    run_git(tmp_path / "other", "branch", "only-there")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    path = write(repository, f"experiments: {{a: {{server: {SERVER % 'only-there'}}}}}")
    with pytest.raises(SuiteError, match="is not a commit of the repository"):
        load_suite(path)
