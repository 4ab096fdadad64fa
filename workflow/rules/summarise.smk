"""Summarise: reduce the requests and samples of one run to small tables of its window.

in:   all files of a run, the sources of loadstone/summarise/ and of the theory it uses
out:  results/summaries/<experiment>/<repeat>/: endpoints.csv, latency.csv, course.csv,
      heat.csv, processes.csv, timeline.csv, window.json, signals.json, SHA256SUMS
"""


rule summarise:
    """Summarise repeat {wildcards.repeat} of {wildcards.experiment}."""
    input:
        sources=SUMMARISE_SOURCES,
        run=rules.measure.output,
        requests=rules.measure.output.requests,
        processes=rules.measure.output.processes,
        threads=rules.measure.output.threads,
        sockets=rules.measure.output.sockets,
        record=rules.measure.output.record,
    output:
        endpoints="results/summaries/{experiment}/{repeat}/endpoints.csv",
        latency="results/summaries/{experiment}/{repeat}/latency.csv",
        course="results/summaries/{experiment}/{repeat}/course.csv",
        heat="results/summaries/{experiment}/{repeat}/heat.csv",
        processes="results/summaries/{experiment}/{repeat}/processes.csv",
        timeline="results/summaries/{experiment}/{repeat}/timeline.csv",
        window="results/summaries/{experiment}/{repeat}/window.json",
        signals="results/summaries/{experiment}/{repeat}/signals.json",
        sums="results/summaries/{experiment}/{repeat}/SHA256SUMS",
    log:
        "results/logs/summarise/{experiment}/{repeat}.log",
    params:
        run=run_values,
        folder=subpath(output.endpoints, parent=True),
    shell:
        r"""
        exec loadstone summarise \
            --requests {input.requests:q} \
            --processes {input.processes:q} \
            --threads {input.threads:q} \
            --sockets {input.sockets:q} \
            --record {input.record:q} \
            --run {params.run:q} \
            --into {params.folder:q} \
            --damaged results/damaged \
            2> >(tee {log:q} >&2)
        """


ALL_SUMMARIES = of_campaign(rules.summarise.output)
