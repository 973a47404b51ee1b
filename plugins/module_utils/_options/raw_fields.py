# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Raw fields of Istio and cert-manager that users give: their shape, as far as anything here reads them. Pure.

What nothing here reads is for the API server to judge. A test compares the shapes with the schemas of Istio's CRDs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .typed import shown, value_of
from .values import OptionError

# A type; [x] is a list of x; a dictionary has a shape for each field, "*" for all others. Fields without one may be
# anything.
Shape = Any

_TEXTS = {"*": str}
_DESTINATION = {"host": str, "port": {"number": int}, "subset": str}
_MATCH = {
    "name": str,
    "uri": _TEXTS,
    "ignoreUriCase": bool,
    "method": _TEXTS,
    "scheme": _TEXTS,
    "authority": _TEXTS,
    "headers": {"*": _TEXTS},
    "withoutHeaders": {"*": _TEXTS},
    "queryParams": {"*": _TEXTS},
    "port": int,
    "gateways": [str],
    "sniHosts": [str],
    "sourceLabels": _TEXTS,
    "sourceNamespace": str,
}

SERVER: Shape = {
    "name": str,
    "bind": str,
    "tls": {
        "mode": str,
        "credentialName": str,
        "credentialNames": [str],
        "httpsRedirect": bool,
        "minProtocolVersion": str,
        "cipherSuites": [str],
    },
}
# Of a route for HTTP, TLS or TCP; which one it is, other options decide.
ROUTE: Shape = {
    "name": str,
    "match": [_MATCH],
    "route": [{"destination": _DESTINATION, "weight": int, "headers": {}}],
    "mirror": _DESTINATION,
    "mirrors": [{"destination": _DESTINATION, "percentage": {"value": float}}],
    "redirect": {"uri": str, "scheme": str, "authority": str, "port": int, "redirectCode": int},
    "directResponse": {"status": int, "body": {"string": str}},
    "delegate": {"name": str, "namespace": str},
    "rewrite": {"uri": str, "authority": str, "uriRegexRewrite": {"match": str, "rewrite": str}},
    "headers": {"request": {}, "response": {}},
    "timeout": str,
    "retries": {"attempts": int, "perTryTimeout": str, "retryOn": str},
    "fault": {"delay": {}, "abort": {}},
    "corsPolicy": {"allowOrigins": [_TEXTS], "allowMethods": [str], "allowHeaders": [str]},
}
CERTIFICATE: Shape = {
    "dnsNames": [str],
    "commonName": str,
    "issuerRef": {"name": str, "kind": str, "group": str},
    "duration": str,
    "renewBefore": str,
    "privateKey": {"algorithm": str, "size": int, "rotationPolicy": str},
    "usages": [str],
}
_SCALARS = {str: "str", int: "int", float: "float", bool: "bool"}


def raw_fields(
    option: str, fields: Mapping[str, Any] | None, shape: Shape, reserved: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """The fields in this shape; raises OptionError, also for reserved ones, which map to the options that set them."""
    for key in fields or {}:
        if key in (reserved or {}):
            raise OptionError(f"{option}: '{key}' is set by {(reserved or {})[key]}; remove it.")
    checked: Mapping[str, Any] = _in_shape(option, fields or {}, shape)
    return checked


def _in_shape(place: str, value: Any, shape: Shape, in_list: bool = False) -> Any:
    """The value with numbers and booleans where they were given as text. Outside of lists, null removes a field."""
    if shape is None or (value is None and not in_list):
        return value
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise OptionError(
                f"{place}: {shown(value)} is not a list, which this field is; begin each entry with '- '."
            )
        return [_in_shape(f"{place}[{index}]", entry, shape[0], in_list=True) for index, entry in enumerate(value)]
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            known = [name for name in shape if name != "*"]
            example = f", such as {{{known[0]}: ...}}" if known else ""
            raise OptionError(f"{place}: {shown(value)} is not a dictionary, which this field is; write one{example}.")
        return {
            key: _in_shape(f"{place}.{key}", inner, shape.get(key, shape.get("*")), in_list)
            for key, inner in value.items()
        }
    if value is None:
        raise OptionError(f"{place}: it is empty; give a value, or leave it out.")
    return value_of(place, value, _SCALARS[shape])
