# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks of a route's conditions and settings that the argument spec cannot express. Pure.

Istio rejects some of these mistakes and silently ignores others. Each raises an OptionError with the option's path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .values import (
    OptionError,
    check_duration,
    check_label,
    check_labels,
    check_port,
    check_strings,
    percent_encoded,
)

Options = Mapping[str, Any]

ACTIONS = ("destinations", "redirect", "direct_response", "delegate")
# With redirect and direct_response, Istio rejects the first two and ignores the others.
_FORWARDING_OPTIONS = ("rewrite", "fault", "timeout", "retries", "mirrors")
# A header's name (https://www.rfc-editor.org/rfc/rfc9110#name-tokens).
_HEADER = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
# https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
_RETRY_ON = (
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
)
_STATUSES = frozenset(str(status) for status in range(100, 600))
_CORS_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*")


def without_unset(options: Options) -> dict[str, Any]:
    """The options that have a value; None, an empty dictionary and an empty list count as unset."""
    return {option: value for option, value in options.items() if value is not None and value not in ({}, [])}


def check_action(where: str, route: Options) -> None:
    """Raises OptionError unless the route has exactly one action, and only options that go with it."""
    actions = [action for action in ACTIONS if route.get(action) is not None]
    if len(actions) != 1:
        problem = f"{' and '.join(actions)} exclude each other" if actions else "it has no action"
        raise OptionError(
            f"{where}: {problem}; give exactly one of destinations, redirect, direct_response and delegate."
        )
    action = actions[0]
    if action in ("redirect", "direct_response"):
        for option in without_unset(route):
            if option in _FORWARDING_OPTIONS:
                raise OptionError(
                    f"{where}.{option}: it has no meaning with {action}, where the gateway itself answers; remove it."
                )
        if (route.get("headers") or {}).get("request"):
            raise OptionError(
                f"{where}.headers.request: it has no meaning with {action}, where the gateway itself answers; remove "
                "it."
            )


def check_match(where: str, match: Options) -> dict[str, Any]:
    """The conditions of one match, without unset ones and with string values; raises OptionError."""
    conditions = without_unset(match)
    if not set(conditions) - {"ignore_uri_case"}:
        raise OptionError(f"{where}: it has no condition, so it matches every request; give one, or leave out match.")
    for option in conditions.keys() & {"uri", "method", "scheme", "authority"}:
        conditions[option] = without_unset(conditions[option])
        _check_string_match(f"{where}.{option}", conditions[option])
    if "ignore_uri_case" in conditions and not conditions.get("uri", {}).keys() & {"prefix", "exact"}:
        raise OptionError(f"{where}.ignore_uri_case: it has no meaning without uri.prefix or uri.exact; remove it.")
    for option in ("headers", "without_headers", "query_params"):
        if option in conditions:
            conditions[option] = _check_conditions(f"{where}.{option}", conditions[option])
    if "port" in conditions:
        check_port(f"{where}.port", conditions["port"])
    if "source_namespace" in conditions:
        check_label(f"{where}.source_namespace", conditions["source_namespace"])
    if "source_labels" in conditions:
        conditions["source_labels"] = check_labels(f"{where}.source_labels", conditions["source_labels"])
    return conditions


def _check_string_match(option: str, condition: Options) -> None:
    """Raises OptionError for a condition that is empty or cannot match anything."""
    attribute = option.rpartition(".")[2]
    for match_type, value in without_unset(condition).items():
        if attribute == "uri" and (not value or (match_type != "regex" and not value.startswith("/"))):
            raise OptionError(f"{option}.{match_type}: '{value}' does not match any path; start it with '/'.")
        if attribute == "uri" and match_type != "regex":
            _check_path(f"{option}.{match_type}", value)
        if not value:
            raise OptionError(f"{option}.{match_type}: it is empty; give the text to match.")
        if attribute == "method" and match_type != "regex" and value != value.upper():
            raise OptionError(f"{option}.{match_type}: '{value}' does not match any request; write '{value.upper()}'.")


