"""Name endpoints: a request's type and name, such as `GET /albums`, or the group that the suite puts it in."""

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

MAX_NAMES_KEPT = 10_000
"""Names of requests whose endpoint is remembered, to be found quickly."""


class EndpointNames:
    """Names the endpoints of one run.

    `groups` maps regular expressions to the name of all requests whose whole name matches.
    """

    def __init__(self, groups: Mapping[str, str]) -> None:
        self._groups = [(re.compile(pattern), name) for pattern, name in groups.items()]
        self._known: dict[tuple[str, str], str] = {}

    def encode(self, kinds: Sequence[str], names: Sequence[str]) -> pa.Array:
        """Name the endpoint of each request, as a dictionary array."""
        pairs = list(zip(kinds, names, strict=True))
        numbers: dict[str, int] = {}
        by_pair = {pair: numbers.setdefault(self._name(pair), len(numbers)) for pair in dict.fromkeys(pairs)}
        indices = pa.array([by_pair[pair] for pair in pairs], pa.int32())
        return pa.DictionaryArray.from_arrays(indices, pa.array(list(numbers), pa.string()))

    def _name(self, pair: tuple[str, str]) -> str:
        known = self._known.get(pair)
        if known is not None:
            return known
        kind, name = pair
        grouped = next((group for pattern, group in self._groups if pattern.fullmatch(name)), name)
        endpoint = grouped if not kind or grouped.startswith(f"{kind} ") else f"{kind} {grouped}"
        if len(self._known) < MAX_NAMES_KEPT:
            self._known[pair] = endpoint
        return endpoint
