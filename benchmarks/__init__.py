"""Benchmarks of Loadstone itself: ratios of two things measured in turn, as medians with their ranges."""
