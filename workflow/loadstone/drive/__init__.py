"""Run a campaign from one command: the workflow as a child process, and what it does in one line."""
