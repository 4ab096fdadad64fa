"""How often hypotheses are judged wrongly, and after how many repeats they are decided: simulations, under a minute.

Made-up campaigns have repeats by need, from 3 to 10: a hypothesis is judged after each block until it is decided. The
true ratio is exactly at the bound, and every decision counts as wrong, on either side. Compared are plain 95 %
intervals at each look, the boundaries of Pocock (1977) and of O'Brien & Fleming (1979) for normal statistics,
Bonferroni's share of the error for each look, and Loadstone's boundary, which is Pocock's for Student's t. The figures
are those of decision 0034.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from benchmarks.pipeline import mark
from loadstone.analyse.evidence import MIN_PAIRED, Ratio
from loadstone.analyse.family import Member
from loadstone.analyse.metrics import MetricValues
from loadstone.suite.hypotheses import Compare, Region
from loadstone.theory.sequential import DecidedAt, level_of_look, step_down

Floats = NDArray[np.float64]

CAMPAIGNS = 40_000
FAMILIES = 20_000
PRODUCT = 400
"""Campaigns that the library itself judges, to compare the simulation with it."""

FEWEST, MOST = 3, 10
LOOKS = np.arange(FEWEST, MOST + 1)
ERROR = 0.05
HYPOTHESES = 12
BOUND = 1.05
LEVELS = {"alone": ERROR, "third of 12 left": ERROR / 3, "first of 12": ERROR / HYPOTHESES}

MAX_WRONG = 0.05
MAX_REPEATS_CLOSE = 7.0
"""For a ratio of 1.15."""
MAX_REPEATS_CLEAR = 3.1
"""For a ratio of 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What makes runs differ. All figures are relative."""

    cv: float = 0.05
    first_cv: float = 0.05
    """The same for the experiment in the numerator."""
    drift: float = 0.0
    """Linear, over ten blocks."""
    block: float = 0.0
    """Scatter of whole blocks."""

    def blocks(self, rng: np.random.Generator, campaigns: int) -> Floats:
        """Draw what affects all experiments of a block alike."""
        return rng.normal(0, self.block, (campaigns, MOST)) + np.linspace(0, self.drift, MOST)

    def draw(self, rng: np.random.Generator, campaigns: int, ratio: float) -> tuple[Floats, Floats]:
        """Draw the logarithms of ten repeats of two experiments."""
        shared = self.blocks(rng, campaigns)
        scatter = (rng.normal(0, cv, (campaigns, MOST)) for cv in (self.first_cv, self.cv))
        a, b = (shared + each for each in scatter)
        return a + np.log(ratio), b


WORLDS = {
    "CV 5 %": World(),
    "variances differ by a factor of 4": World(first_cv=0.1),
    "drift of 10 %": World(drift=0.1),
    "blocks scatter as runs do": World(block=0.05),
    "all of it": World(first_cv=0.1, drift=0.1, block=0.05),
}


def moments(x: Floats) -> tuple[Floats, Floats]:
    """Return means and variances of the first repeats, at each look."""
    n = LOOKS.astype(float)
    mean = np.cumsum(x, axis=1)[:, LOOKS - 1] / n
    square = np.cumsum(x * x, axis=1)[:, LOOKS - 1]
    return mean, np.maximum(square - n * mean**2, 0) / (n - 1)


def p_values(a: Floats, b: Floats) -> Floats:
    """Return two-sided p-values of a ratio against a bound at each look: Welch's t, then pairs from `MIN_PAIRED` on."""
    n = LOOKS.astype(float)
    (mean_a, var_a), (mean_b, var_b), (_, var) = moments(a), moments(b), moments(a - b)
    sum_of_both = (var_a + var_b) / n
    freedom = sum_of_both**2 / (((var_a / n) ** 2 + (var_b / n) ** 2) / (n - 1))
    paired = LOOKS >= MIN_PAIRED
    t = (mean_a - mean_b - np.log(BOUND)) / np.sqrt(np.where(paired, var / n, sum_of_both))
    return np.asarray(2 * special.stdtr(np.where(paired, n - 1, freedom), -np.abs(t)))


