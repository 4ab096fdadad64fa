"""`verdicts.json`: what limited each run's throughput, what an experiment's runs agree on, and which runs count.

`analyse` writes it. A run counts where its figures can be used; where no run of an experiment has such figures, all
of them count: something has to be shown, and the verdict says what to make of it.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from loadstone.results.json_file import read_json
from loadstone.results.tables import RunKey
from loadstone.suite.types import FolderName, Model, Sparse
from loadstone.suite.verdict import Verdict


class Evidence(Model):
    """One figure that counts for or against a verdict."""

    signal: str
    value: Annotated[float, Field(allow_inf_nan=True)]
    unit: str
    limit: float
    meaning: str


class Place(StrEnum):
    """Where requests are that users wait for."""

    NOT_ACCEPTED = "not accepted"
    UNREAD = "unread in a socket"
    LOCK = "on a lock"
    RUNNING = "running"
    WAITING_FOR_CPU = "waiting for a CPU"
    DISK = "on disk"
    SLEEPING = "asleep"
    DOWNSTREAM = "downstream"
    UNSENT = "response on its way"
    ELSEWHERE = "elsewhere"
    """What the samples don't show: between the processes, in an event loop, in the load generator."""


class Concurrency(Model):
    """How many requests proceed at the same time: the k of a pool of k, 1 for a lock."""

    value: float
    low: float | None
    high: float | None
    """Ends of the 95 % interval; None where it is unknown."""


class Judgement(Sparse, Model):
    """What limited throughput, and the figures that show it."""

    SPARSE: ClassVar[frozenset[str]] = frozenset({"sentence", "places", "proceeding"})

    verdict: Verdict
    parties: tuple[Verdict, ...]
    """What is named: one limit, or the two or more of *several limits*."""
    also: Verdict | None
    """The second of *several limits*."""
    evidence: tuple[Evidence, ...]
    runner_up: str | None
    """The next nearest to its limit, with its figure."""
    remark: str | None
    probe: str
    """What to do or measure next."""
    sentence: str = ""
    """The verdict in words, with the figures that decided it and the limits that are nearest."""
    places: dict[Place, float] = Field(default={})
    """Where the requests in progress were → mean number of them. Empty where no samples show it."""
    proceeding: Concurrency | None = None
    """Requests that proceed at the same time, where the others wait for them."""
    missing: tuple[str, ...]
    """Signals that were not measured."""


class _Run(Model):
    experiment: str
    repeat: int


class _Plateau(Model):
    users: int
    begin_s: float
    """Seconds since the load began."""
    end_s: float
    throughput_rps: float
    mean_ms: float | None
    """Mean response time; None where no request ended."""


class PlateauVerdict(Judgement, _Plateau):
    """The judgement on a time with a constant number of users."""


class RunVerdict(Judgement, _Run):  # in this order the run's name is written first
    """The judgement on one run."""

    SPARSE: ClassVar[frozenset[str]] = Judgement.SPARSE | {"plateaus"}

    counts: bool = True
    """Whether means over the experiment's runs take this one in."""
    plateaus: tuple[PlateauVerdict, ...] = ()
    """Of a run whose number of users follows a shape."""

    @classmethod
    def of(cls, run: RunKey, judgement: Judgement) -> "RunVerdict":
        """Say whose judgement it is."""
        return cls(experiment=run[0], repeat=run[1], **dict(judgement))

    @property
    def run(self) -> RunKey:
        """Experiment and repeat."""
        return self.experiment, self.repeat


class Elasticity(Model):
    """How throughput answered to more of something: d ln X / d ln n, with its 95 % interval where repeats allow one."""

    value: float
    low: float | None
    high: float | None
    reading: str
    """What it shows, in words."""


class ProbeReading(Model):
    """What a probe of an experiment shows."""

    probe: FolderName
    """The probe's name, whose runs are those of an experiment."""
    changed: str
    """What it changes, such as `twice the threads`."""
    ratio: float
    """Throughput of the probe over that of the experiment."""
    low: float | None
    high: float | None
    """Ends of its 95 % interval, where repeats allow one."""
    reading: str
    """What that shows, in words."""


