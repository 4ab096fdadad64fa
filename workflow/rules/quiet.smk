"""Quiet: what keeps Snakemake itself from using the CPUs while a run is measured.

Its limit on jobs a second (100, with no option to have none) looks at all waiting jobs again a second after each look,
and once more a second for each job that has ended: with a hundred runs that takes half a CPU. See docs/decisions/0014.
"""


onstart:
    workflow.scheduler.job_rate_limiter = None
