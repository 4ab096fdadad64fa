"""Gate: `snakemake gate` fails if the campaign refutes a hypothesis that the suite marks `gate: true`.

A gate that is refuted while the machine was busy is no failure, like one that is inconclusive; a line states it.

in:   results/hypotheses.json
out:  an exit code, and one line per refuted gate
"""


rule gate:
    """Fail if a hypothesis that is a gate is refuted."""
    input:
        hypotheses=rules.analyse.output.hypotheses,
    log:
        "results/logs/gate.log",
    shell:
        r"""
        exec loadstone gate {input.hypotheses:q} \
            --pass-undecided \
            --damaged results/damaged \
            2> >(tee {log:q} >&2)
        """
