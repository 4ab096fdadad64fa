"""Loadstone: rerun a suite of load experiments, or just those whose configuration changed, and report on them.

    snakemake --cores all                                   everything
    snakemake --cores all fifty-users                       one experiment
    snakemake --cores all --config suite=config/smoke.yaml  another suite, instead of config/config.yaml
    snakemake --cores all --config duration=180s repeats=5  other defaults
    snakemake --cores all --directory DIR                   keep the whole campaign in DIR

suite ─► plan ─► measure (each run) ─► summarise (each run) ─► analyse ─► report
"""


include: "workflow/rules/common.smk"
include: "workflow/rules/campaign.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/summarise.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/gate.smk"
include: "workflow/rules/experiments.smk"


rule all:
    """The report on the whole suite, and every file that it rests on: one that is missing is made again."""
    default_target: True
    input:
        ALL_RUNS,
        ALL_SEARCHES,
        ALL_SUMMARIES,
        rules.plan.output,
        rules.analyse.output,
        page=rules.report.output.page,
