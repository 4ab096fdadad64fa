"""Search: find the highest arrival rate that meets an objective. One job measures all steps of a search.

in:   the search's own values, its commit's marker, the sources of server/, locustfiles/, loadstone/measure/ and of what
      judges each step
out:  results/searches/<name>/: search.json, and a folder per step (`probe-1`, `probe-2`, …) with its run and tables;
      for a step that breaks, results/failed/<name>/<probe>/
"""


rule search:
    """Carry out the capacity search {wildcards.search}."""
    input:
        sources=MEASURE_SOURCES,
        checkout=ancient(marker_of_search),
        own_files=own_files_of_search,
        search_sources=SEARCH_SOURCES,
    output:
        found="results/searches/{search}/search.json",
    log:
        "results/logs/searches/{search}.log",
    threads: workflow.cores  # like measure
    params:
        search=search_values,
        seed=PLAN.suite.seed,
        base=SUITE_FOLDER,
        folder=subpath(output.found, parent=True),
    shell:
        r"""
        exec loadstone search \
            --search {params.search:q} \
            --name {wildcards.search:q} \
            --seed {params.seed:q} \
            --into {params.folder:q} \
            --log {log:q} \
            --base {params.base:q} \
            --failed results/failed/{wildcards.search:q}
        """


ALL_SEARCHES = expand(rules.search.output.found, search=PLAN.suite.capacity)
