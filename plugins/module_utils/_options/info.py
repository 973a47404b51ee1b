# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The options of istio_exposure_info → an InfoRequest, or an OptionError with one sentence."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._argspec import ArgumentSpec
from .._istio.hosts import is_within
from .._istio.requests import Request
from .._kubernetes.objects import ExposureKey
from .check_levels import parse_levels
from .exposure import Exposure, parse
from .exposure_file import parse_text
from .probe import parse_headers
from .typed import shown, typed, validated
from .values import OptionError, check_host_names, percent_encoded

JMESPATH_IMPORT_ERROR: str | None = None
try:
    import jmespath
    from jmespath.exceptions import JMESPathError
except ImportError:
    JMESPATH_IMPORT_ERROR = traceback.format_exc()

INFO = ArgumentSpec(
    argument_spec={
        "name": {"type": "str"},
        "namespace": {"type": "str"},
        "label_selectors": {"type": "list", "elements": "str", "default": []},
        "hosts": {"type": "list", "elements": "str"},
        "include_foreign": {"type": "bool", "default": False},
        "desired": {"type": "list", "elements": "dict"},
        "findings": {"type": "bool", "default": True},
        "checks": {"type": "dict"},
        "trace": {"type": "list", "elements": "raw"},
        "trace_hosts": {"type": "bool", "default": False},
        "probe": {"type": "bool", "default": True},
        "probe_ca_cert": {"type": "path"},
        "query": {"type": "str"},
        "cluster_domain": {"type": "str", "default": "cluster.local"},
    },
)

# An entry of trace that is not just a URL.
_TRACE = {
    "options": {
        "url": {"type": "str", "required": True},
        "method": {"type": "str", "default": "GET"},
        "headers": {"type": "dict"},
    }
}
_HOST = re.compile(r"[0-9a-z._:-]+")
_METHOD = re.compile(r"[A-Za-z]+")
# A dictionary in a text, as surveys and the command line give it.
_DICTIONARY = re.compile(r"\{|url\s*:\s")


@dataclass(frozen=True)
class InfoRequest:
    """Which exposures a task asks for, and what it asks about them.

    desired are the exposures to compare with (None: no comparison); levels are those of the checks (None: no findings).
    traces are the requests to follow; trace_hosts says whether one to each host of the exposures is followed, too, and
    probe whether these requests are made.
    """

    name: str | None = None
    namespace: str | None = None
    label_selectors: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    include_foreign: bool = False
    desired: tuple[Exposure, ...] | None = None
    levels: Mapping[str, str] | None = None
    cluster_domain: str = "cluster.local"
    traces: tuple[Request, ...] = ()
    trace_hosts: bool = False
    probe: bool = True
    probe_ca_cert: str | None = None

    def matches(self, namespace: str, name: str, hosts: list[str]) -> bool:
        """Whether an exposure passes the filters by namespace, name and hosts; labels are not compared.

        A wildcard host serves all of its subdomains.
        """
        return (
            self.namespace in (None, namespace)
            and self.name in (None, name)
            and (not self.hosts or any(is_within(requested, host) for requested in self.hosts for host in hosts))
        )


def parse_info(params: Mapping[str, Any]) -> InfoRequest:
    """The request of a module's params (see INFO); raises OptionError."""
    return InfoRequest(
        name=params["name"],
        namespace=params["namespace"],
        label_selectors=tuple(params["label_selectors"] or ()),
        hosts=check_host_names("hosts", params["hosts"]) if params["hosts"] is not None else (),
        include_foreign=params["include_foreign"],
        desired=_parse_desired(params["desired"], params["cluster_domain"]) if params["desired"] is not None else None,
        levels=parse_levels(params["checks"]) if params["findings"] else None,
        cluster_domain=params["cluster_domain"],
        traces=parse_traces(params["trace"]),
        trace_hosts=params["trace_hosts"],
        probe=params["probe"],
        probe_ca_cert=params["probe_ca_cert"],
    )


def _parse_desired(entries: list[dict[str, Any]], cluster_domain: str) -> tuple[Exposure, ...]:
    """The desired exposures from entries with the options of istio_exposure; those with state=absent are left out.

    cluster_domain holds for entries that do not set it.
    """
    by_key: dict[ExposureKey, Exposure] = {}
    for index, options in enumerate(entries):
        domain = options.get("cluster_domain") or cluster_domain
        params = validated(f"desired[{index}]", {**options, "cluster_domain": domain})
        if params["state"] == "absent":
            continue
        try:
            exposure = parse(params)
        except OptionError as error:
            raise OptionError(f"desired[{index}].{error}") from error
        if exposure.key in by_key:
            raise OptionError(f"desired[{index}]: the exposure {exposure.key} is in the list twice; remove one.")
        by_key[exposure.key] = exposure
    return tuple(by_key.values())


def parse_traces(entries: Iterable[Any] | None) -> tuple[Request, ...]:
    """The requests that the option describes; raises OptionError."""
    return tuple(_request(f"trace[{index}]", entry) for index, entry in enumerate(entries or ()))


def _request(place: str, entry: Any) -> Request:
    if isinstance(entry, str) and _DICTIONARY.match(entry.strip()):
        try:
            entry = parse_text(entry)
        except (TypeError, ValueError, RecursionError) as error:
            raise OptionError(f"{place}: {shown(entry)} is neither YAML nor JSON; correct it.") from error
    if isinstance(entry, str):
        return _of(place, entry, "GET", {})
    if not isinstance(entry, dict):
        raise OptionError(f"{place}: {shown(entry)} is not a URL, nor a dictionary with url, method and headers.")
    options = typed(place, entry, _TRACE)
    method = options.get("method", "GET")
    if not _METHOD.fullmatch(method):
        raise OptionError(f"{place}.method: {shown(method)} is not an HTTP method; use one such as GET or HEAD.")
    return _of(f"{place}.url", options["url"], method, parse_headers(f"{place}.headers", options.get("headers")))


def _of(place: str, url: str, method: str, headers: Any) -> Request:
    try:
        request = Request.of(url, method, headers)
    except ValueError as error:
        raise OptionError(f"{place}: {error}") from error
    if not request.host.isascii():
        raise OptionError(f"{place}: '{request.host}' is not sent like that; write it in its form that begins xn--.")
    if not _HOST.fullmatch(request.host):
        raise OptionError(f"{place}: '{request.host}' is not a host that can be asked for; write one name or address.")
    sent = request.path + request.query
    if percent_encoded(sent) != sent:
        raise OptionError(f"{place}: '{sent}' is not sent like that; percent-encode it.")
    return request


def parse_query(query: str) -> Callable[[Any], Any]:
    """A function that applies a JMESPath query to data. Both raise OptionError. Needs the Python package jmespath."""
    try:
        compiled = jmespath.compile(query)
    except JMESPathError as error:
        raise OptionError(f"query: '{query}' is not a valid JMESPath expression: {_one_line(error)}") from error

    def search(data: Any) -> Any:
        try:
            return compiled.search(data)
        except JMESPathError as error:
            raise OptionError(f"query: '{query}' failed: {_one_line(error)}") from error

    return search


def _one_line(error: Exception) -> str:
    """The first line of the message, ending with a full stop; the others mark the position in the query."""
    return str(error).partition("\n")[0].rstrip(".: ") + "."
