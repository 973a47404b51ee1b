# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The API server's message in an error of kubernetes.core, and why a role cannot read the cluster. Pure."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

# The response as Python prints bytes, b'{"kind":"Status", ...}', or as it is, maybe after headers with other braces.
_BYTES = re.compile(r"b(['\"])(\{.*\})(\\n)?\1", re.DOTALL)
_STATUS = re.compile(r'\{\s*"kind"\s*:\s*"Status"')


def kubernetes_message(text: str) -> str:
    """The message of the API server's Status in `text`, or `text` itself if there is none."""
    return str(_status(text).get("message") or text)


def _status(text: str) -> Mapping[str, Any]:
    as_bytes, as_text = _BYTES.search(text), _STATUS.search(text)
    with suppress(SyntaxError, ValueError):
        if as_bytes:
            answer = json.loads(ast.literal_eval(as_bytes.group(0)))
        else:
            answer = json.JSONDecoder().raw_decode(text, as_text.start())[0] if as_text else {}
        return answer if isinstance(answer, Mapping) else {}
    return {}


def cluster_problem(results: Iterable[Mapping[str, Any]], role: str, connection: str) -> str:
    """Why tasks of `role` could not read the cluster, or empty text; `results` are those of kubernetes.core.k8s_info.

    `connection` names the variables that decide which cluster it is, and as whom.
    """
    unread = [result for result in results if not result.get("skipped") and "resources" not in result]
    texts = [str(result.get("msg") or "") for result in unread]
    statuses = [_status(text) for text in texts]
    if any(status.get("code") == 401 for status in statuses):
        return (
            "The cluster does not accept the credentials (401 Unauthorized): they have expired, were revoked, or "
            f"belong to another cluster; renew them, and check {connection}."
        )
    refused = dict.fromkeys(str(status.get("message")) for status in statuses if status.get("code") == 403)
    if refused:
        return (
            f"The credentials lack rights that role {role} needs: {'; '.join(refused)}. Grant them, or check "
            f"{connection}. As Helm charts create cluster roles, the role usually runs with those of cluster-admin."
        )
    if texts:
        said = kubernetes_message(texts[0]).strip().splitlines() or ["nothing"]
        return f"The cluster cannot be read; check {connection}. kubernetes.core says: {said[0]}"
    return ""
