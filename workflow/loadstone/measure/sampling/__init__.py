"""What a run's samples consist of besides the processes: threads, connections, and counters of the whole machine.

All of it is read from the running system, and nothing of it may break a run: what cannot be read is None, or has no
row.
"""
