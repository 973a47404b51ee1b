# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istio_exposures returned, in words for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cluster.testing import Cluster
from support.run_module import Outcome

PUBLIC = {"selector": {"istio": "public"}}


@dataclass(frozen=True)
class Listed:
    outcome: Outcome

    @property
    def changed(self) -> bool:
        return self.outcome.changed

    @property
    def failed(self) -> bool:
        return self.outcome.failed

    @property
    def message(self) -> str:
        return self.outcome.message

    @property
    def diff(self) -> str:
        return self.outcome.diff

    @property
    def warnings(self) -> list[str]:
        return list(self.outcome.result.get("warnings", []))

    @property
    def exposures(self) -> dict[str, dict[str, Any]]:
        return {entry["name"]: entry for entry in self.outcome.result["exposures"]}

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: entry["outcome"] for name, entry in self.exposures.items()}

    @property
    def actions(self) -> list[str]:
        """Such as "created Gateway shop"."""
        entries = [one for entry in self.outcome.result["exposures"] for one in entry["objects"]]
        return [f"{one['action']} {one['kind']} {one['name']}" for one in entries]

    def done(self) -> Listed:
        assert not self.failed, self.message
        return self


Run = Callable[..., Listed]


def exposures(domain: str, *names: str, **changes: Any) -> list[dict[str, Any]]:
    """One for each name, with a host of the same name in the domain."""
    return [{"name": name, "hosts": [f"{name}.{domain}.test"], **changes} for name in names]


def there(istio: Cluster, namespace: str) -> set[str]:
    """The Gateways and VirtualServices of a namespace, such as "Gateway shop"."""
    kinds = "gateways.networking.istio.io,virtualservices.networking.istio.io"
    result = istio.kubectl("get", kinds, "-n", namespace)["items"]
    return {f"{entry['kind']} {entry['metadata']['name']}" for entry in result}


def both(*names: str) -> set[str]:
    return {f"{kind} {name}" for kind in ("Gateway", "VirtualService") for name in names}
