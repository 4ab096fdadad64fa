"""The load: user classes for the album API, the recorder of every request, and the conductor of a run."""
