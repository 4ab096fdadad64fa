"""From a suite to its runs: which runs, in which order, and how long they take; the runs that Loadstone adds."""
