"""What identifies a run's load beyond its settings: the contents of the user's files, and the versions of Locust."""

import hashlib
import json
import subprocess
from pathlib import Path

from loadstone.errors import GeneratorError
from loadstone.measure.locust_exit import explain_exit
from loadstone.suite.load_settings import Load
from loadstone.suite.own_files import list_own_files

ANSWER_DEADLINE_S = 20.0
_QUESTION = (
    "import json, platform; from importlib.metadata import version; "
    "print(json.dumps({'python': platform.python_version(), **{n: version(n) for n in ('locust', 'gevent')}}))"
)


def hash_own_files(load: Load, base: Path) -> dict[str, str]:
    """Hash the user's own files: name in the suite → SHA-256. Raises `GeneratorError` if one cannot be read."""
    try:
        return {
            name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in list_own_files(load, base).items()
        }
    except OSError as error:
        raise GeneratorError(f"load: {error.filename}: cannot be read: {error.strerror}") from None


def ask_versions(python: str, folder: Path) -> dict[str, str]:
    """Ask an interpreter for its version and that of its Locust. Raises `GeneratorError` if it has none."""
    try:
        answer = subprocess.run(
            [python, "-c", _QUESTION],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_DEADLINE_S,
            check=False,
        )
        if answer.returncode == 0:
            versions: dict[str, str] = json.loads(answer.stdout)
            return versions
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or "it does not answer as Python does"
        raise GeneratorError(f"load.python: {python}: {reason}") from None
    if "PackageNotFoundError" in answer.stderr:
        raise GeneratorError(f"load.python: {python}: that environment has no Locust: install locust there")
    reason = explain_exit(answer.stderr, ()) or next(iter(answer.stderr.splitlines()[-1:]), "no answer")
    raise GeneratorError(f"load.python: {python}: {reason}")
