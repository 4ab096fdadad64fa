"""The command line: `app` registers the commands, and one module per command holds its help and shows its answer."""
