"""CPU time that neither the server nor the generator used: what else was running on the machine."""

from dataclasses import dataclass

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.results.tables import RunKey

NOTABLE = 0.25
"""Share of the machine's CPUs above which something else was running: the kernel's part in a loaded run, and what the
measuring itself takes, stay below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """What else ran during one run."""

    cpus: float
    """CPUs that no process of the run used."""
    cores: int

    @property
    def notable(self) -> bool:
        """Whether it was more than the kernel and the measuring take."""
        return self.cpus > NOTABLE * self.cores


def foreign(campaign: Campaign) -> dict[RunKey, Foreign]:
    """Tell of each run, baselines included, how many CPUs were busy with something else, where all was sampled."""
    table = campaign.processes.dropna(subset="cpu")
    host = table[table["role"] == "host"].groupby(["experiment", "repeat"])["cpu"].first()
    own = table[table["role"] != "host"].groupby(["experiment", "repeat"])["cpu"].sum()
    cores = {(r.run.experiment, r.run.repeat): r.machine.cores for r in campaign.records}
    both = (host - own).dropna()
    keys = [(str(name), int(repeat)) for name, repeat in both.index]
    return {key: Foreign(cpus=max(0.0, float(cpus)), cores=cores[key]) for key, cpus in zip(keys, both, strict=True)}


def foreign_sentence(campaign: Campaign) -> str:
    """Say in how many runs something else kept the machine busy."""
    found = foreign(campaign)
    disturbed = [each for each in found.values() if each.notable]
    if not disturbed:
        return ""
    most = max(disturbed, key=lambda each: each.cpus)
    median = sorted(each.cpus for each in disturbed)[len(disturbed) // 2]
    return (
        f"something else was running: in {text.count(len(disturbed))} of {text.several(len(found), 'run')} "
        f"(baselines included) processes that belong to neither server nor generator kept {text.figure(median)} of "
        f"{most.cores} CPUs busy by the median, and up to {text.figure(most.cpus)}; measure again on a quiet machine"
    )
