"""Analyse: all runs together.

in:   results/plan.json, the tables of all runs, the published table, the sources of loadstone/analyse/
out:  results/summary.csv (experiment × repeat × endpoint), results/verdicts.json, results/scaling.json,
      results/repeats.json, results/hypotheses.json, results/SHA256SUMS
"""


rule analyse:
    """Put all runs together: one table, the verdicts, the sweeps, how well repeats agree, what the suite claims."""
    input:
        ALL_SUMMARIES,
        sources=ANALYSE_SOURCES,
        plan=rules.plan.output.plan,
        published=PUBLISHED_TABLE,
    output:
        summary=report("results/summary.csv", caption="../report/summary.rst", category="Results"),
        scaling="results/scaling.json",
        verdicts=report("results/verdicts.json", caption="../report/verdicts.rst", category="Results"),
        repeats="results/repeats.json",
        hypotheses=report("results/hypotheses.json", caption="../report/hypotheses.rst", category="Results"),
        sums="results/SHA256SUMS",
    log:
        "results/logs/analyse.log",
    params:
        published=PUBLISHED_OPTION,
    shell:
        r"""
        exec loadstone analyse \
            --plan {input.plan:q} \
            --summaries results/summaries \
            --summary {output.summary:q} \
            --scaling {output.scaling:q} \
            --verdicts {output.verdicts:q} \
            --repeats {output.repeats:q} \
            --hypotheses {output.hypotheses:q} \
            --damaged results/damaged \
            {params.published:q} \
            2> >(tee {log:q} >&2)
        """
