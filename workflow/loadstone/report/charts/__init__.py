"""The charts: one small function each, table in, Altair chart out. Nothing is computed here that could be wrong."""
