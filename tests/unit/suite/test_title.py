"""The title of a suite: what is tested, for the head of the report."""

from pathlib import Path

import pytest

from loadstone.errors import SuiteError
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import make_plan
from loadstone.suite.load import load_suite

REST = "baselines: false\nexperiments: {a: {}}\n"


@pytest.mark.parametrize(
    ("name", "line", "title"),
    [
        ("checkout-service.yaml", "", "checkout service"),
        ("checkout-service.yaml", "title: ' Checkout · staging '\n", "Checkout · staging"),
        ("loadstone.yaml", "", None),
        ("config.yaml", "", None),
        ("suite.yaml", "title: Shop\n", "Shop"),
    ],
)
def test_title_is_given_or_the_name_of_the_file(tmp_path: Path, name: str, line: str, title: str | None) -> None:
    path = tmp_path / name
    path.write_text(line + REST, encoding="utf-8")
    assert load_suite(path).title == title


@pytest.mark.parametrize("title", ["''", "' '", '"two\\nlines"', "x" * 81, "5", "[a]", '"\\e[31m"'])
def test_title_is_one_short_line(tmp_path: Path, title: str) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(f"title: {title}\n{REST}", encoding="utf-8")
    with pytest.raises(SuiteError) as refused:
        load_suite(path)
    [line] = str(refused.value).splitlines()
    assert f"{path}: title: " in line
    assert "allowed: " in line


def test_title_belongs_to_the_plan_but_not_to_its_meaning(tmp_path: Path) -> None:
    plans = []
    for title in ("One", "Another"):
        path = tmp_path / "suite.yaml"
        path.write_text(f"title: {title}\n{REST}", encoding="utf-8")
        plan = make_plan(load_suite(path))
        (tmp_path / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
        assert read_plan(tmp_path / "plan.json").suite.title == title
        plans.append(plan)
    assert plans[0].digest == plans[1].digest
    assert plans[0].runs == plans[1].runs
