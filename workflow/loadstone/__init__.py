"""Loadstone: rerun a suite of load experiments and learn how fast a server is, how it scales and what stops it.

The rooms, from the ground up; each imports only from rooms above it in this list:

text, errors, files   text for terminals, the tree of errors, files that are whole or absent
theory/               operational laws, scaling laws, statistics: needs nothing else of Loadstone
suite/                the language of suites: experiments, sweeps, hypotheses, thresholds
plan/                 suite → runs in order, with the baselines and probes that verdicts need
results/              the files of `results/`: one module per file, to write and to read it
lifecycle/            Snakemake's own process: one campaign per folder, and an early end
measure/              one run: server, load, samples; the only room that starts processes or reads a clock
summarise/            one run → the tables of its window, and its signals
search/               measure and judge in a loop: the highest rate that meets an objective
analyse/              all runs → verdicts, scaling laws, agreement of repeats, hypotheses
live/                 a campaign in the browser while it runs
report/               a campaign as one HTML page
compare/              two campaigns, before and after; its page has the report's styles
ab/                   two commits: runs in turn, and whether the second is slower
cli/                  the commands, one module per command

The data flow: suite ─► plan ─► measure ─► summarise ─► analyse ─► report
"""

from importlib.metadata import version

__version__ = version("loadstone")