class ExperimentVerdict(Sparse, Model):
    """What the runs of an experiment agree on. Runs with an unsound verdict have no say if others are sound."""

    SPARSE: ClassVar[frozenset[str]] = frozenset({"sentence", "representative", "probes"})

    verdict: Verdict
    parties: tuple[Verdict, ...]
    """What the runs name. Where repeats disagree, *no clear limit* is among them if a run has that verdict."""
    runs: dict[Verdict, int]
    """Verdict → number of runs that have it, unsound ones included."""
    elasticity: Elasticity | None = None
    """Between N and 2N users, where the suite asked for the probe."""
    remark: str | None = None
    """What a comparison of experiments adds to the runs' own verdicts."""
    sentence: str = ""
    """The verdict in words: that of the representative run, or how the runs disagree, or what a probe shows."""
    representative: int | None = None
    """Repeat of the run that stands for those that agree: of these, the one with the median throughput, or the lower
    of the two in the middle. None where repeats disagree."""
    probes: tuple[ProbeReading, ...] = ()
    """The probes that were measured, and what each shows."""


class CampaignVerdicts(Model):
    """The whole file."""

    experiments: dict[str, ExperimentVerdict]
    runs: tuple[RunVerdict, ...]

    @cached_property
    def by_run(self) -> dict[RunKey, RunVerdict]:
        """The verdict of each run."""
        return {run.run: run for run in self.runs}

    @cached_property
    def counting(self) -> frozenset[RunKey]:
        """The runs that means take in."""
        return frozenset(run.run for run in self.runs if run.counts)

    def sentence_of(self, experiment: str) -> str:
        """Return what the first run that agrees with an experiment's verdict states of it.

        If none does, as where all else is eliminated, it is the experiment's own sentence. Empty where repeats
        disagree, and for results of earlier versions.
        """
        agreed = self.experiments[experiment]
        if agreed.verdict == Verdict.DISAGREE:
            return ""
        states = [run.sentence for run in self._by_experiment.get(experiment, ()) if run.verdict == agreed.verdict]
        return next(filter(None, states), "") if states else agreed.sentence

    @cached_property
    def _by_experiment(self) -> dict[str, list[RunVerdict]]:
        found: dict[str, list[RunVerdict]] = {}
        for run in self.runs:
            found.setdefault(run.experiment, []).append(run)
        return found

    @cached_property
    def unsound(self) -> frozenset[RunKey]:
        """The runs whose figures can't be used."""
        return frozenset(run.run for run in self.runs if not run.verdict.is_sound)


def decide_which_count(runs: Sequence[RunVerdict]) -> tuple[RunVerdict, ...]:
    """Mark the runs that means take in: the sound ones of each experiment, or all of an experiment without any."""
    with_sound = {run.experiment for run in runs if run.verdict.is_sound}
    return tuple(_marked(runs, with_sound))


def _marked(runs: Sequence[RunVerdict], with_sound: set[str]) -> Iterator[RunVerdict]:
    for run in runs:
        yield run.model_copy(update={"counts": run.verdict.is_sound or run.experiment not in with_sound})


def _told_apart(agreed: ExperimentVerdict) -> ExperimentVerdict:
    """Find by its runs whether a verdict that no run stands for means that repeats disagree."""
    if agreed.verdict != Verdict.MIXED or agreed.representative is not None:
        return agreed
    voting = {verdict for verdict in agreed.runs if verdict.is_sound} or set(agreed.runs)
    return agreed.model_copy(update={"verdict": Verdict.DISAGREE}) if voting - {Verdict.MIXED} else agreed


def read_verdicts(path: Path) -> CampaignVerdicts:
    """Read the file. Raises `ResultError` where it is missing, `DamagedError` where it is damaged.

    Files of earlier versions don't state which runs count; it is decided for them here, by the same rule. They have one
    verdict, *mixed*, for several limits and for repeats that disagree.
    """
    read = read_json(CampaignVerdicts, path)
    experiments = {name: _told_apart(agreed) for name, agreed in read.experiments.items()}
    verdicts = read.model_copy(update={"experiments": experiments})
    if all("counts" in run.model_fields_set for run in verdicts.runs):
        return verdicts
    return verdicts.model_copy(update={"runs": decide_which_count(verdicts.runs)})