def _check_path(option: str, path: str) -> None:
    """Raises OptionError for a path that no request has: Envoy compares paths as clients send them, without query."""
    for character, advice in (("?", "and match the query with query_params"), ("#", "as clients do not send it")):
        before, found, _after = path.partition(character)
        if found:
            raise OptionError(
                f"{option}: '{path}' does not match any path, which ends before '{character}'; write '{before}', "
                f"{advice}."
            )
    if percent_encoded(path) != path:
        raise OptionError(
            f"{option}: '{path}' does not match any path, as clients send it percent-encoded; write "
            f"'{percent_encoded(path)}'."
        )


def _check_conditions(option: str, conditions: Options) -> dict[str, dict[str, str]]:
    """Istio's conditions by the name of the header or query parameter; {} for present: true. Raises OptionError."""
    by_name: dict[str, dict[str, str]] = {}
    for name, condition in conditions.items():
        match_types = without_unset(condition) if isinstance(condition, Mapping) else {}
        if len(match_types) != 1 or not match_types.keys() <= {"exact", "prefix", "regex", "present"}:
            raise OptionError(
                f"{option}: '{name}' needs exactly one of exact, prefix, regex and present, such as {{exact: text}}."
            )
        if "present" in match_types:
            if match_types["present"] is not True:
                raise OptionError(
                    f"{option}: present of '{name}' can only be true; for a header that must be absent, use "
                    "without_headers."
                )
            by_name[name] = {}
        else:
            by_name[name] = dict(check_strings(option, match_types))
            if "" in by_name[name].values():
                raise OptionError(f"{option}: the condition on '{name}' is empty; use present: true for any value.")
    return by_name


def check_settings(where: str, settings: Options, matches: tuple[Options, ...]) -> dict[str, Any]:
    """The settings of a route (see route_spec.SETTINGS) without unset ones; raises OptionError."""
    checked = {option: _CHECKS[option](f"{where}.{option}", value) for option, value in without_unset(settings).items()}
    match_types = {match_type for match in matches for match_type in match.get("uri", {})}
    if "prefix_rewrite" in checked.get("redirect", {}) and match_types - {"prefix"}:
        raise OptionError(
            f"{where}.redirect.prefix_rewrite: it needs uri.prefix in every match with a uri; change the matches, or "
            "use redirect.uri."
        )
    _check_authority(where, checked)
    return checked


def _check_authority(where: str, settings: Options) -> None:
    """Raises OptionError if several settings change the host, because Istio applies only one of them."""
    changes = settings.get("headers", {}).get("request", {})
    places = [
        f"headers.request.{operation}"
        for operation in ("set", "add")
        for name in changes.get(operation, {})
        if name.lower() in ("host", ":authority")
    ]
    if settings.get("rewrite", {}).get("authority"):
        places.append("rewrite.authority")
    if len(places) > 1:
        raise OptionError(
            f"{where}.{places[0]}: it changes the host of requests, and so does {places[1]}; keep only one of them."
        )


def check_headers(option: str, headers: Options) -> dict[str, Any]:
    """Header operations by direction (request or response), with string values; raises OptionError."""
    by_direction: dict[str, dict[str, Any]] = {}
    for direction, operations in without_unset(headers).items():
        by_direction[direction] = {
            name: list(value) if name == "remove" else dict(check_strings(f"{option}.{direction}.{name}", value))
            for name, value in without_unset(operations).items()
        }
    return without_unset(by_direction)


def check_percentage(option: str, value: float) -> None:
    if not 0 <= value <= 100:
        raise OptionError(f"{option}: {value:g} is not a percentage; give a number from 0 to 100.")


def _check_not_empty(option: str, options: Options) -> None:
    """Raises OptionError for an empty string, which Istio treats as unset."""
    for name, value in options.items():
        if value == "":
            raise OptionError(f"{option}.{name}: it is empty; give a value, or leave it out.")


def _redirect(option: str, redirect: Options) -> dict[str, Any]:
    _check_not_empty(option, redirect)
    if redirect.get("port") is not None:
        check_port(f"{option}.port", redirect["port"])
    return without_unset(redirect)


