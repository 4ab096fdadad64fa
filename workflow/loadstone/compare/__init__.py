"""Compare two campaigns: what became faster or slower beyond the noise of repeats, and what else changed."""
