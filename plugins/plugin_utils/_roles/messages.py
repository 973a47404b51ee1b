# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The API server's message in an error of kubernetes.core. Pure."""

from __future__ import annotations

import ast
import json
import re

# The response as Python prints bytes, b'{"kind":"Status", ...}', or as it is.
_BYTES = re.compile(r"b(['\"])(\{.*\})(\\n)?\1", re.DOTALL)
_TEXT = re.compile(r"\{.*\}", re.DOTALL)


def kubernetes_message(text: str) -> str:
    """The message of the API server's Status in `text`, or `text` itself if there is none."""
    as_bytes, as_text = _BYTES.search(text), _TEXT.search(text)
    try:
        if as_bytes:
            answer = json.loads(ast.literal_eval(as_bytes.group(0)))
        else:
            answer = json.loads(as_text.group(0)) if as_text else {}
    except (SyntaxError, ValueError):
        return text
    return str(answer.get("message") or text)
