"""How often `loadstone compare` decides rightly, by simulation: `python -m benchmarks.compare_decisions`, a minute.

Each line is a claim with its figure and its bar; the exit code is 1 if a figure misses its bar. Pairs of equal code are
drawn from recorded runs (`benchmarks/recorded_runs.py`) of quiet and of busy machines; runs with a true slowdown
scatter log-normally.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.recorded_runs import RecordedRun, as_experiment, read_table
from loadstone.compare.judge import compare_campaigns
from loadstone.compare.model import CampaignComparison, CampaignResults, ChangeFinding, RunResult
from loadstone.suite.verdict import Verdict

QUIET_OTHERS = 0.012
"""Standard deviation of the others' share of a quiet machine, as in the archive of `tests/fixtures`."""

BUSY = (
    *(("quiet", "tests"), ("tests", "quiet"), ("tests", "tests")),
    *(("shared", "neighbour"), ("shared", "shared"), ("neighbour", "neighbour"), ("neighbour", "shared")),
)
"""What ran beside two campaigns, before and after: nothing, this project's tests, processes that burn CPU."""

HALVED = ("quiet", "shared", "neighbour")

Spread = Callable[[np.random.Generator, int], np.ndarray]
"""Number of experiments → standard deviation of the logarithm of each one's runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is claimed, what was found, and the bar."""

    sentence: str
    figure: float
    """Comparisons of a hundred."""
    least: float = 0.0
    most: float = 100.0

    @property
    def holds(self) -> bool:
        """Whether the figure reaches its bar."""
        return self.least <= self.figure <= self.most

    def __str__(self) -> str:
        bar = f"at most {self.most:g}" if self.most < 100 else f"at least {self.least:g}"
        return f"{'ok    ' if self.holds else 'FAILED'} {self.figure:5.1f} of 100 ({bar}): {self.sentence}"


def campaign(experiments: dict[str, list[RunResult]]) -> CampaignResults:
    """Put experiments together as a campaign."""
    return CampaignResults(
        experiments={name: as_experiment(runs) for name, runs in experiments.items()}, suite={}, environment={}
    )


def quiet_runs(rng: np.random.Generator, spread: float, runs: int, factor: float = 1.0) -> list[RunResult]:
    """Make up runs on a quiet machine, `factor` times as slow."""
    made = []
    for repeat in range(1, runs + 1):
        slow = factor * rng.lognormal(0, spread)
        times = {"mean_ms": 20 * slow, "p95_ms": 50 * slow * rng.lognormal(0, spread), "p99_ms": 90 * slow}
        made.append(
            RunResult(
                repeat=repeat,
                verdict=Verdict.SERVER_CPU,
                reason="",
                metrics={**times, "throughput_rps": 400 / slow},
                requests=4000,
                others=max(0.0, rng.normal(0.01, QUIET_OTHERS)),
            )
        )
    return made


def quiet_pair(
    rng: np.random.Generator, experiments: int, runs: int, spread: Spread, factor: float = 1.0, noisier: float = 1.0
) -> CampaignComparison:
    """Compare two quiet campaigns; the first experiment of the second is `factor` times as slow."""
    spreads = spread(rng, experiments)
    before = {f"e{n}": quiet_runs(rng, spreads[n], runs) for n in range(experiments)}
    after = {f"e{n}": quiet_runs(rng, noisier * spreads[n], runs, 1.0 if n else factor) for n in range(experiments)}
    return compare_campaigns(campaign(before), campaign(after))


def recorded_pair(
    rng: np.random.Generator, table: Sequence[RecordedRun], machines: tuple[str, str], runs: int = 5
) -> CampaignComparison:
    """Compare two campaigns of runs drawn from the recorded ones, before from one machine and after from the other."""
    sides: list[dict[str, list[RunResult]]] = []
    for machine in machines:
        side = {}
        for name in sorted(set.intersection(*(set(names_of(table, each)) for each in machines))):
            pool = [run for run in table if (run.experiment, run.machine) == (name, machine)]
            picks = rng.integers(len(pool), size=runs)
            side[name] = [pool[pick].as_result(repeat) for repeat, pick in enumerate(picks, 1)]
        sides.append(side)
    return compare_campaigns(campaign(sides[0]), campaign(sides[1]))


def names_of(table: Sequence[RecordedRun], machine: str) -> list[str]:
    """Name the experiments that were recorded on a machine."""
    return sorted({run.experiment for run in table if run.machine == machine})


def halves(table: Sequence[RecordedRun], machine: str) -> CampaignComparison:
    """Compare the first half of a recorded campaign with its second half: a real pair of the same code."""
    sides: tuple[dict[str, list[RunResult]], dict[str, list[RunResult]]] = ({}, {})
    for name in names_of(table, machine):
        runs = sorted(
            (run for run in table if (run.experiment, run.machine) == (name, machine)), key=lambda run: run.started
        )
        for number, run in enumerate(runs):
            side = sides[2 * number >= len(runs)]
            side.setdefault(name, []).append(run.as_result(number))
    return compare_campaigns(campaign(sides[0]), campaign(sides[1]))


