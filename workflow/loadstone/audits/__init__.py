"""Files of figures that others measured, audited: read together, and shown as text, Markdown, JSON or a page."""
