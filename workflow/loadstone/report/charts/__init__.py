"""The charts: one small function each, from a table to an Altair chart. They compute nothing that could be wrong."""
