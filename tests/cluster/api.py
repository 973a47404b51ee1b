# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small client of the API server for all kinds, with watches as iterators and without slow imports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3

from cluster.credentials import pair
from cluster.layout import Layout

FIELD_MANAGER = "embedded.gatehouse.istio"
# The server ends a watch after this time. A client without an answer for slightly longer has lost the connection.
_WATCH_SECONDS = 300
Object = dict[str, Any]


class ApiError(Exception):
    """The API server refused a request, or was unreachable (status 0)."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """Sends requests as one of the cluster's clients (see credentials.CLIENTS)."""

    def __init__(self, layout: Layout, server: str, client: str) -> None:
        files = pair(layout, client)
        self._server = server
        self._pool = urllib3.PoolManager(
            maxsize=8,
            retries=False,
            ca_certs=str(layout.pki / "ca.crt"),
            cert_file=str(files.certificate),
            key_file=str(files.key),
        )

    def get(self, path: str) -> Object | None:
        """The object, or None if it does not exist."""
        try:
            return self._call("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create(self, path: str, manifest: Mapping[str, Any]) -> Object:
        return self._call("POST", path, manifest)

    def apply(self, path: str, manifest: Mapping[str, Any]) -> Object:
        """Server-side apply: afterwards, our fields of the object are exactly these."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return self._call("PATCH", path, manifest, query, "application/apply-patch+yaml")

    def patch(self, path: str, change: Mapping[str, Any]) -> Object:
        """JSON merge patch."""
        return self._call("PATCH", path, change, {"fieldManager": FIELD_MANAGER}, "application/merge-patch+json")

    def delete(self, path: str) -> None:
        """Delete the object if it exists."""
        try:
            self._call("DELETE", path)
        except ApiError as error:
            if error.status != 404:
                raise

    def ready(self) -> bool:
        """Whether the API server is ready (which includes etcd)."""
        try:
            return self._request("GET", "/readyz").status == 200
        except ApiError:
            return False

    def list(self, path: str, query: Mapping[str, str]) -> Object:
        return self._call("GET", path, query=query)

    def watch(self, path: str, query: Mapping[str, str], version: str) -> Iterator[Object]:
        """Events since `version`, until the server ends the watch or the connection is lost."""
        more = {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(_WATCH_SECONDS)}
        response = self._request("GET", path, query={**query, **more, "allowWatchBookmarks": "true"}, stream=True)
        try:
            if response.status != 200:
                raise _refusal(response.status, response.read())
            rest = b""
            for chunk in response.stream(64 * 1024):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(f"watch of {path} broke: {error}") from error
        finally:
            response.close()

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        response = self._request(method, path, body, query, content_type)
        if response.status >= 300:
            raise _refusal(response.status, response.data)
        answer: Object = json.loads(response.data)
        return answer

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self._server}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            return self._pool.request(
                method,
                url,
                body=None if body is None else json.dumps(body),
                headers={"Content-Type": content_type, "Accept": "application/json"},
                timeout=urllib3.Timeout(connect=5, read=_WATCH_SECONDS + 30 if stream else 30),
                preload_content=not stream,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(f"{method} {path}: {error}") from error


def _refusal(status: int, data: bytes) -> ApiError:
    try:
        message = str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        message = data.decode(errors="replace")[:500]
    return ApiError(message, status)
