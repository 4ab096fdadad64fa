"""Laws and statistics of performance measurement; imports nothing else of Loadstone."""
