"""The sections of the page: one module each, named as its template and its anchor."""
