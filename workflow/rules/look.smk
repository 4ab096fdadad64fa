"""Look: decide which experiments get another repeat. Only in a suite with repeats by need.

in:   the suite, compared by meaning; the looks before it; the tables of all runs so far; the published table; the
      sources of loadstone/looks/ and of what judges the results
out:  results/looks/<round>.json; a look that grants nothing is the last one
"""


checkpoint look:
    """Look at the results before round {wildcards.round}."""
    input:
        summaries_before_look,
        looks=looks_before,
        sources=LOOK_SOURCES,
        published=PUBLISHED_TABLE,
    output:
        look="results/looks/{round}.json",
    log:
        "results/logs/looks/{round}.log",
    params:
        digest=PLAN.digest,
        suite=str(SUITE),
        settings=SETTINGS,
        published=PUBLISHED_OPTION,
        folder=subpath(output.look, parent=True),
    shell:
        r"""
        exec loadstone look {params.suite:q} \
            {params.settings:q} \
            --round {wildcards.round:q} \
            --looks {params.folder:q} \
            --summaries results/summaries \
            --output {output.look:q} \
            --damaged results/damaged \
            {params.published:q} \
            2> >(tee {log:q} >&2)
        """
