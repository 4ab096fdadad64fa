"""What each process of the server and of the load generator used."""

import pandas as pd

from loadstone.plan.baselines import is_baseline
from loadstone.report.campaign import Campaign
from loadstone.report.charts import comparison
from loadstone.report.doubts import Doubts, kinds, marked
from loadstone.report.section import Section, drawn


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """CPUs used, by process and run."""
    table = marked(cpu_by_process(campaign), doubts, kinds)
    charts = drawn({"cpu": comparison.cpu(table, campaign.experiments)})
    return Section(anchor="cpu", title="Comparison: CPU by process", view=None, charts=charts)


def cpu_by_process(campaign: Campaign) -> pd.DataFrame:
    """List what every process used, the busiest of a role first: experiment, repeat, role, process (from 1), cpu."""
    table = campaign.processes
    own = ~table["experiment"].map(is_baseline).astype(bool)
    processes = table[own & (table["role"] != "host")].dropna(subset="cpu").copy()
    rank = processes.groupby(["experiment", "repeat", "role"])["cpu"].rank(method="first", ascending=False)
    processes["process"] = rank.astype(int)
    return processes[["experiment", "repeat", "role", "process", "cpu"]]
