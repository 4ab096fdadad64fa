"""The locustfile that `loadstone init` writes from a description runs as it is."""

import csv
import subprocess
import sys
from pathlib import Path

import orjson
from ruamel.yaml import YAML

from server.openapi import DOCUMENT


def test_posts_are_not_refused_as_duplicates(tmp_path: Path) -> None:
    """The album API refuses an id that it has."""
    (tmp_path / "api.json").write_bytes(orjson.dumps(DOCUMENT))
    run(tmp_path, "init", "--openapi", "api.json")
    suite = tmp_path / "loadstone.yaml"
    yaml = YAML(typ="safe")
    written = yaml.load(suite.read_text("utf-8"))
    written["defaults"] |= {"duration": "2s", "repeats": 1, "server": {"kind": "gunicorn", "store": "dict"}}
    written["defaults"]["load"]["think_time"] = 0.01
    del written["sweeps"]
    written["experiments"] = dict(list(written["experiments"].items())[:1])
    with suite.open("w", encoding="utf-8") as file:
        yaml.dump({"baselines": False, **written}, file)
    run(tmp_path, "run")
    with (tmp_path / "results" / "summary.csv").open(encoding="utf-8") as table:
        rows = {row["endpoint"]: row for row in csv.DictReader(table)}
    assert int(rows["POST /albums"]["requests"]) > 1
    assert int(rows["all"]["failures"]) == 0


def run(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "loadstone", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
