"""Requests that a suite declares, so that simple cases need no Python: `{get: /health, weight: 3}`."""

from typing import Any, ClassVar

from pydantic import ConfigDict, Field, JsonValue, model_validator

from loadstone.suite.types import Model, SparseModel

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


class DeclaredRequest(SparseModel):
    """A request that users send, given as one method with its path, such as {get: /health}."""

    model_config = ConfigDict(**Model.model_config, serialize_by_alias=True)
    SPARSE: ClassVar[frozenset[str]] = frozenset({*METHODS, "name", "weight", "headers", "data", "expect"})

    get: str | None = None
    """Path of a GET request."""
    post: str | None = None
    """Path of a POST request; likewise put, patch, delete, head and options."""
    put: str | None = None
    patch: str | None = None
    delete: str | None = None
    head: str | None = None
    options: str | None = None
    name: str | None = Field(default=None, min_length=1)
    """Name of the endpoint in results, after the method. Default: the path as written."""
    weight: int = Field(default=1, ge=1, le=1000)
    """How often it is sent, in proportion to the weights of the others."""
    headers: dict[str, str] = Field(default={})
    json_body: JsonValue = Field(default=None, alias="json")
    """Body, sent as JSON."""
    data: str | dict[str, str] | None = None
    """Body as text, or form fields."""
    expect: int | None = Field(default=None, ge=100, le=599)
    """Status of a success. Default: any below 400."""

    @model_validator(mode="after")
    def _one_method(self) -> "DeclaredRequest":
        given = [method for method in METHODS if getattr(self, method) is not None]
        if len(given) != 1:
            raise ValueError(
                f"{' and '.join(given) or 'no method'} given; allowed: exactly one of {', '.join(METHODS)}"
            )
        return self

    @property
    def method(self) -> str:
        """HTTP method, in capitals."""
        return next(method for method in METHODS if getattr(self, method) is not None).upper()

    @property
    def path(self) -> str:
        """Path, with its templates."""
        value: Any = getattr(self, self.method.lower())
        return str(value)