def _direct_response(option: str, response: Options) -> dict[str, Any]:
    _check_status(f"{option}.status", response["status"])
    return without_unset(response)


def _check_status(option: str, status: int) -> None:
    if not 200 <= status <= 599:
        raise OptionError(f"{option}: {status} is not a status code of a response; give a number from 200 to 599.")


def _delegate(option: str, delegate: Options) -> dict[str, Any]:
    for name, value in without_unset(delegate).items():
        check_label(f"{option}.{name}", value)
    return without_unset(delegate)


def _rewrite(option: str, rewrite: Options) -> dict[str, Any]:
    _check_not_empty(option, rewrite)
    _check_not_empty(f"{option}.uri_regex_rewrite", rewrite.get("uri_regex_rewrite") or {})
    return without_unset(rewrite)


def _timeout(option: str, timeout: str) -> str:
    check_duration(option, timeout)
    return timeout


def _retries(option: str, retries: Options) -> dict[str, Any]:
    settings = without_unset(retries)
    if settings["attempts"] < 0:
        raise OptionError(f"{option}.attempts: {settings['attempts']} is negative; give 0 or more.")
    for name in settings.keys() & {"per_try_timeout", "backoff"}:
        check_duration(f"{option}.{name}", settings[name])
    if settings.get("retry_on"):
        settings["retry_on"] = _retry_on(f"{option}.retry_on", settings["retry_on"])
    if settings["attempts"] == 0 and len(settings) > 1:
        first = next(name for name in settings if name != "attempts")
        raise OptionError(f"{option}.{first}: it has no meaning with attempts=0, which turns retries off; remove it.")
    return settings


def _retry_on(option: str, conditions: str) -> str:
    """Conditions with commas, as Istio wants them: without spaces."""
    names = [name.strip() for name in conditions.split(",")]
    for name in names:
        if name not in _RETRY_ON and name not in _STATUSES:
            raise OptionError(
                f"{option}: '{name}' is no condition of retries; give status codes and {', '.join(_RETRY_ON)}, with "
                "commas between them."
            )
    return ",".join(names)


def _cors_policy(option: str, policy: Options) -> dict[str, Any]:
    if not policy["allow_origins"]:
        raise OptionError(f"{option}.allow_origins: the list is empty; name at least one origin.")
    for index, origin in enumerate(policy["allow_origins"]):
        _check_string_match(f"{option}.allow_origins[{index}]", origin)
    for index, method in enumerate(policy.get("allow_methods") or []):
        if method not in _CORS_METHODS:
            raise OptionError(
                f"{option}.allow_methods[{index}]: '{method}' is not a method of HTTP; give {', '.join(_CORS_METHODS)}."
            )
    for name in ("allow_headers", "expose_headers"):
        for index, header in enumerate(policy.get(name) or []):
            if not _HEADER.fullmatch(header):
                raise OptionError(f"{option}.{name}[{index}]: '{header}' is not the name of a header; correct it.")
    age = policy.get("max_age")
    if age is not None and check_duration(f"{option}.max_age", age) % 1:
        raise OptionError(f"{option}.max_age: '{age}' is not a whole number of seconds, which browsers need; round it.")
    return without_unset(policy)


def _fault(option: str, fault: Options) -> dict[str, Any]:
    faults = without_unset(fault)
    for kind, value in faults.items():
        check_percentage(f"{option}.{kind}.percentage", value["percentage"])
    if "delay" in faults:
        check_duration(f"{option}.delay.fixed_delay", faults["delay"]["fixed_delay"])
    if "abort" in faults and faults["abort"].get("http_status") is not None:
        _check_status(f"{option}.abort.http_status", faults["abort"]["http_status"])
    return faults


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "redirect": _redirect,
    "direct_response": _direct_response,
    "delegate": _delegate,
    "rewrite": _rewrite,
    "headers": check_headers,
    "timeout": _timeout,
    "retries": _retries,
    "cors_policy": _cors_policy,
    "fault": _fault,
}
