# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option probe → a Probe, or an error with one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._options.probe import Probe, parse_probe
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError


def test_defaults() -> None:
    assert parse_probe(None) == Probe() == parse_probe({"enabled": True, "method": "GET", "path": None, "status": None})


def test_all_options() -> None:
    probe = parse_probe(
        {
            "enabled": False,
            "path": "/health?deep=1",
            "method": "HEAD",
            "headers": {"X-Tenant": 7},
            "status": [200, 204],
            "location": "/login",
            "addresses": ["192.0.2.1", "2001:db8::1", "lb.example.com"],
            "http_port": 30080,
            "https_port": 30443,
            "ca_cert": "/ca.pem",
            "client_cert": "/client.pem",
            "client_key": "/client.key",
        }
    )
    assert probe == Probe(
        enabled=False,
        path="/health?deep=1",
        method="HEAD",
        headers={"X-Tenant": "7"},
        statuses=(200, 204),
        location="/login",
        addresses=("192.0.2.1", "2001:db8::1", "lb.example.com"),
        http_port=30080,
        https_port=30443,
        ca_cert="/ca.pem",
        client_cert="/client.pem",
        client_key="/client.key",
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"path": "health"}, "probe.path: 'health' is not a path; start it with '/'"),
        ({"path": "/a b"}, "probe.path: '/a b' is not sent like that; percent-encode it: '/a%20b'."),
        ({"path": "/a\r\nX: y"}, "percent-encode it: '/a%0D%0AX:%20y'."),
        ({"path": "/ä"}, "probe.path: '/ä' is not sent like that; percent-encode it: '/%C3%A4'."),
        (
            {"path": "/a#b"},
            "probe.path: '/a#b' contains '#', after which clients send nothing; remove what follows it.",
        ),
        ({"method": "get it"}, "probe.method: 'get it' is not an HTTP method;"),
        ({"headers": {"X Y": "z"}}, "probe.headers: 'X Y' is not a header name"),
        ({"headers": {"X": "a\r\nb"}}, "probe.headers: 'X' is not a header name, or its value is not one line"),
        ({"headers": {"X": True}}, "probe.headers: the value of 'X' is not a string;"),
        ({"headers": {"host": "other"}}, "probe.headers: 'Host' is set to the host that is asked for"),
        ({"status": [200, 20]}, "probe.status[1]: 20 is not a status code;"),
        ({"addresses": ["192.0.2.1", "https://x/"]}, "probe.addresses[1]: 'https://x/' is not an address;"),
        ({"http_port": 0}, "probe.http_port: 0 is not a port;"),
        ({"https_port": 65536}, "probe.https_port: 65536 is not a port;"),
    ],
)
def test_an_invalid_option_raises_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_probe(options)
    assert sentence in str(caught.value)
