# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What a route's conditions and settings are checked for, beyond what the argument spec says. Pure.

Istio refuses some mistakes; others it takes and never acts on. Both are said here with the option's path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .values import (
    OptionError,
    check_duration,
    check_label,
    check_port,
    texts,
)

Options = Mapping[str, Any]

ACTIONS = ("destinations", "redirect", "direct_response", "delegate")
# Istio refuses the first two where the gateway itself answers, and does not act on the others.
_OF_DESTINATIONS = ("rewrite", "fault", "timeout", "retries", "mirrors")


def given(options: Options) -> dict[str, Any]:
    """The options that the user wrote; an empty dictionary or list is none."""
    return {option: value for option, value in options.items() if value is not None and value not in ({}, [])}


def check_action(where: str, route: Options) -> None:
    """A route does exactly one thing with its requests."""
    found = [action for action in ACTIONS if route.get(action) is not None]
    if len(found) != 1:
        both = f", and not {' and '.join(found)} together" if found else ""
        raise OptionError(
            f"{where}: say what becomes of its requests, with one of destinations, redirect, direct_response and "
            f"delegate{both}."
        )
    if found[0] in ("redirect", "direct_response"):
        for option in given(route):
            if option in _OF_DESTINATIONS:
                raise OptionError(
                    f"{where}.{option}: it has no meaning with {found[0]}, where the gateway itself answers; remove it."
                )
        if (route.get("headers") or {}).get("request"):
            raise OptionError(
                f"{where}.headers.request: it has no meaning with {found[0]}, where the gateway itself answers; remove "
                "it."
            )


def check_match(at: str, match: Options) -> dict[str, Any]:
    """One match of a route, without what is not given; what stands in dictionaries is text."""
    found = given(match)
    if not set(found) - {"ignore_uri_case"}:
        raise OptionError(f"{at}: it has no condition, so it takes every request; give one, or leave out match.")
    for option in found.keys() & {"uri", "method", "scheme", "authority"}:
        found[option] = given(found[option])
        _check_text(f"{at}.{option}", found[option])
    if "ignore_uri_case" in found and not found.get("uri", {}).keys() & {"prefix", "exact"}:
        raise OptionError(f"{at}.ignore_uri_case: it has a meaning only with uri.prefix or uri.exact; remove it.")
    for option in ("headers", "without_headers", "query_params"):
        if option in found:
            found[option] = _conditions(f"{at}.{option}", found[option])
    if "port" in found:
        check_port(f"{at}.port", found["port"])
    if "source_namespace" in found:
        check_label(f"{at}.source_namespace", found["source_namespace"])
    if "source_labels" in found:
        found["source_labels"] = texts(f"{at}.source_labels", found["source_labels"])
    return found


def _check_text(option: str, condition: Options) -> None:
    what = option.rpartition(".")[2]
    for kind, value in given(condition).items():
        if what == "uri" and (not value or (kind != "regex" and not value.startswith("/"))):
            raise OptionError(f"{option}.{kind}: '{value}' can match no path; a path begins with '/'.")
        if not value:
            raise OptionError(f"{option}.{kind}: it is empty; give the text that is wanted.")
        if what == "method" and kind != "regex" and value != value.upper():
            raise OptionError(f"{option}.{kind}: '{value}' can match no request; write '{value.upper()}'.")


def _conditions(option: str, conditions: Options) -> dict[str, dict[str, str]]:
    """Conditions by name, as Istio takes them: for one that is only to be there, an empty one."""
    found: dict[str, dict[str, str]] = {}
    for name, condition in conditions.items():
        kinds = given(condition) if isinstance(condition, Mapping) else {}
        if len(kinds) != 1 or not kinds.keys() <= {"exact", "prefix", "regex", "present"}:
            raise OptionError(
                f"{option}: '{name}' needs exactly one of exact, prefix, regex and present, such as {{exact: text}}."
            )
        if "present" in kinds:
            if kinds["present"] is not True:
                raise OptionError(
                    f"{option}: present of '{name}' can only be true; that a header is missing is a condition of "
                    "without_headers."
                )
            found[name] = {}
        else:
            found[name] = dict(texts(option, kinds))
            if "" in found[name].values():
                raise OptionError(f"{option}: the condition on '{name}' is empty; use present: true for any value.")
    return found


