"""From tables to one HTML page: a data object, charts, a template."""
