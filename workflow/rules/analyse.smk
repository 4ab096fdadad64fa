"""Analyse: combine all runs.

in:   results/plan.json, the tables of all runs, the published table, the sources of loadstone/analyse/
out:  results/summary.csv (experiment × repeat × endpoint), results/verdicts.json, results/scaling.json,
      results/repeats.json, results/hypotheses.json, results/SHA256SUMS
"""


rule analyse:
    """Combine all runs: the summary table, verdicts, sweeps, agreement of repeats, hypotheses."""
    input:
        ALL_SUMMARIES,
        sources=ANALYSE_SOURCES,
        plan=rules.plan.output.plan,
        published=PUBLISHED_TABLE,
    output:
        summary=report("results/summary.csv", caption="../captions/summary.rst", category="Results"),
        scaling="results/scaling.json",
        verdicts=report("results/verdicts.json", caption="../captions/verdicts.rst", category="Results"),
        repeats="results/repeats.json",
        hypotheses=report("results/hypotheses.json", caption="../captions/hypotheses.rst", category="Results"),
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
