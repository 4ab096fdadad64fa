"""What load tools print or save: one small reader per tool, told by the content of a file, not by its name."""
