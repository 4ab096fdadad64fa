"""Make the wheel whole: the workflow, server, load and suites lie in it, below `loadstone/project_files/`.

Hatchling runs this hook. An editable install uses the checkout's own files, so it gets no copies.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WholeWheel(BuildHookInterface):  # type: ignore[type-arg]
    """Add the paths that pyproject.toml lists under `project-files`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Place each path at the same relative path below that folder."""
        if version == "standard":
            files = self.config["project-files"]
            build_data["force_include"].update({path: f"loadstone/project_files/{path}" for path in files})
