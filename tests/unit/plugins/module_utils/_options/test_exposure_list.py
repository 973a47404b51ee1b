# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of istio_exposures → a ListRequest, or an error with a sentence for each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import ExposureKey
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import ExistingGateway, OwnGateway
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_list import (
    MOST_MESSAGES,
    ListRequest,
    listed_messages,
    parse_list,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError

GATEWAY = {"selector": {"istio": "public"}}


def parsed(*exposures: dict[str, Any], **options: Any) -> ListRequest:
    return parse_list(params(exposures=list(exposures), **options))


def parsed_file(listed: list[Any]) -> ListRequest:
    return parse_list(params(exposures=None), listed)


def params(**options: Any) -> dict[str, Any]:
    defaults = {"namespace": "shop", "service": "web", "gateway": GATEWAY}
    others = {
        "defaults": defaults,
        "prune": None,
        "on_error": "stop",
        "concurrency": 8,
        "wait_timeout": 300,
        "cluster_domain": "cluster.local",
    }
    return {**others, **options}


def exposure(name: str = "a", **options: Any) -> dict[str, Any]:
    return {"name": name, "hosts": [f"{name}.test"], **options}


def test_options_of_an_entry_override_the_defaults() -> None:
    (first, second) = parsed(
        exposure(gateway={"http_port": 8080}, checks={"secret-missing": "ignore"}, wait=True),
        exposure("b", namespace="blog", gateway={"selector": None, "existing": "infra/front"}, state="present"),
    ).entries
    assert (first.key, second.key) == (("shop", "a"), ("blog", "b"))
    assert str(second) == "exposures[1] (blog/b)"
    assert first.exposure
    assert second.exposure
    assert first.exposure.gateway == OwnGateway("shop", "a", {"istio": "public"}, http_port=8080)
    assert second.exposure.gateway == ExistingGateway("infra", "front")
    assert (first.wait, second.wait) == (True, False)
    assert (first.levels["secret-missing"], second.levels["secret-missing"] != "ignore") == ("ignore", True)


def test_an_absent_exposure_needs_only_its_name() -> None:
    (entry,) = parsed({"name": "a", "state": "absent"}).entries
    assert (entry.key, entry.exposure) == (("shop", "a"), None)


def test_an_entry_does_not_change_the_defaults_of_the_next() -> None:
    first, second = parsed(exposure(gateway={"https_port": 8443}), exposure("b")).entries
    assert first.exposure
    assert second.exposure
    assert (first.exposure.gateway.https_port, second.exposure.gateway.https_port) == (8443, 443)


@pytest.mark.parametrize(
    ("exposures", "options", "message"),
    [
        ([exposure(), exposure()], {}, "exposures[1]: the exposure shop/a is already exposures[0]; remove one."),
        ([exposure(hosts=[])], {}, "exposures[0].hosts: the list is empty; name at least one host."),
        ([exposure(hosts=None)], {}, "exposures[0]: state is present but all of the following are missing: hosts."),
        ([exposure(colour=1)], {}, "exposures[0]: istio_exposure has no option colour; correct or remove it."),
        (
            [exposure(tls={"colour": 1})],
            {},
            "exposures[0].tls: it has no option colour; its options are mode, credential_name,",
        ),
        ([exposure(port="http")], {}, "exposures[0].port: 'http' is not a whole number; write it in digits."),
        ([exposure(checks={"x": "error"})], {}, "exposures[0].checks: 'x' is not a check"),
        ([exposure(kubeconfig="x")], {}, "exposures[0]: istio_exposure has no option kubeconfig"),
        (
            [exposure(cluster_domain="x")],
            {},
            "exposures[0]: cluster_domain applies to the whole task; set it as an option of the task.",
        ),
        ([exposure(routes=[])], {}, "exposures[0]: parameters are mutually exclusive: service|routes"),
        ([], {"defaults": {"name": "a"}}, "defaults.name: each exposure needs its own name"),
        ([], {"defaults": {"hots": []}}, "defaults: istio_exposure has no option hots; correct or remove it."),
        ([], {"concurrency": 0}, "concurrency: 0 is out of range; give a number from 1 to 64."),
        ([], {"prune": {"namespaces": [], "label_selectors": []}}, "prune.namespaces: the list is empty;"),
        ([], {"prune": {"namespaces": ["a b"], "label_selectors": []}}, "prune.namespaces[0]: 'a b' is not a valid"),
    ],
)
def test_an_invalid_option_raises_a_sentence(
    exposures: list[dict[str, Any]], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError) as caught:
        parsed(*exposures, **options)
    assert message in str(caught.value)


def test_a_list_that_goes_on_keeps_mistakes_with_their_entries() -> None:
    good, *bad = parsed(
        exposure(),
        exposure("b", gateway=5),
        exposure("c", tls={"certificate": False}),
        exposure("d", hosts=5),
        exposure("A"),
        exposure("a"),
        {"hosts": ["e.test"]},
        on_error="continue",
    ).entries
    assert good.exposure
    assert not good.mistake
    assert [(entry.place, entry.key.name, entry.exposure, entry.is_removal) for entry in bad] == [
        (f"exposures[{index}]", name, None, False) for index, name in enumerate(["b", "c", "d", "A", "a", ""], start=1)
    ]
    assert [entry.mistake.partition(";")[0] for entry in bad] == [
        "gateway: 5 is not a dictionary",
        "tls.certificate: false is not a dictionary",
        "hosts[0]: '5' has no domain, and Istio would take it for a Service of the cluster",
        (
            "name: 'A' is not a valid name: use at most 63 lower-case letters, digits and '-', starting and "
            "ending with a letter or digit."
        ),
        "the exposure shop/a is already exposures[0]",
        "missing required arguments: name.",
    ]


def test_text_of_a_dictionary_is_merged_with_the_defaults() -> None:
    (entry,) = parsed(exposure(gateway="{http_port: 8080, tcp_port: null}", port="")).entries
    assert entry.exposure
    assert entry.exposure.gateway == OwnGateway("shop", "a", {"istio": "public"}, http_port=8080)


def test_entries_of_a_file_are_parsed_like_a_list() -> None:
    (entry,) = parsed_file([exposure()]).entries
    assert str(entry) == "src[0] (shop/a)"
    for listed, message in (
        ([exposure(), exposure()], "src[1]: the exposure shop/a is already src[0]; remove one."),
        (["a"], "src[0]: it must be a dictionary with options of istio_exposure."),
        ([exposure(hosts=[])], "src[0].hosts: the list is empty"),
    ):
        with pytest.raises(OptionError) as caught:
            parsed_file(listed)
        assert message in str(caught.value)


def test_an_error_lists_the_first_mistakes_and_counts_the_others() -> None:
    with pytest.raises(OptionError) as caught:
        parsed(*[exposure(f"e{number}", hosts=[]) for number in range(MOST_MESSAGES + 5)])
    text = str(caught.value)
    assert "exposures[0].hosts: " in text
    assert f"exposures[{MOST_MESSAGES - 1}].hosts: " in text
    assert f"exposures[{MOST_MESSAGES}]" not in text
    assert text.endswith(" And 5 more like these.")
    assert listed_messages(["One.", "Two."]) == "One. Two."


def test_a_scope_contains_its_namespaces() -> None:
    some = parsed(prune={"namespaces": ["shop", "blog"], "label_selectors": ["a=b"]}).prune
    every = parsed(prune={"namespaces": ["*"], "label_selectors": []}).prune
    assert some
    assert every
    assert (some.has(ExposureKey("shop", "x")), some.has(ExposureKey("news", "x")), some.label_selectors) == (
        True,
        False,
        ("a=b",),
    )
    assert every.has(ExposureKey("news", "x"))
    assert parsed().prune is None


def test_the_cluster_domain_of_the_task_completes_the_names_of_services() -> None:
    (entry,) = parsed(exposure(), cluster_domain="cluster.example").entries
    assert entry.exposure
    assert entry.exposure.routes[0].destinations[0].host == "web.shop.svc.cluster.example"
