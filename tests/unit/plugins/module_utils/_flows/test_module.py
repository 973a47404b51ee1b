# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules do with their options before anything else, and what the result shows of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure, istio_exposure_info, istio_exposures
from support.run_module import run_module

BODY = "MC4CAQAwBQYDK2VwBCIEIKzP"
KEY = f"-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n"
TLS = {"mode": "mutual", "credential_name": "cert", "client_ca": {"pem": f"-----BEGIN CERTIFICATE-----\n{KEY}"}}
EXPOSURE: dict[str, Any] = {
    "name": "shop",
    "namespace": "shop",
    "hosts": ["shop.example.com"],
    "service": "web",
    "gateway": {"selector": {"istio": "public"}},
}
WITH_KEY = {**EXPOSURE, "tls": TLS}


@pytest.mark.parametrize(
    ("main", "options", "place"),
    [
        pytest.param(istio_exposure.main, WITH_KEY, "tls.client_ca.pem", id="istio_exposure"),
        pytest.param(istio_exposure.main, {**EXPOSURE, "tls": json.dumps(TLS).replace("\\n", "\n")}, "tls", id="text"),
        pytest.param(istio_exposure.main, {**WITH_KEY, "hosts": {}}, "tls.client_ca.pem", id="other mistake"),
        pytest.param(istio_exposure.main, {**WITH_KEY, "colour": 1}, "tls.client_ca.pem", id="unknown option"),
        pytest.param(
            istio_exposures.main,
            {"exposures": [EXPOSURE, WITH_KEY], "on_error": "continue"},
            "exposures[1].tls.client_ca.pem",
            id="istio_exposures",
        ),
        pytest.param(
            istio_exposures.main, {"exposures": [EXPOSURE], "defaults": {"tls": TLS}}, "defaults.tls", id="defaults"
        ),
        pytest.param(
            istio_exposure_info.main, {"desired": [WITH_KEY]}, "desired[0].tls.client_ca.pem", id="istio_exposure_info"
        ),
    ],
)
def test_a_private_key_is_refused_and_not_returned(
    main: Callable[[], None], options: dict[str, Any], place: str
) -> None:
    outcome = run_module(main, {**options, "_ansible_inject_invocation": True})
    assert outcome.failed
    assert outcome.message.startswith(place)
    assert "it contains a private key, which no option takes; give only certificates." in outcome.message
    assert BODY not in outcome.text
    assert outcome.result["invocation"]["module_args"]


def test_the_mistake_of_a_file_shows_no_private_key(tmp_path: Any) -> None:
    src = tmp_path / "list.json"
    src.write_text(json.dumps([WITH_KEY, {**EXPOSURE, "name": "b", "hosts": [KEY]}, {**EXPOSURE, "gateway": KEY}]))
    outcome = run_module(istio_exposures.main, {"src": str(src)})
    assert outcome.failed
    assert BODY not in outcome.text
    assert "src[0].tls.client_ca.pem: it contains something other than certificates;" in outcome.message


@pytest.mark.parametrize(
    ("main", "options", "message"),
    [
        (istio_exposure.main, {**EXPOSURE, "port": True}, "port: true is not a whole number; write it in digits."),
        (istio_exposure.main, {**EXPOSURE, "name": ""}, "missing required arguments: name."),
        (istio_exposure.main, {**EXPOSURE, "hosts": "a.test, true,"}, "hosts[1]: 'true' has no domain, and Istio"),
        (istio_exposures.main, {"exposures": ""}, "one of the following is required: exposures, src."),
        (istio_exposures.main, {"exposures": [5]}, "exposures[0]: 5 is not a dictionary;"),
        (istio_exposures.main, {"exposures": EXPOSURE}, "exposures: a dictionary is not a list; begin each entry with"),
        (istio_exposures.main, {"exposures": [], "wait_timeout": -1}, "wait_timeout: -1 is no time to wait;"),
        (istio_exposure_info.main, {"findings": "perhaps"}, "findings: 'perhaps' is neither true nor false;"),
    ],
)
def test_a_wrong_option_fails_in_one_sentence(main: Callable[[], None], options: dict[str, Any], message: str) -> None:
    outcome = run_module(main, options)
    assert outcome.failed
    assert outcome.message.startswith(message)
    assert "\n" not in outcome.message


@pytest.mark.parametrize("nothing", [None, "", " \n", ",", "[]"])
def test_label_selectors_that_name_nothing_do_not_prune_everything(nothing: str | None) -> None:
    prune = {"namespaces": ["*"], "label_selectors": nothing}
    outcome = run_module(istio_exposures.main, {"exposures": [EXPOSURE], "prune": prune})
    assert outcome.failed
    assert outcome.message.startswith("prune.label_selectors: it is empty, and would prune all exposures;")
