"""Requests that a suite declares: their templates, and the messages that refuse mistakes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loadstone.cli.plan import show_plan
from loadstone.errors import SuiteError
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import make_plan
from loadstone.suite.declared_requests import MAX_BYTES, DeclaredRequest, prepare_requests
from loadstone.suite.load import load_suite
from loadstone.suite.load_settings import Load
from loadstone.suite.model import SuiteFile
from loadstone.suite.templates import escape, parse_text, render
from tests.support.fuzzing import fuzz, json_trees, texts

WriteSuite = Callable[[str], Path]

SHOP = """\
experiments:
  shop:
    server: {kind: external, url: "http://127.0.0.1:8080"}
    load:
      requests:
        - {get: /health, weight: 3}
        - {get: "/orders/${id=1..1000}?colour=${red|green}", headers: {X-Id: "${id}"}, name: /orders/<id>}
        - {post: /orders, json: {quantity: "${1..5}", note: "no. ${1..5}", colour: "${red|green}"}, expect: 201}
        - {put: /form, data: {colour: "${light blue|red}", comment: "x & y"}}
        - {patch: /text, data: "$${1..2} is ${1..2}"}
"""


def with_requests(requests: str) -> str:
    return f"experiments: {{a: {{load: {{requests: {requests}}}}}}}"


def declared(**keys: Any) -> DeclaredRequest:
    return DeclaredRequest.model_validate(keys)


def draw(request: DeclaredRequest, *values: int) -> tuple[str, dict[str, str], str]:
    """Write a request with given values of its draws."""
    prepared = request.prepare()
    headers = {name: render(parts, values) for name, parts in prepared["headers"].items()}
    return render(prepared["path"], values), headers, render(prepared.get("body", []), values)


ANY_TEMPLATE = "allowed: a whole number ${1..1000}, a choice ${red|green|blue}, a name"


@pytest.mark.parametrize(
    ("requests", "complaint"),
    [
        ("{get: /}", "load.requests: {'get': '/'} is not allowed; allowed: a list"),
        ("[]", "load.requests: [] is not allowed; allowed: at least one value"),
        ("[{weight: 2}]", "load.requests.0: no method given; allowed: exactly one of get, post, put"),
        ("[{get: /, post: /}]", "load.requests.0: get and post given; allowed: exactly one of get, post"),
        ("[{get: 'http://other/'}]", "load.requests.0: get: 'http://other/' is not allowed; allowed: a path on the"),
        ("[{get: '//other/'}, {get: health}]", "load.requests.1: get: 'health' is not allowed; allowed: a path"),
        ("[{get: '${a|b}'}]", "load.requests.0: get: '${a|b}' is not allowed; allowed: a path on the server"),
        ("[{get: '/a b'}]", "load.requests.0: get: '/a b' is not allowed; allowed: a path without blanks"),
        ("[{get: '/${a|#}'}]", "load.requests.0: get: '/${a|#}' is not allowed; allowed: a path without blanks"),
        ("[{get: /, color: red}]", "load.requests.0.color: unknown key; allowed: get, post, put, patch, delete, head, "
                                   "options, name, weight, headers, json, data, expect"),
        ("[{get: /, expect: 100}]", "load.requests.0.expect: 100 is not allowed; allowed: greater than or equal"),
        ("[{get: /, weight: 0}]", "load.requests.0.weight: 0 is not allowed"),
        ("[{get: '/${1..}'}]", f"load.requests.0: get: '/${{1..}}' is not allowed; {ANY_TEMPLATE}"),
        ("[{get: '/${0.5..1}'}]", f"load.requests.0: get: '/${{0.5..1}}' is not allowed; {ANY_TEMPLATE}"),
        ("[{get: '/${01..10}'}]", f"load.requests.0: get: '/${{01..10}}' is not allowed; {ANY_TEMPLATE}"),
        ("[{get: '/${a|${1..2}}'}]", f"load.requests.0: get: '/${{a|${{1..2}}}}' is not allowed; {ANY_TEMPLATE}"),
        ("[{get: '/${}'}]", f"load.requests.0: get: '/${{}}' is not allowed; {ANY_TEMPLATE}"),
        ("[{get: '/${9..1}'}]", "load.requests.0: get: '/${9..1}' is not allowed; allowed: ${LOW..HIGH} with LOW at"),
        ("[{get: '/${1..9'}]", "load.requests.0: get: '/${1..9' is not allowed; allowed: a template ends with }"),
        ("[{get: '/${1..5|9}'}]", "load.requests.0: get: '/${1..5|9}' is not allowed; allowed: either a whole number"),
        ("[{get: '/${s=a|s=b}'}]", "'/${s=a|s=b}' is not allowed; allowed: s=${a|b}, with s= outside"),
        ("[{get: '/${red}'}]", f"load.requests.0: get: '${{red}}' is not allowed; {ANY_TEMPLATE}"),
        ("[{get: '/${id=1..9}'}]", "load.requests.0: the name id is given, but not used; allowed: ${id} elsewhere, or"),
        ("[{get: '/${n=1..2}/${n=1..2}/${n}'}]", "load.requests.0: get: the name n is given twice; allowed: once"),
        ("[{get: '/${n=1..2}/${n}/${m}'}]", "'${m}' is not allowed; allowed: a name that the request gives (n), a"),
        ("[{post: /, json: {a: [1, {b: '${x'}]}}]", "load.requests.0: json.a.1.b: '${x' is not allowed; allowed: a"),
        ("[{post: /, json: ['${x']}]", "load.requests.0: json.0: '${x' is not allowed; allowed: a template ends"),
        ("[{post: /, json: {a: .inf}}]", "load.requests.0.json: inf is not allowed; allowed: a finite number"),
        ("[{post: /, json: {a: 2020-01-01}}]", "allowed: what JSON can hold; put a date in quotes"),
        ('[{post: /, json: "\\ud800"}]', "load.requests.0: json: holds half a character"),
        ("[{post: /, json: 1, data: a}]", "load.requests.0: json and data are both given; allowed: one of the two"),
        ("[{post: /, data: {a: 1}}]", "load.requests.0.data: text, or form fields as name: text; put a number in"),
        ("[{post: /, data: {a: '${x'}}]", "load.requests.0: data.a: '${x' is not allowed; allowed: a template ends"),
        ("[{get: /, headers: {X: 1}}]", "load.requests.0.headers.X: 1 is not allowed; allowed: text; put a number in"),
        ("[{get: /, headers: {X: 'é'}}]", "load.requests.0: headers.X: 'é' is not allowed; allowed: printable ASCII"),
        ('[{get: /, headers: {X: "a\\nB: c"}}]', "allowed: printable ASCII"),
        ("[{get: /, headers: {X: '${a| b}'}}]", "load.requests.0: headers.X: '${a| b}' is not allowed; allowed: print"),
        ("[{get: /, headers: {X Y: a}}]", "load.requests.0: headers: 'X Y' is not allowed; allowed: the name of a"),
        ("[{get: /, headers: {X: a, x: b}}]", "load.requests.0: headers: 'x' is not allowed; allowed: each header"),
        ("[{get: /, headers: {content-length: '3'}}]", "headers: 'content-length' is not allowed; allowed: the name"),
        (f"[{{post: /, data: {'x' * MAX_BYTES}}}]", "allowed: at most 96 KiB for all requests together"),
    ],
)  # fmt: skip
def test_mistake_is_stated_in_one_line(write_suite: WriteSuite, requests: str, complaint: str) -> None:
    path = write_suite(with_requests(requests))
    with pytest.raises(SuiteError) as refusal:
        load_suite(path)
    [line] = refusal.value.lines
    assert line.startswith(f"{path}: experiments.a.load.requests")
    assert complaint in line


def test_requests_are_the_load_from_the_suite_to_the_plan(write_suite: WriteSuite, tmp_path: Path) -> None:
    suite = load_suite(write_suite(SHOP))
    requests = suite.experiments["shop"].load.requests
    assert requests is not None
    assert [request.endpoint for request in requests] == [
        "GET /health",
        "GET /orders/<id>",
        "POST /orders",
        "PUT /form",
        "PATCH /text",
    ]
    plan = make_plan(suite)
    (tmp_path / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
    runs = [run for run in read_plan(tmp_path / "plan.json").runs if run.experiment == "shop"]
    assert [run.load.requests for run in runs] == [requests] * 3
    show_plan(plan)


def test_schema_knows_the_requests() -> None:
    schema = SuiteFile.model_json_schema()
    definition = schema["$defs"]["DeclaredRequest"] | {"$defs": schema["$defs"]}
    jsonschema.validate({"post": "/orders", "json": {"a": [1]}, "expect": 201}, definition)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"post": "/orders", "json_body": 1}, definition)


def test_own_keys_take_the_place_of_those_of_the_layer_below(write_suite: WriteSuite) -> None:
    path = write_suite("defaults: {load: {mix: {list_albums: 1}}}\n" + with_requests("[{get: /}]"))
    load = load_suite(path).experiments["a"].load
    assert load.mix is None
    assert load.requests == (declared(get="/"),)


def test_absent_keys_are_absent_in_results() -> None:
    request = declared(post="/a", json={"n": None})
    assert request.model_dump_json() == '{"post":"/a","json":{"n":null}}'
    load = Load.model_validate({"requests": [{"get": "/"}]})
    assert Load.model_validate_json(load.model_dump_json()) == load


def test_hypothesis_about_a_request_that_is_not_declared_is_refused(write_suite: WriteSuite) -> None:
    hypothesis = "{claim: c, value: {metric: mean, of: shop, endpoint: %s}, expect: '< 1s'}"
    load_suite(write_suite(SHOP + "hypotheses: {h: " + hypothesis % "GET /orders/<id>" + "}"))
    with pytest.raises(SuiteError) as refusal:
        load_suite(write_suite(SHOP + "hypotheses: {h: " + hypothesis % "GET /orders" + "}"))
    [line] = refusal.value.lines
    assert "'GET /orders' is not requested in shop; allowed: GET /health, GET /orders/<id>, POST /orders" in line


def test_name_that_begins_with_the_method_is_the_endpoint_as_it_is() -> None:
    assert declared(get="/a", name="GET all").endpoint == "GET all"
    assert declared(get="/a", name="GETALL").endpoint == "GET GETALL"


def test_only_users_that_may_leave_the_server_have_allowed_hosts() -> None:
    assert Load.model_validate({"requests": [{"get": "/"}], "allow_hosts": ["a"]}).allow_hosts == ("a",)
    with pytest.raises(ValidationError, match="allow_hosts: needs locustfile or requests"):
        Load.model_validate({"allow_hosts": ["a"]})


# Templates


def test_two_templates_draw_by_themselves_and_names_draw_once() -> None:
    request = declared(
        post="/${id=1..9}/${1..9}",
        headers={"X-Id": "${id}", "X-Colour": "${colour}"},
        json={"id": "${id}", "text": "no. ${id}", "colour": "${colour=red|green}", "${id}": True},
    )
    assert request.prepare()["draws"] == [[1, 9], [1, 9], [0, 1]]
    assert draw(request, 4, 7, 1) == (
        "/4/7",
        {"X-Id": "4", "X-Colour": "green", "Content-Type": "application/json"},
        '{"id":4,"text":"no. 4","colour":"green","${id}":true}',
    )


def test_number_alone_in_a_text_of_json_is_a_number_and_a_choice_is_text() -> None:
    request = declared(post="/", json=["${1..9}", " ${1..9}", "${1|2}", "$${1..9}"])
    assert json.loads(draw(request, 3, 4, 1)[2]) == [3, " 4", "2", "${1..9}"]


def test_choices_are_encoded_for_their_place() -> None:
    nasty = '${c=a"\\b|x&y z é}'
    texts = {"text": f"{nasty}", "again": "${c}!"}
    for index, value in enumerate(['a"\\b', "x&y z é"]):
        wanted = {"text": value, "again": f"{value}!"}
        assert json.loads(draw(declared(post="/", json=texts), index)[2]) == wanted
        assert dict(parse_qsl(draw(declared(post="/", data=texts), index)[2])) == wanted
        assert draw(declared(post="/", data=f"{nasty} ${{c}}"), index)[2] == f"{value} {value}"


def test_content_type_is_that_of_the_suite_if_it_has_one() -> None:
    assert draw(declared(post="/", data={"a": "b"}))[1] == {"Content-Type": "application/x-www-form-urlencoded"}
    assert draw(declared(post="/", data="a"))[1] == {"Content-Type": "text/plain; charset=utf-8"}
    assert draw(declared(post="/", json=1, headers={"content-type": "x/y"}))[1] == {"content-type": "x/y"}
    assert draw(declared(get="/"))[1] == {}


def test_example_takes_first_values() -> None:
    example = declared(
        put="/${5..9}", headers={"X": "${b|a}"}, json={"n": "${-3..3}", "é": "${x|y}"}, expect=201
    ).example()
    assert example.method == "PUT"
    assert example.path == "/5"
    assert example.headers == {"X": "b", "Content-Type": "application/json"}
    assert example.body == '{"n":-3,"é":"x"}'.encode()
    assert declared(get="/").example().body is None


@given(st.text())
def test_escaped_text_stands_for_itself(text: str) -> None:
    assert "".join(map(str, parse_text(escape(text)))) == text


option = st.text(st.characters(exclude_characters="|}=", exclude_categories=["Cs"]), max_size=5).filter(
    lambda text: "${" not in text and ".." not in text and not text.endswith("$")
)


@given(st.lists(option, min_size=2, max_size=5), st.integers(-(10**18) + 1, 10**18 - 1), st.data())
def test_rendering_is_one_of_the_choices_and_within_the_range(
    options: list[str], low: int, data: st.DataObject
) -> None:
    high = data.draw(st.integers(low, 10**18 - 1))
    request = declared(post="/", json=["${" + "|".join(options) + "}", f"${{{low}..{high}}}"])
    (first, last), bounds = request.prepare()["draws"]
    assert [*range(first, last + 1)] == [*range(len(options))]
    assert bounds == [low, high]
    for index in (first, last):
        value = data.draw(st.integers(low, high))
        assert json.loads(draw(request, index, value)[2]) == [options[index], value]


@given(json_trees)
def test_body_without_templates_is_the_same_json(tree: Any) -> None:
    def escaped(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: escaped(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [escaped(inner) for inner in value]
        return escape(value) if isinstance(value, str) else value

    try:
        request = declared(post="/", json=escaped(tree))
    except ValidationError:  # infinities, lone surrogates
        return
    if tree is not None:
        assert json.loads(draw(request)[2]) == tree


@fuzz(100)
@given(st.sampled_from(["get", "post", "put"]), texts, st.dictionaries(texts, texts, max_size=2), json_trees | texts)
def test_anything_is_a_request_or_a_mistake(method: str, path: str, headers: dict[str, str], body: Any) -> None:
    for key in ("json", "data"):
        try:
            request = DeclaredRequest.model_validate({method: f"/{path}", "headers": headers, key: body})
        except ValidationError:
            continue
        assert json.loads(prepare_requests([request])) == [request.prepare()]
        assert request.example().path.startswith("/")
        assert DeclaredRequest.model_validate_json(request.model_dump_json()) == request
