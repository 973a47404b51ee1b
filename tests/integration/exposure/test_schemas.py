# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our options against the schemas of Istio's CRDs: what an exposure can write, Istio has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.routes import camel_case
from ansible_collections.gatehouse.istio.plugins.module_utils._options.argument_spec import EXPOSURE
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._options.raw_fields import ROUTE, SERVER
from ansible_collections.gatehouse.istio.plugins.module_utils._options.route_spec import MATCH, SETTINGS
from cluster import tools
from cluster.layout import cache_directory
from cluster.pki import KeyPair, ensure_ca
from support.every_option import NOT_IN_OBJECTS, exposures, unused

Schema = Mapping[str, Any]
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Schema]:
    """The schema of networking.istio.io/v1 by kind, as chart `base` installs it."""
    file = tools.located(cache_directory()).charts / "base" / "files" / "crd-all.gen.yaml"
    return {
        definition["spec"]["names"]["kind"]: version["schema"]["openAPIV3Schema"]
        for definition in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader)
        if definition and definition["spec"]["group"] == "networking.istio.io"
        for version in definition["spec"]["versions"]
        if version["name"] == "v1"
    }


@pytest.fixture
def examples(tmp_path: Path) -> list[dict[str, Any]]:
    authority = KeyPair(tmp_path / "ca.crt", tmp_path / "ca.key")
    ensure_ca(authority, "partners")
    return exposures("shop", authority.certificate.read_text())


def complaints(value: Any, schema: Schema, path: str) -> Iterator[str]:
    """Where a value is not as the schema says."""
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path} is no {kind}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path} is not one of {', '.join(schema['enum'])}"
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from complaints(entry, schema["items"], f"{path}[{index}]")
    elif isinstance(value, dict):
        yield from (f"{path}.{name} is missing" for name in schema.get("required", []) if name not in value)
        others = schema.get("additionalProperties")
        for name, inner in value.items():
            known = schema.get("properties", {}).get(name, others)
            if known:
                yield from complaints(inner, known, f"{path}.{name}")
            else:
                yield f"{path}.{name} is no field"


def test_the_examples_use_every_option(examples: list[dict[str, Any]]) -> None:
    """Who adds an option uses it in every_option.py, so that the other tests here and on the API server know it."""
    spec = {name: definition for name, definition in EXPOSURE.argument_spec.items() if name not in NOT_IN_OBJECTS}
    assert list(unused(spec, examples)) == []
    assert "tls.mode" in list(unused(spec, [{"tls": {"redirect": True}}]))


def test_istio_has_every_field_that_an_exposure_can_write(
    schemas: dict[str, Schema], examples: list[dict[str, Any]]
) -> None:
    written = [manifest for options in examples for manifest in manifests(parse(options), "istio-ingress")]
    judged = [manifest for manifest in written if manifest["kind"] in schemas]
    assert {manifest["kind"] for manifest in judged} == {"Gateway", "DestinationRule", "VirtualService"}
    result = [
        complaint
        for manifest in judged
        for complaint in complaints(manifest["spec"], schemas[manifest["kind"]]["properties"]["spec"], manifest["kind"])
    ]
    assert result == []


def differences(spec: Mapping[str, Any], schema: Schema, path: str) -> Iterator[str]:
    """Options that are no fields once their names are in camelCase, or allow what the field does not."""
    for option, definition in spec.items():
        known = schema["properties"].get(camel_case(option))
        if known is None:
            yield f"{path}.{option} is no field"
        elif not set(definition.get("choices", [])) <= set(known.get("enum", definition.get("choices", []))):
            yield f"{path}.{option} has other choices"
        elif "options" in definition:
            yield from differences(definition["options"], known.get("items", known), f"{path}.{option}")


def test_the_options_of_a_route_are_istios_fields_in_snake_case(schemas: dict[str, Schema]) -> None:
    route = schemas["VirtualService"]["properties"]["spec"]["properties"]["http"]["items"]
    assert list(differences(SETTINGS, route, "route")) == []
    assert list(differences(MATCH, route["properties"]["match"]["items"], "match")) == []
    wrong = {"redirect": {"options": {"derive_port": {"choices": ["X"]}, "where": {}}}}
    assert list(differences(wrong, route, "route")) == [
        "route.redirect.derive_port has other choices",
        "route.redirect.where is no field",
    ]


def unlike(shape: Any, schema: Schema, path: str) -> Iterator[str]:
    """Where raw fields are checked for another type than the schema's."""
    if isinstance(shape, list):
        if schema["type"] != "array":
            yield f"{path} is no list"
        else:
            yield from unlike(shape[0], schema["items"], f"{path}[]")
    elif isinstance(shape, dict):
        if schema["type"] != "object":
            yield f"{path} is no dictionary"
        for name, inner in shape.items() if schema["type"] == "object" else ():
            fields = schema.get("properties", {})
            wanted = [*fields.values(), schema.get("additionalProperties")] if name == "*" else [fields.get(name)]
            known = [field for field in wanted if field]
            if not known:
                yield f"{path}.{name} is no field"
            for field in known:
                yield from unlike(inner, field, f"{path}.{name}")
    elif schema["type"] not in {str: ("string",), bool: ("boolean",), int: ("integer",), float: ("number",)}[shape]:
        yield f"{path} is no {shape.__name__}"


def test_raw_fields_are_checked_for_istios_types(schemas: dict[str, Schema]) -> None:
    servers = schemas["Gateway"]["properties"]["spec"]["properties"]["servers"]
    assert list(unlike([SERVER], servers, "servers")) == []
    spec = schemas["VirtualService"]["properties"]["spec"]["properties"]
    assert list(unlike([ROUTE], merge(spec["http"], spec["tls"]), "routes")) == []
    assert list(unlike([{"timeout": int, "match": {}, "no": str}], spec["http"], "x")) == [
        "x[].timeout is no int",
        "x[].match is no dictionary",
        "x[].no is no field",
    ]


def merge(one: Schema, other: Schema) -> Schema:
    """A schema with the fields of both, down to the leaves."""
    result = {**other, **one}
    for key in ("properties", "items"):
        if key in one and key in other:
            mine, theirs = one[key], other[key]
            both = mine.keys() & theirs.keys() if key == "properties" else set()
            merged = {name: merge(mine[name], theirs[name]) for name in both}
            result[key] = {**theirs, **mine, **merged} if key == "properties" else merge(mine, theirs)
    return result


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"http": [{"time_out": "1s"}]}, "x.http[0].time_out is no field"),
        ({"http": [{"timeout": 1}]}, "x.http[0].timeout is no string"),
        ({"http": [{"match": [{"port": True}]}]}, "x.http[0].match[0].port is no integer"),
        (
            {"http": [{"match": [{"headers": {"a": {"suffix": "b"}}}]}]},
            "x.http[0].match[0].headers.a.suffix is no field",
        ),
        ({"http": [{"redirect": {"derivePort": "X"}}]}, "is not one of FROM_PROTOCOL_DEFAULT, FROM_REQUEST_PORT"),
        ({"tls": [{"route": []}]}, "x.tls[0].match is missing"),
    ],
)
def test_what_istio_has_not_is_noticed(schemas: dict[str, Schema], spec: dict[str, Any], complaint: str) -> None:
    (result,) = complaints(spec, schemas["VirtualService"]["properties"]["spec"], "x")
    assert complaint in result
