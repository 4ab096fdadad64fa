"""Loadstone: rerun a suite of load experiments and learn how fast a server is, how it scales and what stops it.

The rooms, from the ground up; each imports only from rooms above it in this list:

text, errors, files   text for terminals, the tree of errors, files that are whole or absent
instrument/           what runs in Locust's processes beside the users: recorder, conductor; imports Locust only
project               where the Snakefile, the server and the load are: in a checkout, or in the installed package
theory/               operational laws, scaling laws, statistics: needs nothing else of Loadstone
figures/              load tests of others: tables that people wrote, what load tools print or save
suite/                the language of suites: experiments, sweeps, hypotheses, thresholds
plan/                 suite → runs in order, with the baselines and probes that verdicts need
results/              the files of `results/`: one module per file, to write and to read it
lifecycle/            Snakemake's own process: one campaign per folder, and an early end
measure/              one run: server, load, samples; the only room that starts processes or reads a clock
summarise/            one run → the tables of its window, and its signals
search/               measure and judge in a loop: the highest rate that meets an objective
analyse/              all runs → verdicts, scaling laws, agreement of repeats, hypotheses
live/                 a campaign in the browser while it runs
notebook/             a campaign as pandas tables: `loadstone.open`
report/               a campaign as one HTML page
init/                 a first suite, and a locustfile from an OpenAPI description
drive/                `loadstone run`: the workflow as a child process, and its progress in one line
imports/              logs of other load tools as campaigns, marked as imported
compare/              two campaigns, before and after; its page has the report's styles
audits/               load tests of others, audited: text, Markdown, JSON, a page with the report's styles
ab/                   two commits: runs in turn, and whether the second is slower
cli/                  the commands, one module per command

The data flow: suite ─► plan ─► measure ─► summarise ─► analyse ─► report
"""

from importlib.metadata import version
from os import PathLike
from typing import TYPE_CHECKING

from loadstone.errors import LoadstoneError

if TYPE_CHECKING:
    from loadstone.notebook.campaign import StoredCampaign

__all__ = ["LoadstoneError", "__version__", "open"]

__version__ = version("loadstone")


def open(folder: str | PathLike[str] = "results") -> "StoredCampaign":  # noqa: A001 - used as `loadstone.open`
    """Open a campaign, to read its results as pandas tables.

    `folder` is the campaign's folder or its results folder. Only the plan is read; each method of the campaign reads
    its own files: see `loadstone.notebook.campaign`. Raises `LoadstoneError`, with one line, if the folder has no
    results or the plan is damaged.
    """
    from loadstone.notebook.campaign import open_campaign

    return open_campaign(folder)
