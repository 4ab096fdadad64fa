"""The command line: one module for each command, in the order of a day of work."""
