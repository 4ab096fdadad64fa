"""Decide about more repeats: look at the results so far, find what is open, and grant repeats where they help most."""
