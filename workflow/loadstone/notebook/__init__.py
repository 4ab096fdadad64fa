"""A campaign's results as pandas tables, for notebooks and scripts: `loadstone.open`."""
