"""Stripe's own description of its API: find the operation, convert the form, refuse what Stripe would refuse.

The description (1.4 MB) is read on the first API call and kept for the life of the process.
"""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator  # type: ignore[import-untyped,unused-ignore]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped,unused-ignore]

from app.sandbox.stripe.errors import Refuse

DATA = Path(__file__).parent / "data"
MAX_DEPTH = 40
_KEY = re.compile(r"\[([^\]]*)\]")


@cache
def described() -> dict[str, Any]:
    """The whole OpenAPI document."""
    loaded: dict[str, Any] = json.loads(gzip.decompress((DATA / "openapi.json.gz").read_bytes()))
    return loaded


class Operation:
    """One method of one path, with the schema of its parameters and its validator."""

    def __init__(self, method: str, path: str, spec: dict[str, Any]) -> None:
        self.id: str = spec["operationId"]
        self.path = path
        self.takes_json = path.startswith("/v2/") and method.upper() == "POST"
        self.pattern = re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$")
        self.schema = _parameters(method, spec)
        self.answers: dict[str, Any] = spec["responses"]["200"]["content"]["application/json"]["schema"]
        self._validator: Draft202012Validator | None = None

    def read(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Convert the strings of a form by the schema and validate. Raises Refuse (400) as Stripe would."""
        params: dict[str, Any] = sent if self.takes_json else convert(sent, self.schema)
        if self._validator is None:
            self._validator = Draft202012Validator(self.schema)
        errors = sorted(self._validator.iter_errors(params), key=lambda e: (e.validator != "additionalProperties",))
        if errors:
            raise _refusal(_deepest(errors[0]))
        return params


def _parameters(method: str, spec: dict[str, Any]) -> dict[str, Any]:
    """One closed object schema: the body's of a POST, the query's of a GET or DELETE."""
    content = spec.get("requestBody", {}).get("content", {})
    body: dict[str, Any] = next(iter(content.values()))["schema"] if content else {}
    query = {p["name"]: p for p in spec.get("parameters", []) if p["in"] == "query"}
    schema: dict[str, Any] = dict(body) if body else {"type": "object"}
    schema["properties"] = {**body.get("properties", {}), **{name: p["schema"] for name, p in query.items()}}
    schema["required"] = [*body.get("required", []), *(name for name, p in query.items() if p.get("required"))]
    schema["additionalProperties"] = False
    return schema


@cache
def operations() -> dict[str, list[Operation]]:
    """Method to its operations; literal paths before templates, so that /v1/x/create wins over /v1/x/{id}."""
    found: dict[str, list[Operation]] = {}
    for path, methods in described()["paths"].items():
        for method, spec in methods.items():
            found.setdefault(method.upper(), []).append(Operation(method, path, spec))
    for each in found.values():
        each.sort(key=lambda op: op.path.count("{"))
    return found


def find(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """The operation and the ids in its path. Raises Refuse (404) for a URL that Stripe does not have."""
    for operation in operations().get(method, []):
        if match := operation.pattern.match(path):
            return operation, match.groupdict()
    raise Refuse(f"Unrecognized request URL ({method}: {path}).", code="url_invalid", status=404, refused_by="schema")


def decode(form: str) -> dict[str, Any]:
    """`a[b][0][c]=1&x[]=2` to {"a": {"b": {"0": {"c": "1"}}}, "x": {"0": "2"}}: lists stay dicts until converted."""
    root: dict[str, Any] = {}
    for key, value in parse_qsl(form, keep_blank_values=True):
        head = key.split("[", 1)[0]
        parts = [head, *_KEY.findall(key[len(head) :])]
        if len(parts) > MAX_DEPTH:
            raise Refuse("Too many levels in a parameter.", param=head, refused_by="schema")
        here = root
        for part in parts[:-1]:
            step = here.setdefault(part or str(len(here)), {})
            if not isinstance(step, dict):
                raise Refuse(f"Invalid {head}", param=head, refused_by="schema")
            here = step
        last = parts[-1]
        here[last or str(len(here))] = value
    return root


def convert(value: Any, schema: dict[str, Any]) -> Any:
    """Strings of a form to what the schema asks for; what cannot be converted is left for the validator to refuse."""
    if "anyOf" in schema:
        tries = [convert(value, branch) for branch in schema["anyOf"]]
        for tried, branch in zip(tries, schema["anyOf"], strict=True):
            if Draft202012Validator(branch).is_valid(tried):
                return tried
        shaped = (t for t, b in zip(tries, schema["anyOf"], strict=True) if (b.get("type") == "object") == _is_map(t))
        return next(shaped, value)
    kind = schema.get("type")
    if isinstance(value, dict):
        if kind == "array" and all(key.isdigit() for key in value):
            ordered = [value[key] for key in sorted(value, key=int)]
            return [convert(item, schema.get("items", {})) for item in ordered]
        known, rest = schema.get("properties", {}), schema.get("additionalProperties")
        rest = rest if isinstance(rest, dict) else {}
        return {key: convert(item, known.get(key, rest)) for key, item in value.items()}
    if isinstance(value, str):
        return _scalar(value, kind)
    return value


def _scalar(text: str, kind: object) -> Any:
    if kind == "integer" and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "array" and text == "":
        return []
    return text


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _deepest(error: ValidationError) -> ValidationError:
    """Inside anyOf, the complaint of the branch that has the same shape as what was sent."""
    while error.context:
        fitting = [e for e in error.context if e.validator != "type" or len(e.path) > 0] or list(error.context)
        error = max(fitting, key=lambda e: len(e.path))
    return error


def bracketed(path: list[Any]) -> str:
    """["line_items", 0, "price"] to "line_items[0][price]"."""
    return "".join(str(part) if i == 0 else f"[{part}]" for i, part in enumerate(path))


def _refusal(error: ValidationError) -> Refuse:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        extra = next(key for key in error.instance if key not in error.schema.get("properties", {}))
        name = bracketed([*path, extra])
        if extra == "payment_method_types" and not path:
            # docs.stripe.com/changelog/endive/2026-09-30: "you can no longer pass payment_method_types"
            code = "payment_method_types_no_longer_supported"
            return Refuse("payment_method_types is no longer supported.", code=code, param=name, refused_by="schema")
        return Refuse(f"Received unknown parameter: {name}", code="parameter_unknown", param=name, refused_by="schema")
    if error.validator == "required":
        absent = next(key for key in error.validator_value if key not in error.instance)
        name = bracketed([*path, absent])
        return Refuse(f"Missing required param: {name}.", code="parameter_missing", param=name, refused_by="schema")
    name = bracketed(path)
    if error.validator == "enum":
        allowed = ", ".join(map(str, error.validator_value))
        message = f"Invalid {name}: must be one of {allowed}"
        return Refuse(message, code="parameter_invalid", param=name, refused_by="schema")
    if error.validator == "type" and error.validator_value == "integer":
        return Refuse(
            f"Invalid integer: {error.instance}", code="parameter_invalid_integer", param=name, refused_by="schema"
        )
    return Refuse(f"Invalid {name}: {error.message[:300]}", code="parameter_invalid", param=name, refused_by="schema")


@cache
def _answer_validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": described()["components"]})


def complaints_about(answer: dict[str, Any]) -> list[str]:
    """What is wrong with an object of ours by its response schema, "path: message" each; for the tests."""
    name = answer.get("object", "")
    if answer.get("deleted"):
        name = f"deleted_{name}"
    if name == "list":
        return [wrong for item in answer["data"] for wrong in complaints_about(item)]
    if name not in described()["components"]["schemas"]:
        return [f"{name}: Stripe has no such resource"]
    return [
        f"{name}.{bracketed(list(e.absolute_path))}: {e.message[:200]}"
        for e in _answer_validator(name).iter_errors(answer)
    ]
