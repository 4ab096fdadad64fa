"""Search a capacity: the one loop of measuring and judging."""
