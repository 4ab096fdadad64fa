"""CPU time that neither the server nor the load generator used: other load on the machine."""

from dataclasses import dataclass

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.results.signals import NOTABLE_OTHER_LOAD
from loadstone.results.tables import RunKey
from loadstone.suite.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLoad:
    """Other load during one run."""

    cpus: float
    """CPUs that no process of the run used."""
    cores: int
    peak: float | None
    """The most CPUs that they used in any second; None where it was not measured."""
    took: bool
    """Whether the run's verdict is that others took the CPUs that it waited for."""

    @property
    def notable(self) -> bool:
        """Whether it exceeds what the kernel and the measurement take, or decided the run."""
        return self.took or self.cpus > NOTABLE_OTHER_LOAD * self.cores

    @property
    def sentence(self) -> str:
        """The figures, as a clause."""
        peak = f", and up to {text.figure(self.peak)} in a second" if self.peak else ""
        return f"other processes used {text.figure(self.cpus)} of {text.several(self.cores, 'CPU')}{peak}"


def other_load(campaign: Campaign) -> dict[RunKey, OtherLoad]:
    """Find the CPUs that other processes used in each run, baselines included, where all processes were sampled."""
    cores = {(r.run.experiment, r.run.repeat): r.cores or 0 for r in campaign.records}
    return {
        key: OtherLoad(
            cpus=signals.other_cpus,
            cores=cores[key],
            peak=signals.other_cpus_peak,
            took=campaign.judged[key].verdict == Verdict.NEIGHBOUR,
        )
        for key, signals in campaign.signals.items()
        if signals.other_cpus is not None
    }


def other_load_sentence(campaign: Campaign) -> str:
    """State in how many runs other processes kept the machine busy."""
    found = other_load(campaign)
    disturbed = [each for each in found.values() if each.notable]
    if not disturbed:
        return ""
    most = max(disturbed, key=lambda each: each.cpus)
    peak = max((each.peak for each in disturbed if each.peak), default=None)
    median = sorted(each.cpus for each in disturbed)[len(disturbed) // 2]
    second = f" ({text.figure(peak)} in a second)" if peak else ""
    return (
        f"other processes were running: in {text.count(len(disturbed))} of {text.several(len(found), 'run')} "
        f"(baselines included) they used {text.figure(median)} of {most.cores} CPUs (median), and up to "
        f"{text.figure(most.cpus)}{second}; measure again on a quiet machine"
    )
