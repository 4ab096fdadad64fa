"""Analyse: all runs together.

in:   results/plan.json, the tables of all runs, the sources of loadstone/analyse/
out:  results/summary.csv (experiment × repeat × endpoint), results/scaling.json
"""


rule analyse:
    """Put all runs together: one table, and the scaling laws of the sweeps."""
    input:
        sources=ANALYSE_SOURCES,
        plan=rules.plan.output.plan,
        summaries=ALL_SUMMARIES,
    output:
        summary="results/summary.csv",
        scaling="results/scaling.json",
    log:
        "results/logs/analyse.log",
    shell:
        r"""
        loadstone analyse \
            --plan {input.plan:q} \
            --summaries results/summaries \
            --summary {output.summary:q} \
            --scaling {output.scaling:q} \
            2> >(tee {log:q} >&2)
        """
