"""Plan: the suite with all defaults filled in, and its runs in order.

in:   the suite (by its meaning, not by its text: comments and order don't matter)
out:  results/plan.json
"""


rule plan:
    """Write down what the suite means."""
    output:
        plan="results/plan.json",
    log:
        "results/logs/plan.log",
    params:
        digest=PLAN_DIGEST,
    shell:
        r"""
        {PYTHON:q} -m loadstone plan {SUITE:q} \
            {SETTINGS:q} \
            --output {output.plan:q} \
            2> {log:q}
        """
