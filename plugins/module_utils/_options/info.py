# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What a task of istio_exposure_info asks for: its options, as data, or one sentence about what is wrong with them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._argspec import ArgumentSpec
from .._istio.hosts import is_within
from .check_levels import parse_levels
from .exposure import Exposure, parse
from .nested import validated
from .values import OptionError, check_hosts

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
        "query": {"type": "str"},
        "cluster_domain": {"type": "str", "default": "cluster.local"},
    },
)


@dataclass(frozen=True)
class InfoRequest:
    """Which exposures, and what of them. desired is None if they are not compared with anything."""

    name: str | None = None
    namespace: str | None = None
    label_selectors: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    include_foreign: bool = False
    desired: tuple[Exposure, ...] | None = None
    levels: Mapping[str, str] | None = None
    cluster_domain: str = "cluster.local"

    def matches(self, namespace: str, name: str, hosts: list[str]) -> bool:
        """Whether an exposure passes the filters, labels left out. A wildcard serves every host below it."""
        return (
            self.namespace in (None, namespace)
            and self.name in (None, name)
            and (not self.hosts or any(is_within(wanted, host) for wanted in self.hosts for host in hosts))
        )


def parse_info(params: Mapping[str, Any]) -> InfoRequest:
    """What a module's params (see INFO) ask for; raises OptionError."""
    return InfoRequest(
        name=params["name"],
        namespace=params["namespace"],
        label_selectors=tuple(params["label_selectors"]),
        hosts=check_hosts("hosts", params["hosts"]) if params["hosts"] is not None else (),
        include_foreign=params["include_foreign"],
        desired=_desired(params["desired"]) if params["desired"] is not None else None,
        levels=parse_levels(params["checks"]) if params["findings"] else None,
        cluster_domain=params["cluster_domain"],
    )


def _desired(given: list[dict[str, Any]]) -> tuple[Exposure, ...]:
    """Exposures in the options of istio_exposure. Those with state=absent are not wanted."""
    found: dict[tuple[str, str], Exposure] = {}
    for index, options in enumerate(given):
        params = validated(f"desired[{index}]", options)
        if params["state"] == "absent":
            continue
        try:
            exposure = parse(params)
        except OptionError as error:
            raise OptionError(f"desired[{index}].{error}") from error
        key = (exposure.namespace, exposure.name)
        if key in found:
            raise OptionError(f"desired[{index}]: the exposure {key} is in the list twice.")
        found[key] = exposure
    return tuple(found.values())


def parse_query(query: str) -> Callable[[Any], Any]:
    """What a query in JMESPath makes of data. Both may raise OptionError. Needs `jmespath`."""
    try:
        compiled = jmespath.compile(query)
    except JMESPathError as error:
        raise OptionError(f"query: '{query}' is not JMESPath: {_one_line(error)}") from error

    def ask(data: Any) -> Any:
        try:
            return compiled.search(data)
        except JMESPathError as error:
            raise OptionError(f"query: '{query}' cannot be answered: {_one_line(error)}") from error

    return ask


def _one_line(error: Exception) -> str:
    """The message without the drawing of where it is, and ending as a sentence."""
    return str(error).partition("\n")[0].rstrip(".: ") + "."
