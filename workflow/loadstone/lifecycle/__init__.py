"""What Snakemake's own process and its jobs need: one campaign per folder, and an orderly early end."""
