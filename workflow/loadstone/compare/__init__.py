"""Compare two campaigns: read them, judge every change, and show the comparison in a terminal or on a page."""
