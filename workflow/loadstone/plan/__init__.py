"""From a suite to its runs: which, in what order, how long; the runs that Loadstone adds; plan.json."""
