"""Build: check out and build each commit that is a server, once per campaign.

in:   the full hash of the commit, the words of its build
out:  results/builds/<checkout>/, a worktree of the suite's repository, and results/builds/<checkout>.json when its
      build is complete
"""


rule build_commit:
    """Check out and build {wildcards.checkout}."""
    output:
        marker="results/builds/{checkout}.json",
    log:
        "results/logs/builds/{checkout}.log",
    priority: len(RUNS) + 1  # a build that fails shows before anything is measured
    threads: workflow.cores  # it would disturb a measurement
    params:
        checkout=checkout_values,
        base=SUITE_FOLDER,
        folder=subpath(output.marker, parent=True),
    shell:
        r"""
        exec loadstone build \
            --checkout {params.checkout:q} \
            --into {params.folder:q} \
            --log {log:q} \
            --base {params.base:q}
        """
