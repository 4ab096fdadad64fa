"""Gate: a target that fails where the campaign refutes what the suite makes a gate; `snakemake gate` asks for it.

in:   results/hypotheses.json
out:  nothing but its exit code, and a line for each refuted gate
"""


rule gate:
    """Fail for each hypothesis that is a gate and refuted."""
    input:
        hypotheses=rules.analyse.output.hypotheses,
    log:
        "results/logs/gate.log",
    shell:
        r"""
        exec loadstone gate {input.hypotheses:q} --damaged results/damaged 2> >(tee {log:q} >&2)
        """
