"""OpenAPI 3.1 of the HTTP APIs, from the routes that their handlers declare."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from itertools import chain, groupby
from typing import Any

from pydantic import BaseModel

from functions.chat_api.handler import build as chat_api
from functions.users_api.handler import build as users_api
from natter import __version__
from natter.domain.errors import NatterError
from natter.domain.ids import ID_PATTERN
from natter.entrypoints.answers import Problem
from natter.entrypoints.routes import Route
from tests.chat import Chat
from tests.documents.schemas import QuerySchemas, Schema, ref, schemas

_ETAG = {"description": "Of this very answer; ask again with `If-None-Match`.", "schema": {"type": "string"}}
_LOCATION = {"description": "Good for 5 minutes.", "schema": {"type": "string", "format": "uri"}}
_RETRY_AFTER = {"description": "Seconds; `retry_after_ms` is exact.", "schema": {"type": "integer", "minimum": 1}}
_IF_NONE_MATCH = {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
_NOT_MODIFIED = {"description": "What the `ETag` names is what there is.", "headers": {"ETag": _ETAG}}


def routes() -> dict[str, list[Route]]:
    """By function; those that differ where an identity provider signs people in stand there twice."""
    chat = Chat()
    people = chat.world.engines
    passwords = users_api(people).routes
    people.identity_provider = chat.world.provider
    provider = users_api(people).routes
    differing = [route for route in provider if _differs(route, passwords)]
    return {"users_api": [*passwords, *differing], "chat_api": chat_api(chat.engines).routes}


def document() -> dict[str, Any]:
    operations = sorted(chain(*routes().values()), key=lambda route: (route.path, route.method))
    paths: dict[str, dict[str, Any]] = {}
    refusals: dict[str, dict[str, Any]] = {}
    for (path, method), variants in groupby(operations, key=lambda route: (route.path, route.method)):
        paths.setdefault(template(path), {})[method.lower()] = _operation(list(variants), refusals)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Natter",
            "version": __version__,
            "description": "What clients may rely on is said in protocol.md. Made by `make docs`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "{HttpUrl}", "variables": {"HttpUrl": {"default": "/", "description": "Output of the stack."}}}
        ],
        "security": [{"access_token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(
                [route.body for route in operations if route.body],
                [Problem, *(route.answer for route in operations if route.answer)],
            ),
            "responses": dict(sorted(refusals.items())),
            "securitySchemes": {"access_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def template(path: str) -> str:
    """As OpenAPI and API Gateway write variables."""
    return re.sub(r"<(\w+)>", r"{\1}", path)


def _differs(route: Route, others: Iterable[Route]) -> bool:
    (other,) = [each for each in others if (each.method, each.path) == (route.method, route.path)]
    return (route.body, route.raises) != (other.body, other.raises)


def _operation(variants: Sequence[Route], refusals: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What it refuses with is added to `refusals`, by the codes."""
    route = variants[0]
    name = route.handler.__name__
    bodies = list(dict.fromkeys(each.body for each in variants if each.body))
    parameters = [*_in_path(route), *_in_query(route.query), *([_IF_NONE_MATCH] if route.revalidates else [])]
    responses = {str(status): _answer(route, status) for status in (route.status, *route.also)}
    if route.revalidates:
        responses["304"] = _NOT_MODIFIED
    errors = set(chain(*(each.errors for each in variants)))
    for status in {error.status for error in errors}:
        among = sorted((error for error in errors if error.status == status), key=lambda error: error.code)
        refusal = _refusal(among)
        if str(status) in responses:
            responses[str(status)]["content"] |= refusal["content"]
        else:
            refused = "_or_".join(error.code for error in among)
            refusals[refused] = refusal
            responses[str(status)] = {"$ref": f"#/components/responses/{refused}"}
    return {
        "operationId": name,
        "summary": name.replace("_", " ").capitalize(),
        **({"security": []} if route.open else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": {"required": True, "content": _json(_any_of(bodies))}} if bodies else {}),
        "responses": dict(sorted(responses.items())),
    }


def _answer(route: Route, status: int) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if route.answer is not None and status != HTTPStatus.FOUND:
        described["content"] = _json(ref(route.answer.__name__))
    if route.revalidates and status == HTTPStatus.OK:
        described["headers"] = {"ETag": _ETAG}
    if status == HTTPStatus.FOUND:
        described["headers"] = {"Location": _LOCATION}
    return described


def _refusal(errors: Sequence[type[NatterError]]) -> dict[str, Any]:
    """With one of the errors, which are all of one status."""
    codes = [error.code for error in errors]
    schema = {"allOf": [ref("Problem"), {"properties": {"code": {"enum": codes}}}]}
    described: dict[str, Any] = {
        "description": ", ".join(codes),
        "content": {"application/problem+json": {"schema": schema}},
    }
    if any(error.retryable for error in errors):
        described["headers"] = {"Retry-After": _RETRY_AFTER}
    return described


def _in_path(route: Route) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": ID_PATTERN}}
        for name in re.findall(r"<(\w+)>", route.path)
    ]


def _in_query(model: type[BaseModel] | None) -> list[Schema]:
    if model is None:
        return []
    schema = model.model_json_schema(schema_generator=QuerySchemas)
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": _set(field)}
        for name, field in schema["properties"].items()
    ]


def _set(field: Schema) -> Schema:
    """A query has no null: what is not set is not there."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    return kinds[0] if kinds else field


def _any_of(models: Sequence[type[BaseModel]]) -> Schema:
    kinds = [ref(model.__name__) for model in models]
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