def boundary(error: float, power: float) -> Floats:
    """Return the nominal level of each look: Pocock's for a power of 0, O'Brien & Fleming's for a power of 0.5.

    The boundary of the normal statistic is c·(n_K/n)^power. c follows from recursive numerical integration (Armitage,
    McPherson & Rowe 1969).
    """
    nodes, weights = special.roots_legendre(80)
    shape = (MOST / LOOKS) ** power

    def crossed(c: float) -> float:
        ends = c * shape * np.sqrt(LOOKS)
        at, step = ends[0] * nodes, ends[0] * weights
        density = stats.norm.pdf(at / np.sqrt(FEWEST)) / np.sqrt(FEWEST)
        for end in ends[1:]:
            density = stats.norm.pdf(end * nodes[:, None] - at) @ (density * step)
            at, step = end * nodes, end * weights
        return 1 - float(density @ step)

    c = optimize.brentq(lambda c: crossed(c) - error, 1, 8)
    return np.asarray(2 * stats.norm.sf(c * shape))


def methods(error: float) -> dict[str, Floats]:
    """Return each method's nominal level of each look."""
    return {
        "plain": np.full(len(LOOKS), error),
        "Pocock": boundary(error, 0),
        "O'Brien-Fleming": boundary(error, 0.5),
        "Bonferroni": np.full(len(LOOKS), error / len(LOOKS)),
        "Loadstone": np.full(len(LOOKS), level_of_look(error, FEWEST, MOST)),
    }


def report(text: str, value: float, most: float | None, unit: str = " %") -> None:
    """Print one line; without a bar it is for comparison only."""
    written = f"{100 * value:.2f} %" if unit == " %" else f"{value:.2f}{unit}"
    if most is None:
        print(f"       {text}: {written}", flush=True)
        return
    limit = f"{100 * most:.3g} %" if unit == " %" else f"{most:g}{unit}"
    print(f"{mark(value <= most)}  {text}: {written}, at most {limit}", flush=True)


def count_wrong() -> None:
    """Print how often each method decides a ratio that is exactly at the bound."""
    rng = np.random.default_rng(1)
    for name, world in WORLDS.items():
        p = p_values(*world.draw(rng, CAMPAIGNS, BOUND))
        for judged, error in LEVELS.items():
            for method, levels in methods(error).items():
                bar = error if method == "Loadstone" else None
                if bar or name == "CV 5 %" or judged == "alone":
                    report(f"decided wrongly, {name}, {judged}, {method}", float((p <= levels).any(axis=1).mean()), bar)


def count_repeats() -> None:
    """Print after how many repeats a hypothesis is decided, judged alone and as the first of twelve."""
    rng = np.random.default_rng(2)
    for ratio, most in ((1.15, MAX_REPEATS_CLOSE), (2.0, MAX_REPEATS_CLEAR)):
        p = p_values(*World().draw(rng, CAMPAIGNS, ratio))
        for judged, error in LEVELS.items():
            for method, levels in methods(error).items():
                decided = p <= levels
                repeats = np.where(decided.any(axis=1), LOOKS[decided.argmax(axis=1)], MOST)
                bar = most if (judged, method) == ("alone", "Loadstone") else None
                text = f"a ratio of {ratio:g} against > {BOUND:g}, {judged}, {method}"
                report(text, float(repeats.mean()), bar, " repeats")


