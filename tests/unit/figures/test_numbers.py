"""Numbers as people and tools write them, one by one and as columns."""

import pytest

from loadstone.errors import TableError
from loadstone.figures.decimals import NumberColumn, find_decimals
from loadstone.figures.numbers import Decimal, Quantity, read_figure, value_of


@pytest.mark.parametrize(
    ("text", "quantity", "value", "rounding"),
    [
        ("32.7", "rate", 32.7, 0.05),
        ("1,203.96", "rate", 1203.96, 0.005),
        ("1,376,000", "rate", 1_376_000, 0.5),
        ("1 204", "count", 1204, 0.5),
        ("1\u00a0204.5", "rate", 1204.5, 0.05),
        ("1'204", "count", 1204, 0.5),
        ("12,34,567", "count", 1_234_567, 0.5),
        ("1.2k", "rate", 1200, 50),
        ("5.07k", "rate", 5070, 5),
        ("1.2M", "count", 1_200_000, 50_000),
        ("32.7/s", "rate", 32.7, 0.05),
        ("197.13 trans/sec", "rate", 197.13, 0.005),
        ("12 req/s", "rate", 12, 0.5),
        ("32.7 requests per second", "rate", 32.7, 0.05),
        ("120/min", "rate", 2, 0.5 / 60),
        ("7.12ms", "time", 0.00712, 5e-6),
        ("150 µs", "time", 0.00015, 5e-7),
        ("150us", "time", 0.00015, 5e-7),
        ("12 secs", "time", 12, 0.5),
        ("3m 13s", "time", 193, 0.5),
        ("1h2m3.5s", "time", 3723.5, 0.05),
        ("3m", "time", 180, 0.5),
        ("1:04:25", "time", 3865, 0.5),
        ("4:25", "time", 265, 0.5),
        ("31.77 %", "share", 0.3177, 0.00005),
        ("69,600 (68.9%)", "count", 69600, 0.5),
        ("69,600 (68.9%)", "share", 0.689, 0.0005),
        ("4.4 ± 0.2 ms", "time", 0.0044, 0.00005),
        ("**33**", "rate", 33, 0.5),
        ("10 users", "count", 10, 0.5),
        ("1.5e3", "rate", 1500, 50),
    ],
)
def test_cell(text: str, quantity: Quantity, value: float, rounding: float) -> None:
    figure = read_figure(text, quantity)
    assert figure is not None
    assert (figure.value, figure.rounding) == (pytest.approx(value), pytest.approx(rounding, rel=0.01))


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        *(("fast", "rate"), ("inf", "rate"), ("-5", "rate"), ("5-6", "rate"), ("1e400", "rate"), ("", "rate")),
        *(("1_000", "count"), ("٣", "count"), ("1,23", "rate"), ("0,123", "rate"), ("4.42 ms", "rate")),
        *(
            ("3 GB", "count"),
            ("5 s", "share"),
            ("13s 3m", "time"),
            ("1.2.3", "rate"),
            ("3m 13", "time"),
            ("9" * 200, "count"),
        ),
        ("CPU cores*2+1", "count"),
    ],
)
def test_no_figure(text: str, quantity: Quantity) -> None:
    assert read_figure(text, quantity) is None


@pytest.mark.parametrize(
    ("body", "point", "comma"),
    [
        ("1,376", 1376, 1.376),
        ("1.376", 1.376, 1376),
        ("32,7", None, 32.7),
        ("32.7", 32.7, None),
        ("0,123", None, 0.123),
        ("1.376.000", None, 1_376_000),
        ("1.204,5", None, 1204.5),
        ("812", 812, 812),
    ],
)
def test_body_in_both_styles(body: str, point: float | None, comma: float | None) -> None:
    assert (value_of(body, "point"), value_of(body, "comma")) == (point, comma)


def decide(*columns: NumberColumn, stated: Decimal | None = None, separator: str = ",") -> tuple[Decimal, ...]:
    return find_decimals("t.csv", columns, stated=stated, separator=separator).by_column


def column(*cells: str, whole: bool = False, used: bool = True) -> NumberColumn:
    return NumberColumn(name="rps", cells=cells, whole=whole, used=used)


def test_a_cell_that_fits_one_style_decides_for_its_column() -> None:
    assert decide(column("1,376", "32,7")) == ("comma",)
    assert decide(column("1,376", "1,204.5")) == ("point",)
    assert decide(column("1,376", "1,376,000")) == ("point",)


def test_whole_things_have_no_fraction() -> None:
    assert decide(column("5,223", "812", whole=True)) == ("point",)
    assert decide(column("5.223", "812", whole=True)) == ("comma",)
    assert decide(column("50.000", whole=True), column("32.700", "0.5")) == ("point", "point")


def test_other_columns_decide_where_a_column_does_not() -> None:
    assert decide(column("1,376"), column("4.45")) == ("point", "point")
    assert decide(column("1,376"), column("4,45", used=False)) == ("comma", "comma")


def test_semicolons_speak_for_decimal_commas() -> None:
    found = find_decimals("t.csv", [column("1,376")], separator=";")
    assert found.by_column == ("comma",)
    assert "'1,376' in column rps read as 1.376, by the semicolons between the columns" in found.notes


def test_three_decimals_after_a_point_are_stated() -> None:
    found = find_decimals("t.csv", [column("461.042", "843.882")])
    assert found.by_column == ("point",)
    assert "--decimal comma" in found.notes[0]


@pytest.mark.parametrize(
    "columns",
    [[column("1,376", "812")], [column("1,376"), column("4.45"), column("4,45")]],
)
def test_open_column_is_asked_for(columns: list[NumberColumn]) -> None:
    with pytest.raises(TableError, match=r"t\.csv: column rps: '1,376' can be read in two ways") as caught:
        decide(*columns)
    assert "--decimal point for 1376, --decimal comma for 1.376" in str(caught.value)
    assert decide(*columns, stated="point")[0] == "point"
    assert decide(*columns, stated="comma")[0] == "comma"


def test_column_with_both_styles_is_an_error() -> None:
    with pytest.raises(TableError, match=r"'32\.7' has a decimal point, '32,7' a decimal comma"):
        decide(column("32.7", "32,7"))


def test_option_does_not_change_what_a_column_shows() -> None:
    found = find_decimals("t.csv", [column("32.7")], stated="comma")
    assert found.by_column == ("point",)
    assert "column rps read with decimal points all the same" in found.notes[0]
