# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import INFO, parse_info
from ansible_collections.gatehouse.istio.plugins.module_utils._options.typed import typed_options
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError

URL = "https://shop.example.com/cart"
DEFAULTS = {name: definition.get("default") for name, definition in INFO.argument_spec.items()}


def parsed(value: Any) -> list[tuple[str, str, dict[str, str]]]:
    traces = parse_info({**DEFAULTS, **typed_options({"trace": value}, INFO)}).traces
    return [(entry.method, entry.url, dict(entry.headers)) for entry in traces]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ("", []),
        ([], []),
        (URL, [("GET", URL, {})]),
        (f"{URL}, http://a.example.com", [("GET", URL, {}), ("GET", "http://a.example.com/", {})]),
        (["http://192.0.2.1:81", "http://[::1]/"], [("GET", "http://192.0.2.1:81/", {}), ("GET", "http://[::1]/", {})]),
        ([URL, {"url": URL, "method": "post"}], [("GET", URL, {}), ("POST", URL, {})]),
        ({"url": URL, "headers": {"X-User": 5}}, [("GET", URL, {"x-user": "5"})]),
        (f"{{url: '{URL}', method: HEAD}}", [("HEAD", URL, {})]),
        (f"[{{url: '{URL}', method: HEAD}}]", [("HEAD", URL, {})]),
        ([f"url: {URL}"], [("GET", URL, {})]),
        ([{"url": URL, "method": None, "headers": ""}], [("GET", URL, {})]),
    ],
)
def test_what_it_may_be(value: Any, expected: list[Any]) -> None:
    assert parsed(value) == expected


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (["shop.example.com"], "trace[0]: 'shop.example.com' is not a URL such as https://shop.example.com/cart."),
        ([URL, None], "trace[1]: it is empty; give a value, or remove it."),
        ([5], "trace[0]: 5 is not a URL, nor a dictionary with url, method and headers."),
        ([[URL]], "trace[0]: a list is not a URL, nor a dictionary with url, method and headers."),
        ([{"method": "GET"}], "trace[0]: missing required arguments: url."),
        ([{"url": URL, "path": "/"}], "trace[0]: it has no option path; its options are url, method, headers."),
        ([{"url": "a"}], "trace[0].url: 'a' is not a URL such as https://shop.example.com/cart."),
        ([{"url": URL, "method": "G T"}], "trace[0].method: 'G T' is not an HTTP method; use one such as GET or HEAD."),
        (
            [{"url": URL, "headers": {"Host": "a"}}],
            "trace[0].headers: 'Host' is set to the host that is asked for; remove it.",
        ),
        (["{"], "trace[0]: '{' is neither YAML nor JSON; correct it."),
        (
            ["https://bücher.example/"],
            "trace[0]: 'bücher.example' is not sent like that; write it in its form that begins xn--.",
        ),
        (
            ["https://*.example.com/"],
            "trace[0]: '*.example.com' is not a host that can be asked for; write one name or address.",
        ),
        ([f"{URL} 1"], "trace[0]: '/cart 1' is not sent like that; percent-encode it."),
    ],
)
def test_mistakes(value: Any, sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        parsed(value)
    assert str(caught.value) == sentence


def test_credentials_are_not_repeated() -> None:
    with pytest.raises(OptionError, match=r"^trace\[0\]: the URL has a user name in it") as caught:
        parsed(["https://ann:hidden@shop.example.com/"])
    assert "hidden" not in str(caught.value)
