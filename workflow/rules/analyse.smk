"""Analyse: all runs together.

in:   results/plan.json, the tables of all runs, the sources of loadstone/analyse/
out:  results/summary.csv (experiment × repeat × endpoint), results/verdicts.json, results/scaling.json,
      results/repeats.json
"""


rule analyse:
    """Put all runs together: one table, the verdicts, the sweeps, how well repeats agree."""
    input:
        sources=ANALYSE_SOURCES,
        plan=rules.plan.output.plan,
        summaries=ALL_SUMMARIES,
    output:
        summary="results/summary.csv",
        scaling="results/scaling.json",
        verdicts="results/verdicts.json",
        repeats="results/repeats.json",
    log:
        "results/logs/analyse.log",
    shell:
        r"""
        loadstone analyse \
            --plan {input.plan:q} \
            --summaries results/summaries \
            --summary {output.summary:q} \
            --scaling {output.scaling:q} \
            --verdicts {output.verdicts:q} \
            --repeats {output.repeats:q} \
            2> >(tee {log:q} >&2)
        """
