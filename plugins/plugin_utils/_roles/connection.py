# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Every role: which cluster its tasks work on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def role_connection(connections: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The first of `connections` that has a kubeconfig or a context, without empty entries; {} if none has.

    It is taken as a whole: the kubeconfig of one entry with the context of another would be a third cluster.
    """
    for connection in connections:
        given = {name: connection[name] for name in ("kubeconfig", "context") if connection.get(name)}
        if given:
            return given
    return {}