def check_settings(where: str, settings: Options, matches: tuple[Options, ...]) -> dict[str, Any]:
    """The settings of a route, without what is not given."""
    found = {option: _CHECKS[option](f"{where}.{option}", value) for option, value in given(settings).items()}
    kinds = {kind for match in matches for kind in match.get("uri", {})}
    if "prefix_rewrite" in found.get("redirect", {}) and kinds - {"prefix"}:
        raise OptionError(f"{where}.redirect.prefix_rewrite: it needs uri.prefix in every match that has a uri.")
    _check_authority(where, found)
    return found


def _check_authority(where: str, settings: Options) -> None:
    """Istio takes a new host from one place only."""
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
            f"{where}.{places[0]}: it gives requests another host, and so does {places[1]}; give it in one place."
        )


def check_headers(option: str, headers: Options) -> dict[str, Any]:
    """Changes of headers, every value as text."""
    found: dict[str, dict[str, Any]] = {}
    for side, changes in given(headers).items():
        found[side] = {
            operation: list(value) if operation == "remove" else dict(texts(f"{option}.{side}.{operation}", value))
            for operation, value in given(changes).items()
        }
    return given(found)


def check_percentage(option: str, value: float) -> None:
    if not 0 <= value <= 100:
        raise OptionError(f"{option}: {value:g} is not a percentage; give a number from 0 to 100.")


def _check_not_empty(option: str, options: Options) -> None:
    """Istio takes empty text for none at all."""
    for name, value in options.items():
        if value == "":
            raise OptionError(f"{option}.{name}: it is empty; give the text that is wanted, or leave it out.")


def _redirect(option: str, redirect: Options) -> dict[str, Any]:
    _check_not_empty(option, redirect)
    if redirect.get("port") is not None:
        check_port(f"{option}.port", redirect["port"])
    return given(redirect)


def _direct_response(option: str, response: Options) -> dict[str, Any]:
    _check_status(f"{option}.status", response["status"])
    return given(response)


def _check_status(option: str, status: int) -> None:
    if not 200 <= status <= 599:
        raise OptionError(f"{option}: {status} is not a status that can be answered; give a number from 200 to 599.")


def _delegate(option: str, delegate: Options) -> dict[str, Any]:
    for name, value in given(delegate).items():
        check_label(f"{option}.{name}", value)
    return given(delegate)


def _rewrite(option: str, rewrite: Options) -> dict[str, Any]:
    _check_not_empty(option, rewrite)
    _check_not_empty(f"{option}.uri_regex_rewrite", rewrite.get("uri_regex_rewrite") or {})
    return given(rewrite)


def _timeout(option: str, timeout: str) -> str:
    check_duration(option, timeout)
    return timeout


def _retries(option: str, retries: Options) -> dict[str, Any]:
    found = given(retries)
    if found["attempts"] < 0:
        raise OptionError(f"{option}.attempts: {found['attempts']} is not a number of retries; give one from 0 up.")
    for name in found.keys() & {"per_try_timeout", "backoff"}:
        check_duration(f"{option}.{name}", found[name])
    if found["attempts"] == 0 and len(found) > 1:
        first = next(name for name in found if name != "attempts")
        raise OptionError(f"{option}.{first}: it has no meaning with attempts=0, which turns retries off; remove it.")
    return found


def _cors_policy(option: str, policy: Options) -> dict[str, Any]:
    if not policy["allow_origins"]:
        raise OptionError(f"{option}.allow_origins: the list is empty; name at least one origin.")
    for index, origin in enumerate(policy["allow_origins"]):
        _check_text(f"{option}.allow_origins[{index}]", origin)
    age = policy.get("max_age")
    if age is not None and check_duration(f"{option}.max_age", age) % 1:
        raise OptionError(f"{option}.max_age: '{age}' is not a whole number of seconds, and browsers know no parts.")
    return given(policy)


def _fault(option: str, fault: Options) -> dict[str, Any]:
    found = given(fault)
    for kind, value in found.items():
        check_percentage(f"{option}.{kind}.percentage", value["percentage"])
    if "delay" in found:
        check_duration(f"{option}.delay.fixed_delay", found["delay"]["fixed_delay"])
    if "abort" in found and found["abort"].get("http_status") is not None:
        _check_status(f"{option}.abort.http_status", found["abort"]["http_status"])
    return found


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
