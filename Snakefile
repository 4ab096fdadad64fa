"""Loadstone: run a suite of load experiments, or only those whose configuration changed, and report on them.

    snakemake --cores all                                   everything
    snakemake --cores all fifty-users                       one experiment
    snakemake --cores all --config suite=config/smoke.yaml  another suite, instead of config/config.yaml
    snakemake --cores all --config duration=180s repeats=5  other defaults
    snakemake --cores all --directory DIR                   the whole campaign in the folder DIR

suite ─► plan ─► measure (each run) ─► summarise (each run) ─► analyse ─► report
                      └──────── look (after each round) ◄──┘
"""


include: "workflow/rules/common.smk"
include: "workflow/rules/campaign.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/build.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/summarise.smk"
include: "workflow/rules/look.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/gate.smk"
include: "workflow/rules/experiments.smk"


rule all:
    """The report on the whole suite, and every file it is made from, so that a missing one is made again."""
    default_target: True
    input:
        ALL_RUNS,
        ALL_SEARCHES,
        ALL_SUMMARIES,
        rules.plan.output,
        rules.analyse.output,
        page=rules.report.output.page,
