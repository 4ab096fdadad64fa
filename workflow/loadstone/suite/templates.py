"""Templates in the texts of a request: values that are drawn anew for each request.

`${1..1000}` stands for a whole number, both bounds included, and `${red|green|blue}` for a choice. Each template draws
by itself, unless it has a name: `${id=1..1000}`, and `${id}` elsewhere in the same request, are one number. `$${` is
`${` itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from loadstone.text import dotted, listed, short

ALLOWED = (
    "a whole number ${1..1000}, a choice ${red|green|blue}, a name for reuse ${id=1..1000} and then ${id}, "
    "or $${ for ${ itself"
)
TOKEN = re.compile(r"(?P<escape>\$\$\{)|\$\{(?P<inside>[^}]*)(?P<end>\}?)")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NUMBER = r"-?(?:0|[1-9][0-9]{0,17})"
RANGE = re.compile(rf"({NUMBER})\.\.({NUMBER})")

Place = tuple[str, ...]
"""Where a text is in a request: its keys, from the outermost on."""


class Draw(TypedDict):
    """What stands for a drawn value in a text."""

    draw: int
    """Index of the draw."""
    of: NotRequired[list[str]]
    """The texts of a choice, of which the drawn number is the index. Without them, the number itself stands there."""


Part = str | Draw
"""A piece of a text in plain data."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template as written: what it draws (nothing, if it only refers to a name), and its name."""

    name: str | None
    low: int = 0
    high: int = 0
    options: tuple[str, ...] | None = None
    """The texts of a choice; None for a number."""
    refers: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A place in a text that takes the value of draw number `index`."""

    index: int
    options: tuple[str, ...] | None
    """The texts of a choice, of which the drawn number is the index; None for a number."""


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of one request, with their templates resolved."""

    draws: tuple[tuple[int, int], ...]
    """Lowest and highest number of each draw; of a choice, the first and last index."""
    pieces: Mapping[Place, tuple[str | Drawn, ...]]


def escape(text: str) -> str:
    """Write a text so that it stands for itself, whatever it holds."""
    return text.replace("${", "$${")


def parse_text(text: str) -> tuple[str | Template, ...]:
    """Split a text into literal texts and templates. Raises ValueError with what is allowed."""
    pieces: list[str | Template] = []
    literal, begin = "", 0
    for match in TOKEN.finditer(text):
        literal += text[begin : match.start()]
        begin = match.end()
        if match["escape"]:
            literal += "${"
            continue
        if not match["end"]:
            raise ValueError("a template ends with }; " + ALLOWED)
        pieces += [literal, _parse_template(match["inside"])]
        literal = ""
    pieces.append(literal + text[begin:])
    return tuple(piece for piece in pieces if piece != "")


def _parse_template(inside: str) -> Template:
    if NAME.fullmatch(inside):
        return Template(name=inside, refers=True)
    before, equals, after = inside.partition("=")
    name = before if equals and NAME.fullmatch(before) else None
    body = after if name is not None else inside
    if bounds := RANGE.fullmatch(body):
        low, high = int(bounds[1]), int(bounds[2])
        if low > high:
            raise ValueError("${LOW..HIGH} with LOW at most HIGH")
        return Template(name=name, low=low, high=high)
    options = tuple(body.split("|"))
    if len(options) < 2 or "${" in body:
        raise ValueError(ALLOWED)
    if any(RANGE.fullmatch(option) for option in options):
        raise ValueError("either a whole number, such as ${1..5}, or a choice, such as ${1|2|5}")
    if name is not None and "=" in body:
        raise ValueError(f"{name}=${{a|b}}, with {name}= outside: inside, it names the template")
    return Template(name=name, high=len(options) - 1, options=options)


def resolve(texts: Iterable[tuple[Place, str]]) -> Texts:
    """Number the draws of a request's texts in order. Raises ValueError: the place, the text, and what is allowed."""
    parsed = {place: _parse_at(place, text) for place, text in texts}
    draws: list[tuple[int, int]] = []
    named: dict[str, Drawn] = {}
    drawn: dict[tuple[Place, int], Drawn] = {}
    for place, position, template in _templates(parsed):
        if template.refers:
            continue
        value = drawn[place, position] = Drawn(len(draws), template.options)
        draws.append((template.low, template.high))
        if template.name in named:
            raise ValueError(
                f"{dotted(*place)}: the name {template.name} is given twice; allowed: once, then ${{{template.name}}}"
            )
        if template.name is not None:
            named[template.name] = value
    unused = dict.fromkeys(named)
    for place, position, template in _templates(parsed):
        if template.refers and template.name is not None:
            if template.name not in named:
                raise ValueError(refusal(place, f"${{{template.name}}}", _known_names(named) + ALLOWED))
            drawn[place, position] = named[template.name]
            unused.pop(template.name, None)
    for name in unused:
        raise ValueError(f"the name {name} is given, but not used; allowed: ${{{name}}} elsewhere, or no name")
    return Texts(
        draws=tuple(draws),
        pieces={
            place: tuple(piece if isinstance(piece, str) else drawn[place, i] for i, piece in enumerate(pieces))
            for place, pieces in parsed.items()
        },
    )


def _parse_at(place: Place, text: str) -> tuple[str | Template, ...]:
    try:
        return parse_text(text)
    except ValueError as error:
        raise ValueError(refusal(place, text, str(error))) from None


def _templates(parsed: Mapping[Place, tuple[str | Template, ...]]) -> Iterator[tuple[Place, int, Template]]:
    """Yield each template with its place and its position in the text."""
    for place, pieces in parsed.items():
        for position, piece in enumerate(pieces):
            if isinstance(piece, Template):
                yield place, position, piece


def _known_names(named: Mapping[str, Drawn]) -> str:
    return f"a name that the request gives ({listed(named)}), " if named else ""


def refusal(place: Place, text: object, allowed: str) -> str:
    """Write what is wrong with a value in a request."""
    return f"{dotted(*place)}: {short(text)} is not allowed; allowed: {allowed}"


def to_parts(pieces: Iterable[str | Drawn], encode: Callable[[str], str] = str) -> list[Part]:
    """Write pieces as plain data, with their texts encoded for the place in which they stand."""
    return [_to_part(piece, encode) for piece in pieces]


def _to_part(piece: str | Drawn, encode: Callable[[str], str]) -> Part:
    if isinstance(piece, str):
        return encode(piece)
    if piece.options is None:
        return {"draw": piece.index}
    return {"draw": piece.index, "of": [encode(option) for option in piece.options]}


def join_texts(parts: Iterable[Part]) -> list[Part]:
    """Join literal texts that follow one another."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(before := joined[-1], str):
            joined[-1] = before + part
        elif part != "":
            joined.append(part)
    return joined


def render(parts: Iterable[Part], values: Sequence[int]) -> str:
    """Write a text with given values of the draws."""
    return "".join(part if isinstance(part, str) else _render_draw(part, values) for part in parts)


def _render_draw(part: Draw, values: Sequence[int]) -> str:
    value = values[part["draw"]]
    return part["of"][value] if "of" in part else str(value)
