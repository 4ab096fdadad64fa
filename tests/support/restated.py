"""Campaigns whose verdicts are those that a test states: the page is shown what the rules may come to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loadstone.report.campaign import Campaign, load_campaign

Restate = Callable[[dict[str, Any]], dict[str, Any]]
"""A run's verdict as it is in the file → what differs."""


def restate(campaign: Campaign, results: Path, change: Restate) -> Campaign:
    """Change the verdicts of a campaign's runs, and give each experiment that of its runs."""
    path = results / "verdicts.json"
    verdicts = json.loads(path.read_text(encoding="utf-8"))
    for run in verdicts["runs"]:
        run.update(change(run))
        run["parties"] = [run["verdict"]]
        run["counts"] = run["verdict"] not in ("too many failures", "invalid figures", "other programs on the machine")
    for name, agreed in verdicts["experiments"].items():
        found = [run["verdict"] for run in verdicts["runs"] if run["experiment"] == name]
        agreed["runs"] = {verdict: found.count(verdict) for verdict in found}
        agreed["verdict"] = found[0] if len(agreed["runs"]) == 1 else "repeats disagree"
        agreed["parties"] = list(agreed["runs"])
        if not any(run["counts"] for run in verdicts["runs"] if run["experiment"] == name):
            for run in verdicts["runs"]:
                run["counts"] = run["counts"] or run["experiment"] == name
    (results / "SHA256SUMS").unlink()  # of the verdicts as they were
    path.write_text(json.dumps(verdicts), encoding="utf-8")
    table = results.parent / "published.csv"
    return load_campaign(campaign.plan, results, table if table.exists() else None)
