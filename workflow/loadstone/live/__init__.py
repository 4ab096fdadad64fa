"""The live view of a campaign: what its files show now, served to browsers on this machine only."""
