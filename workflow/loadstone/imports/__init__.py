"""Logs of other load tools as campaigns: what `loadstone import` writes, marked as not measured by Loadstone."""
