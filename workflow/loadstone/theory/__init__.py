"""Laws and statistics of performance measurement. This package imports nothing else of Loadstone.

Fit a scaling law to throughput measured with 1 to 16 workers, two runs each, and ask it questions:

    >>> from loadstone.theory.fitting import fit_usl
    >>> workers = [1, 1, 2, 2, 4, 4, 8, 8, 16, 16]
    >>> law = fit_usl(workers, throughput=[97, 99, 186, 190, 344, 351, 583, 572, 755, 743])
    >>> f"{law.throughput(12):.0f} requests/s with 12 workers, at most {law.max_throughput:.0f} with {law.peak:.0f}"
    '698 requests/s with 12 workers, at most 759 with 19'
    >>> law.warnings[0]
    'the peak, n = 19.1, is extrapolated: the largest n measured is 16'

Operational laws and queueing networks are in `operational`, scaling laws in `scaling`, `fitting`, `likelihood` and
`caveats`, confidence intervals in `intervals`, quantiles of data of any size in `quantiles`, warm-up and drift in
`steady_state`, and a metric over a factor and a load in `linear_model`.
"""
