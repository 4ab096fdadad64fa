"""The report: a campaign as one HTML page that works offline, built from a list of sections."""
