"""Measure: one run of one experiment, the only stage that starts a process or looks at a clock.

in:   the run's own values, its commit's marker, the user's own files that its load consists of, the sources of server/,
      locustfiles/, loadstone/instrument/ and loadstone/measure/
out:  results/runs/<experiment>/<repeat>/: requests.parquet, processes.parquet, threads.parquet, sockets.parquet,
      run.json, locust_*.csv, logs/; for a run that breaks, results/failed/<experiment>/<repeat>/ instead, which no later
      stage reads
"""


rule measure:
    """Measure repeat {wildcards.repeat} of {wildcards.experiment}: start the server, apply the load, stop."""
    input:
        sources=MEASURE_SOURCES,
        checkout=ancient(marker_of_run),
        own_files=own_files_of_run,
    output:
        requests="results/runs/{experiment}/{repeat}/requests.parquet",
        processes="results/runs/{experiment}/{repeat}/processes.parquet",
        threads="results/runs/{experiment}/{repeat}/threads.parquet",
        sockets="results/runs/{experiment}/{repeat}/sockets.parquet",
        record="results/runs/{experiment}/{repeat}/run.json",
        stats="results/runs/{experiment}/{repeat}/locust_stats.csv",
        history="results/runs/{experiment}/{repeat}/locust_stats_history.csv",
        failures="results/runs/{experiment}/{repeat}/locust_failures.csv",
        exceptions="results/runs/{experiment}/{repeat}/locust_exceptions.csv",
        logs=directory("results/runs/{experiment}/{repeat}/logs"),
    log:
        "results/logs/{experiment}/{repeat}.log",
    priority: run_priority
    threads: workflow.cores  # one run at a time on a machine, whatever --cores says
    params:
        run=run_values,
        base=SUITE_FOLDER,
        folder=subpath(output.record, parent=True),
    shell:
        r"""
        exec loadstone measure \
            --run {params.run:q} \
            --into {params.folder:q} \
            --log {log:q} \
            --base {params.base:q} \
            --failed results/failed/{wildcards.experiment:q}/{wildcards.repeat:q}
        """


ALL_RUNS = of_campaign(rules.measure.output)
