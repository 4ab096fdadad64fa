"""What Loadstone itself costs: ratios measured side by side, in turn, and reported as medians with their range."""
