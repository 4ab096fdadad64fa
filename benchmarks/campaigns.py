"""What the default suite promises, by several campaigns in a row: half an hour and more, on a quiet machine.

    python -m benchmarks.campaigns FOLDER [FOLDER ...]

measures the default suite in each folder that has no finished campaign, one after the other, then prints a line per
promise: the time and its share in windows, how many hypotheses stay open, that none is judged differently, and that no
two of the campaigns show a regression.
"""

import itertools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.pipeline import mark
from loadstone.compare.judge import compare_campaigns
from loadstone.compare.model import ChangeFinding
from loadstone.compare.read_campaign import read_campaign
from loadstone.results.hypotheses import JudgedHypothesis, Outcome, read_hypotheses
from loadstone.results.repeats import read_repeats
from loadstone.results.run_record import RunRecord, read_record

MAX_CAMPAIGN_S = 12 * 60
MIN_WINDOW_SHARE = 0.55
MAX_OPEN = 2
MIN_REQUESTS_OF_ONE_USER = 30
MAX_GAP_S = 1.0
"""Seconds between two runs."""
EXPECTED = {"server-bound-at-33": Outcome.REFUTED, "workers-flat": Outcome.SUPPORTED}


def measure(folder: Path) -> None:
    """Run the default suite in a folder; nothing if that is done."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(Path("Snakefile").absolute())]
    subprocess.run([*command, "--cores", "all", "--directory", str(folder)], check=True)


def read_records(folder: Path) -> list[RunRecord]:
    """Read the records of a campaign's runs in the order of their start."""
    records = [read_record(path) for path in folder.glob("results/runs/*/*/run.json")]
    return sorted(records, key=lambda record: record.phases.server_started)


def check_campaign(folder: Path) -> Iterator[tuple[bool, str]]:
    """Check one campaign by itself: for each promise whether it holds, and its figure."""
    effort = read_repeats(folder / "results" / "repeats.json").effort
    if effort is None:
        raise RuntimeError(f"{folder}: an earlier version measured it")
    share = effort.window_s / effort.campaign_s
    yield effort.campaign_s <= MAX_CAMPAIGN_S, f"{effort.campaign_s / 60:.1f} minutes, at most {MAX_CAMPAIGN_S // 60}"
    yield share >= MIN_WINDOW_SHARE, f"{100 * share:.0f} % of it in windows, at least {100 * MIN_WINDOW_SHARE:.0f} %"
    hypotheses = read_hypotheses(folder / "results" / "hypotheses.json")
    still_open = [each.id for each in hypotheses if each.outcome == Outcome.INCONCLUSIVE]
    yield len(still_open) <= MAX_OPEN, f"{len(still_open)} of {len(hypotheses)} open, at most {MAX_OPEN}: {still_open}"
    records = read_records(folder)
    one_user = sum(record.counts.recorded for record in records if record.run.experiment == "one-user")
    yield one_user >= MIN_REQUESTS_OF_ONE_USER, f"one-user: {one_user} requests, at least {MIN_REQUESTS_OF_ONE_USER}"
    gaps = sorted(
        later.phases.server_started - (earlier.phases.server_stopped or later.phases.server_started)
        for earlier, later in itertools.pairwise(records)
    )
    median = gaps[len(gaps) // 2]
    yield median <= MAX_GAP_S, f"{median:.2f} s between two runs (median), at most {MAX_GAP_S:g}"


def check_together(folders: Sequence[Path]) -> Iterator[tuple[bool, str]]:
    """Check that campaigns of the same code say the same."""
    judged = [_by_name(folder) for folder in folders]
    for name in judged[0]:
        outcomes = [each[name].outcome for each in judged]
        expected = EXPECTED.get(name, outcomes[0])
        yield set(outcomes) == {expected}, f"{name}: {', '.join(outcomes)}"
    for before, after in itertools.combinations(folders, 2):
        compared = compare_campaigns(read_campaign(before / "results"), read_campaign(after / "results"))
        counts = {finding: len(compared.experiments_with(finding)) for finding in ChangeFinding}
        text = ", ".join(f"{count} {finding}" for finding, count in counts.items() if count)
        yield not counts[ChangeFinding.SLOWER], f"{before.name} against {after.name}: {text}; none slower"


def _by_name(folder: Path) -> dict[str, JudgedHypothesis]:
    return {each.id: each for each in read_hypotheses(folder / "results" / "hypotheses.json")}


def main() -> None:
    """Measure what is missing, and print one line per promise."""
    folders = [Path(name).absolute() for name in sys.argv[1:]]
    if not folders:
        sys.exit(__doc__)
    for folder in folders:
        measure(folder)
    lines = [
        *((ok, f"{folder.name}: {text}") for folder in folders for ok, text in check_campaign(folder)),
        *check_together(folders),
    ]
    print(*(f"{mark(ok)}  {text}" for ok, text in lines), sep="\n")
    if not all(ok for ok, _ in lines):
        sys.exit(1)


if __name__ == "__main__":
    main()
