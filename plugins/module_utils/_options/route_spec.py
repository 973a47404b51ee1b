# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The argument spec of routes and subsets: Istio's fields of HTTPRoute, in snake_case.

Istio's Destination is flattened into the options service (or host), port and subset. Headers and query parameters are
dictionaries whose keys the user chooses, so route_values.py checks their conditions instead of the argument spec.
Fields: https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute
"""

from __future__ import annotations

from typing import Any

_MATCH_TYPES = ("exact", "prefix", "regex")

# Istio's StringMatch.
STRING_MATCH: dict[str, Any] = {
    "options": {match_type: {"type": "str"} for match_type in _MATCH_TYPES},
    "mutually_exclusive": [_MATCH_TYPES],
    "required_one_of": [_MATCH_TYPES],
}

# Istio's Headers.HeaderOperations.
_HEADER_OPERATIONS: dict[str, Any] = {
    "type": "dict",
    "options": {
        "set": {"type": "dict"},
        "add": {"type": "dict"},
        "remove": {"type": "list", "elements": "str"},
    },
    "required_one_of": [("set", "add", "remove")],
}

HEADERS: dict[str, Any] = {
    "type": "dict",
    "options": {"request": _HEADER_OPERATIONS, "response": _HEADER_OPERATIONS},
    "required_one_of": [("request", "response")],
}

_DESTINATION: dict[str, Any] = {
    "service": {"type": "str"},
    "host": {"type": "str"},
    "port": {"type": "int"},
    "subset": {"type": "str"},
}
_SERVICE_OR_HOST: dict[str, Any] = {
    "mutually_exclusive": [("service", "host")],
    "required_one_of": [("service", "host")],
}

MATCH: dict[str, Any] = {
    "uri": {"type": "dict", **STRING_MATCH},
    "ignore_uri_case": {"type": "bool"},
    "method": {"type": "dict", **STRING_MATCH},
    "headers": {"type": "dict"},
    "without_headers": {"type": "dict"},
    "query_params": {"type": "dict"},
    "scheme": {"type": "dict", **STRING_MATCH},
    "authority": {"type": "dict", **STRING_MATCH},
    "port": {"type": "int"},
    "source_namespace": {"type": "str"},
    "source_labels": {"type": "dict"},
}

_REDIRECT: dict[str, Any] = {
    "type": "dict",
    "options": {
        "uri": {"type": "str"},
        "prefix_rewrite": {"type": "str"},
        "authority": {"type": "str"},
        "scheme": {"type": "str", "choices": ["http", "https"]},
        "port": {"type": "int"},
        "derive_port": {"type": "str", "choices": ["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"]},
        "redirect_code": {"type": "int", "choices": [301, 302, 303, 307, 308]},
    },
    "mutually_exclusive": [("uri", "prefix_rewrite"), ("port", "derive_port")],
    "required_one_of": [("uri", "prefix_rewrite", "authority", "scheme", "port", "derive_port")],
}

_REWRITE: dict[str, Any] = {
    "type": "dict",
    "options": {
        "uri": {"type": "str"},
        "uri_regex_rewrite": {
            "type": "dict",
            "options": {"match": {"type": "str", "required": True}, "rewrite": {"type": "str", "required": True}},
        },
        "authority": {"type": "str"},
    },
    "mutually_exclusive": [("uri", "uri_regex_rewrite")],
    "required_one_of": [("uri", "uri_regex_rewrite", "authority")],
}

_CORS_POLICY: dict[str, Any] = {
    "type": "dict",
    "options": {
        "allow_origins": {"type": "list", "elements": "dict", "required": True, **STRING_MATCH},
        "allow_methods": {"type": "list", "elements": "str"},
        "allow_headers": {"type": "list", "elements": "str"},
        "expose_headers": {"type": "list", "elements": "str"},
        "max_age": {"type": "str"},
        "allow_credentials": {"type": "bool"},
        "unmatched_preflights": {"type": "str", "choices": ["FORWARD", "IGNORE"]},
    },
}

_RETRIES: dict[str, Any] = {
    "type": "dict",
    "options": {
        "attempts": {"type": "int", "required": True},
        "per_try_timeout": {"type": "str"},
        "retry_on": {"type": "str"},
        "retry_remote_localities": {"type": "bool"},
        "retry_ignore_previous_hosts": {"type": "bool"},
        "backoff": {"type": "str"},
    },
}

# Istio accepts a fault without a percentage, but never injects it.
_PERCENTAGE: dict[str, Any] = {"type": "float", "required": True}

_FAULT: dict[str, Any] = {
    "type": "dict",
    "options": {
        "delay": {
            "type": "dict",
            "options": {"fixed_delay": {"type": "str", "required": True}, "percentage": _PERCENTAGE},
        },
        "abort": {
            "type": "dict",
            "options": {
                "http_status": {"type": "int"},
                "grpc_status": {"type": "str"},
                "percentage": _PERCENTAGE,
            },
            "mutually_exclusive": [("http_status", "grpc_status")],
            "required_one_of": [("http_status", "grpc_status")],
        },
    },
    "required_one_of": [("delay", "abort")],
}

# Options of a route that have Istio's names and values, unlike destinations, mirrors and match.
SETTINGS: dict[str, Any] = {
    "redirect": _REDIRECT,
    "direct_response": {
        "type": "dict",
        "options": {"status": {"type": "int", "required": True}, "body": {"type": "str"}},
    },
    "delegate": {
        "type": "dict",
        "options": {"name": {"type": "str", "required": True}, "namespace": {"type": "str"}},
    },
    "rewrite": _REWRITE,
    "headers": HEADERS,
    "timeout": {"type": "str"},
    "retries": _RETRIES,
    "cors_policy": _CORS_POLICY,
    "fault": _FAULT,
}

ROUTES: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str"},
        "match": {"type": "list", "elements": "dict", "options": MATCH},
        "destinations": {
            "type": "list",
            "elements": "dict",
            "options": {**_DESTINATION, "weight": {"type": "int"}, "headers": HEADERS},
            **_SERVICE_OR_HOST,
        },
        **SETTINGS,
        "mirrors": {
            "type": "list",
            "elements": "dict",
            "options": {**_DESTINATION, "percentage": {"type": "float"}},
            **_SERVICE_OR_HOST,
        },
        "spec": {"type": "dict"},
    },
}

SUBSETS: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "service": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "labels": {"type": "dict", "required": True},
    },
}
