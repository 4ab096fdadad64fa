"""How one Snakemake holds a campaign and ends: its entry in the folder, and signals passed on."""
