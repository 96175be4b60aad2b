"""The JSON Schema of scenario files: an editor completes and checks by it while a file is written."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from alignsim.scenario import events, landscape, schema


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a scenario file; the descriptions are the docstrings of the fields."""
    made = schema.Scenario.model_json_schema(by_alias=True, mode="validation")
    definitions = {**made["$defs"], "Scenario": made}
    for module in (events, schema):
        for model, documented in _field_docstrings(module.__name__).items():
            if model in definitions:
                _describe(definitions[model]["properties"], getattr(module, model), documented)
    made["$defs"]["Event"]["oneOf"] = [{"required": [kind]} for kind in events.KINDS]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_without_null(made)}


def landscape_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a landscape file."""
    made = landscape.Landscape.model_json_schema(by_alias=True, mode="validation")
    _describe(made["properties"], landscape.Landscape, _field_docstrings(landscape.__name__)["Landscape"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_without_null(made)}


def _describe(properties: dict[str, Any], model: type[BaseModel], documented: dict[str, str]) -> None:
    for name, words in documented.items():
        if name in model.model_fields:
            properties[model.model_fields[name].alias or name]["description"] = words


def _field_docstrings(module: str) -> dict[str, dict[str, str]]:
    """The string under each field of each class of a module; read only here, since it would slow every start."""
    found: dict[str, dict[str, str]] = {}
    tree = ast.parse(Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8"))
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, below in zip(node.body, node.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
                found.setdefault(node.name, {})[field.target.id] = str(ast.literal_eval(below.value))
    return found


def _without_null(schema: Any) -> Any:
    """`anyOf: [X, null]` as X: an absent key is left out of a file, not written as null."""
    if isinstance(schema, list):
        return [_without_null(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _without_null(value) for key, value in schema.items() if key != "title" or isinstance(value, dict)}
    options = schema.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        schema.pop("anyOf")
        schema.pop("default", None)
        schema = {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), **schema}
    return schema