def equal(spread: float) -> Spread:
    """Let all experiments scatter alike."""
    return lambda _, experiments: np.full(experiments, spread)


def unequal(median: float, factor: float) -> Spread:
    """Let the standard deviations scatter log-normally, by this factor."""
    return lambda rng, experiments: median * np.exp(np.log(factor) * rng.normal(size=experiments))


def one_noisy(spread: float, noisy: float) -> Spread:
    """Let the first experiment scatter more than the others."""
    return lambda _, experiments: np.array([noisy] + [spread] * (experiments - 1))


def slower_anywhere(comparison: CampaignComparison) -> bool:
    """Whether an experiment is called slower."""
    return bool(comparison.experiments_with(ChangeFinding.SLOWER))


def count(pairs: int, make: Callable[[int], CampaignComparison], found: Callable[[CampaignComparison], bool]) -> float:
    """Return the percentage of comparisons in which something was found; `make` gets the number of the pair."""
    return 100 * sum(found(make(number)) for number in range(pairs)) / pairs


def equal_code_half_busy(rng: np.random.Generator, pairs: int = 100) -> float:
    """Count regressions of equal code: pairs of a quiet machine in turn with pairs of which a side was busy."""
    table = read_table()

    def make(number: int) -> CampaignComparison:
        return recorded_pair(rng, table, BUSY[number // 2 % len(BUSY)] if number % 2 else ("quiet", "quiet"))

    return count(pairs, make, slower_anywhere)


def slowdown_found(rng: np.random.Generator, experiments: int, spread: Spread, pairs: int = 100) -> float:
    """Count how often a true slowdown of 10 % is found, with five quiet repeats on each side."""

    def found(comparison: CampaignComparison) -> bool:
        return comparison.experiments[0].finding == ChangeFinding.SLOWER

    return count(pairs, lambda _: quiet_pair(rng, experiments, 5, spread, 1.1), found)


def itself(rng: np.random.Generator) -> float:
    """Count the experiments without *no change* when a campaign is compared with itself."""
    runs = [replace(run, identity=str(run.repeat)) for run in quiet_runs(rng, 0.1, 3)]
    whole = campaign({f"e{n}": runs[: 1 + n % 3] for n in range(12)})
    found = compare_campaigns(whole, whole).experiments_with(ChangeFinding.NO_CHANGE)
    return 100 * (1 - len(found) / 12)


def claims(pairs: int = 500) -> list[Claim]:
    """Simulate all of it."""
    rng = np.random.default_rng(31)
    equal_code: list[tuple[str, int, int, Spread, float]] = [
        ("equal spread, 12 experiments, 5 runs", 12, 5, equal(0.03), 1.0),
        ("equal spread, 12 experiments, 3 runs", 12, 3, equal(0.03), 1.0),
        ("spreads that differ by a factor of 2, 12 experiments, 3 runs", 12, 3, unequal(0.03, 2.0), 1.0),
        ("spreads that differ by a factor of 2, 39 experiments, 3 runs", 39, 3, unequal(0.03, 2.0), 1.0),
        ("one experiment with five times the spread, 12 experiments, 3 runs", 12, 3, one_noisy(0.02, 0.1), 1.0),
        ("the second campaign with four times the spread, 12 experiments, 3 runs", 12, 3, equal(0.02), 4.0),
        ("one experiment, 5 runs", 1, 5, equal(0.05), 1.0),
    ]
    found = [
        Claim(sentence="equal code, half of the pairs busy: slower", figure=equal_code_half_busy(rng), most=5),
        Claim(sentence="a campaign against itself: anything but no change", figure=itself(rng), most=0),
        Claim(
            sentence="a recorded campaign's first half against its second: slower",
            figure=100.0 * sum(slower_anywhere(halves(read_table(), name)) for name in HALVED) / len(HALVED),
            most=0,
        ),
    ]
    for experiments in (1, 4, 12, 39):
        sentence = f"10 % slower, {experiments} experiments, 5 runs that scatter by 2.5 %: found"
        found.append(
            Claim(sentence=sentence, figure=slowdown_found(rng, experiments, equal(0.025), pairs // 2), least=90)
        )
    for sentence, experiments, runs, spread, noisier in equal_code:

        def make(
            _: int, experiments: int = experiments, runs: int = runs, spread: Spread = spread, noisier: float = noisier
        ) -> CampaignComparison:
            return quiet_pair(rng, experiments, runs, spread, noisier=noisier)

        found.append(
            Claim(sentence=f"equal code, {sentence}: slower", figure=count(pairs, make, slower_anywhere), most=5)
        )
    return found


def main() -> None:
    """Print a line per claim."""
    found = claims()
    print(*found, sep="\n")
    if not all(claim.holds for claim in found):
        sys.exit(1)


if __name__ == "__main__":
    main()