def count_wrong_campaigns() -> None:
    """Print how many campaigns hold a wrong judgement at any look, on twelve experiments compared with one."""
    rng = np.random.default_rng(3)
    for name, world in WORLDS.items():
        for clear in (0, 6, 11):
            p = np.stack(list(family(rng, clear, world)), axis=-1)
            decided = holm(p)
            if not clear:
                sample = p[:: FAMILIES // PRODUCT, -1], decided[:: FAMILIES // PRODUCT, -1]
                otherwise = [judge_together(ps) != found.tolist() for ps, found in zip(*sample, strict=True)]
                report(f"judged otherwise by the library, families, {name}", float(np.mean(otherwise)), 0.0)
            text = f"campaigns with a wrong judgement, {HYPOTHESES} hypotheses, {clear} of them clear, {name}"
            report(text, float(decided[..., clear:].any(axis=(1, 2)).mean()), MAX_WRONG)


def family(rng: np.random.Generator, clear: int, world: World) -> Iterator[Floats]:
    """Yield the p-values of twelve hypotheses that share an experiment, the clear ones first."""
    blocks = world.blocks(rng, FAMILIES)
    to = blocks + rng.normal(0, world.cv, blocks.shape)
    for number in range(HYPOTHESES):
        ratio = 2.0 if number < clear else BOUND
        yield p_values(np.log(ratio) + blocks + rng.normal(0, world.first_cv, blocks.shape), to)


def holm(p: Floats) -> NDArray[np.bool_]:
    """Judge hypotheses, on the last axis, by Holm's procedure as in textbooks: which are decided."""
    levels = [level_of_look(ERROR / (HYPOTHESES - rank), FEWEST, MOST) for rank in range(HYPOTHESES)]
    order = np.argsort(p, axis=-1)
    rejected = np.logical_and.accumulate(np.take_along_axis(p, order, -1) <= levels, axis=-1)
    decided = np.zeros(p.shape, bool)
    np.put_along_axis(decided, order, rejected, -1)
    return decided


def judge_together(p: Floats) -> list[bool]:
    """Judge the hypotheses of one campaign at one look by the library's procedure."""
    return [step.decided for step in step_down([decided_by(float(each)) for each in p], ERROR)]


def decided_by(p: float) -> DecidedAt:
    """Decide at the level of a look."""
    return lambda level: p <= level_of_look(level, FEWEST, MOST)


def compare_with_library() -> None:
    """Judge campaigns by the library itself, and count those that it decides at another repeat than the simulation."""
    rng = np.random.default_rng(4)
    a, b = World(first_cv=0.1, drift=0.1).draw(rng, PRODUCT, 1.15)
    simulated = p_values(a, b) <= level_of_look(ERROR, FEWEST, MOST)
    judged = np.array([[judge(x, y, int(n)) for n in LOOKS] for x, y in zip(np.exp(a), np.exp(b), strict=True)])
    report(f"judged otherwise by the library, {PRODUCT} campaigns", float((simulated != judged).mean()), 0.0)


def judge(a: Floats, b: Floats, blocks: int) -> bool:
    """Judge one look by the library."""
    numerator, denominator = (MetricValues(dict(enumerate(values[:blocks].tolist(), start=1)), {}) for values in (a, b))
    ratio = Ratio(
        compare=Compare(metric="mean", of="a", to="b"),
        region=Region(low=BOUND, open=True),
        numerator=numerator,
        denominator=denominator,
        blocks=blocks,
    )
    return Member(ratio, FEWEST, MOST).decided_at(ERROR)


def count_wrong_of_other_tests() -> None:
    """Print the same for a mean, for a trend over three levels, and for variances that differ by a factor of 16.

    The last one has no bar: Welch's t alone exceeds its level there.
    """
    rng = np.random.default_rng(6)
    n = LOOKS.astype(float)
    mean, variance = moments(rng.normal(size=(CAMPAIGNS, MOST)))
    levels = [moments(rng.normal(size=(CAMPAIGNS, MOST))) for _ in range(3)]
    means, squares = np.stack([mean for mean, _ in levels]), sum(variance * (n - 1) for _, variance in levels)
    bend = means[0] - 2 * means[1] + means[2]
    slope = (means[2] - means[0]) / 2
    residual = (squares + n * bend**2 / 6) / (3 * n - 2)
    found = {
        "a mean": 2 * special.stdtr(n - 1, -np.abs(mean) / np.sqrt(variance / n)),
        "a trend": 2 * special.stdtr(3 * n - 2, -np.abs(slope) / np.sqrt(residual / (2 * n))),
        "variances differ by a factor of 16": p_values(*World(first_cv=0.2).draw(rng, CAMPAIGNS, BOUND)),
    }
    for name, p in found.items():
        for judged, error in LEVELS.items():
            wrong = float((p <= level_of_look(error, FEWEST, MOST)).any(axis=1).mean())
            report(f"decided wrongly, {name}, {judged}, Loadstone", wrong, None if "variances" in name else error)


def count_wrong_by_drift() -> None:
    """Print what repeats in blocks of their own do: ten repeats against three, at a drift of 10 % and a CV of 2 %."""
    rng = np.random.default_rng(5)
    a, b = World(cv=0.02, first_cv=0.02, drift=0.1).draw(rng, CAMPAIGNS, BOUND)
    for text, first, most in (("all runs", a, None), ("the blocks that both are in", a[:, :FEWEST], MAX_WRONG)):
        p = stats.ttest_ind(first - np.log(BOUND), b[:, :FEWEST], axis=1, equal_var=False).pvalue
        report(f"decided wrongly, 10 repeats against 3, drift of 10 %, {text}", float((p <= ERROR).mean()), most)


def main() -> None:
    """Print one line per claim."""
    compare_with_library()
    count_wrong()
    count_wrong_of_other_tests()
    count_wrong_by_drift()
    count_repeats()
    count_wrong_campaigns()


if __name__ == "__main__":
    main()
