"""Figures of load tests that others measured: tables that people wrote, and what load tools print or save."""
