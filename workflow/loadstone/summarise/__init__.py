"""Summarise one run: its requests and samples as small tables of the window, and the signals for its verdict."""
