"""The live view of a campaign: what its files say now, and a small web server that shows it, on this machine only."""
