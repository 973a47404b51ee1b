# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API server's refusals in our users' words."""

from __future__ import annotations

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import api_error, readable


@pytest.mark.parametrize(
    ("status", "message", "resource", "sentence"),
    [
        (
            400,
            'admission webhook "validation.istio.io" denied the request: configuration is invalid: weight -1 < 0',
            None,
            "Istio refuses it: weight -1 < 0",
        ),
        (
            400,
            (
                'admission webhook "rev.validation.istio.io" denied the request: configuration is invalid: '
                "2 errors occurred:\n\t* one\n\t* two\n\n"
            ),
            None,
            "Istio refuses it: one; two",
        ),
        (
            403,
            'admission webhook "policy.example.com" denied the request: no wildcards',
            None,
            "The admission webhook policy.example.com refuses it: no wildcards",
        ),
        (
            400,
            'admission webhook "webhook.cert-manager.io" denied the request: spec.duration: Invalid value: "x"',
            None,
            'cert-manager refuses it: spec.duration: Invalid value: "x"',
        ),
        (
            500,
            'Internal error occurred: failed calling webhook "webhook.cert-manager.io": refused',
            None,
            "is cert-manager's webhook running?",
        ),
        (401, "Unauthorized", None, "The API server does not accept the credentials"),
        (404, 'namespaces "shop" not found', "namespaces", 'namespace "shop" not found; create it first.'),
        (404, "Not Found", None, "install Istio first"),
        (404, 'gateways "x" not found', "gateways", 'gateways "x" not found'),
        (
            500,
            'Internal error occurred: failed calling webhook "validation.istio.io": refused',
            None,
            "is istiod running?",
        ),
    ],
)
def test_readable(status: int, message: str, resource: str | None, sentence: str) -> None:
    result = readable(status, message, resource)
    assert sentence in result
    assert "\n" not in result


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/apis/cert-manager.io/v1/certificates", "install cert-manager first"),
        ("/apis/acme.cert-manager.io/v1/orders", "install cert-manager first"),
        ("/apis/networking.istio.io/v1/gateways", "install Istio first"),
    ],
)
def test_a_kind_that_is_not_installed(path: str, sentence: str) -> None:
    assert sentence in readable(404, "Not Found", None, path)


@pytest.mark.parametrize(
    ("status", "reason", "body", "sentence"),
    [
        (422, "", b'{"message": "spec.x: wrong", "details": {"kind": "gateways"}}', "spec.x: wrong"),
        (502, "Bad Gateway", b"<html>Bad Gateway</html>", "Bad Gateway"),
        (500, None, b"", "HTTP 500"),
        (500, None, b'["no Status"]', "HTTP 500"),
        (404, "Not Found", b"404 page not found\n", "install Istio first"),
        (400, "", b'{"message": "some \\u00e9", "details": null}', "some \u00e9"),
    ],
)
def test_a_refusal(status: int, reason: str | None, body: bytes, sentence: str) -> None:
    result = api_error(status, reason, body, "/apis/networking.istio.io/v1/gateways")
    assert sentence in str(result)
    assert result.status == status
    assert not result.by_webhook
