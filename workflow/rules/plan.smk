"""Plan: the suite with all defaults filled in, and its runs in order.

in:   the suite, compared by meaning: its comments and the order of its lines do not matter; the looks
out:  results/plan.json
"""


rule plan:
    """Write the suite with all defaults filled in, and its runs in order."""
    input:
        looks=looks_taken,
    output:
        plan="results/plan.json",
    log:
        "results/logs/plan.log",
    params:
        digest=PLAN.digest,
        title=PLAN.suite.title or "",
        suite=str(SUITE),
        settings=SETTINGS,
    shell:
        r"""
        exec loadstone plan {params.suite:q} \
            {params.settings:q} \
            --looks results/looks \
            --output {output.plan:q} \
            2> >(tee {log:q} >&2)
        """
