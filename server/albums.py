"""The album model, and the albums that a store starts with."""

from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

Text = Annotated[str, Field(min_length=1, max_length=200)]
Price = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Album:
    """A record in the collection, with the fields of the published API."""

    id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
    title: Text
    artist: Text
    price: Price


ALBUM = TypeAdapter(Album)

PUBLISHED = (
    Album(id="1", title="Blue Train", artist="John Coltrane", price=56.99),
    Album(id="2", title="Jeru", artist="Gerry Mulligan", price=17.99),
    Album(id="3", title="Sarah Vaughan and Clifford Brown", artist="Sarah Vaughan", price=39.99),
)


def starting_albums(count: int) -> list[Album]:
    """Make `count` albums with the ids "1" to str(count): the published three, then made-up ones."""
    made_up = (
        Album(id=str(n), title=f"Session {n}", artist=f"Quartet {n % 97}", price=10 + n % 50 + 0.99)
        for n in range(len(PUBLISHED) + 1, count + 1)
    )
    return [*PUBLISHED[:count], *made_up]
