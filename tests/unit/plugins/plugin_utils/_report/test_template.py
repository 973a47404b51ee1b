# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's page, as the playbook's tasks write it."""

from __future__ import annotations

import copy
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from report.reading import Page
from report.writing import PLAYBOOK, sample, write

from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.specs import variables_of
from cluster.errors import ClusterError
from cluster.layout import REPOSITORY

TEMPLATES = PLAYBOOK.parent / "templates"
ORDER = ["Findings", "Certificates", "Hosts", "Gateways", "Compared with what you want"]
# Values of the module's own, by which the template chooses.
OWN_WORDS = ("kind", "level", "action")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sample's page."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    write(sample(), file, report_title="Our <front> door")
    return file.read_text()


def test_order_and_links(html: str) -> None:
    page = Page(html)
    assert page.headings == ORDER
    assert page.unclosed == []
    assert len(page.ids) == len(set(page.ids))
    inner = {link[1:] for link in page.links if link.startswith("#")}
    assert inner <= set(page.ids)
    assert {name.lower() for name in ("Findings", "Certificates", "Hosts", "Gateways", "comparison")} <= inner
    outer = [link for link in page.links if not link.startswith("#")]
    assert "https://github.com/gatehouse-istio/gatehouse.istio/blob/main/docs/findings.md#host-served-twice" in outer
    assert "https://www.shop.example.com/" in outer
    codes = [page.text.index(code) for code in ("host-served-twice", "certificate-expires-soon", "secret-missing")]
    assert codes == sorted(codes)
    for words in (
        "1 error and 2 warnings to look at.",
        "UTC · all namespaces",
        "3 days left pay.example.com",
        "path begins with /v2/, header x-partner is acme",
        "payments.payments.svc.cluster.local:8443, subset canary, 10 %",
        "path begins with /api/ or path is /api",
        "updated VirtualService payments/payments",
        "- - timeout: 15s",
        "status/status status.example.com",
        "host not reached 1",
        "https://blog.example.com/ gets through Through pods with istio=public",
        "https://shop.example.com/ breaks at Server",
        "No answer: the TLS handshake is broken off. host-served-twice",
        "https://pay.example.com/ not all is known",
        "api of VirtualService shop/shop: the path '/' does not begin",
        "istio-ingress/old-front used by nothing",
    ):
        assert words in page.text, words


def test_it_needs_nothing_from_elsewhere(html: str) -> None:
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(page.tags)
    assert not {"src", "srcset", "action", "onclick", "onload"} & {name for name, _value in page.attributes}
    assert not re.search(r"url\(|@import", html)
    (policy,) = [value for name, value in page.attributes if name == "content" and "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")


def test_accessible(html: str) -> None:
    assert "<html lang=" in html
    page = Page(html)
    assert page.tags.count("h1") == page.tags.count("main") == 1
    assert all("scope=" in cell for cell in re.findall(r"<th\b[^>]*>", html))
    assert page.text.startswith("Our <front> door Our <front> door")


def payload(text: str) -> str:
    """What would be an element, an attribute, or a template, if it were not escaped."""
    return f"{text}\"'><img src=x onerror=alert(1)>{{{{ 1337 + 2674 }}}}&amp;"


def poisoned(value: Any, key: str = "") -> Any:
    """The same with a payload in every text."""
    if isinstance(value, dict):
        return {name: poisoned(entry, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [poisoned(entry, key) for entry in value]
    if isinstance(value, str) and key not in OWN_WORDS:
        return f"https://{payload('host')}/" if key == "urls" else payload(value if key != "hosts" else "host")
    return value


def texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(texts(entry) for key, entry in value.items() if key not in OWN_WORDS))
    if isinstance(value, list):
        return set().union(*(texts(entry) for entry in value))
    return {value} if isinstance(value, str) else set()


def test_nothing_of_the_cluster_becomes_html_or_a_template(html: str, tmp_path: Path) -> None:
    evil = poisoned(sample())
    evil["warnings"] = [payload("warning")]
    for wanted in (exposure["gateways"][0] for exposure in evil["exposures"]):
        wanted["selector"] = {payload("label"): payload("value")}
    for trace, clean in zip(evil["traces"], sample()["traces"], strict=True):
        trace["exposure"] = "/".join(map(payload, clean["exposure"].split("/")))
    file = tmp_path / "report.html"
    write(evil, file)
    written = file.read_text()
    page = Page(written)
    assert set(page.tags) == set(Page(html).tags) | {"small"}
    assert {name for name, _value in page.attributes} == {name for name, _value in Page(html).attributes}
    assert "<img" not in written
    assert "4011" not in written
    # And it is there as text: routes and warnings, names and messages.
    shown = {re.escape(text) for text in texts(evil["missing"]) | {payload("warning"), payload("api")}}
    assert shown
    for text in shown:
        assert re.search(text, page.text), text
    assert f"https://{payload('host')}/" in page.links


def test_every_expression_of_the_templates_is_escaped() -> None:
    """Or it is a part, which escapes by itself, or chooses among the template's own words."""
    parts = "noun|count|badge|links|findings|time_left|certificates|addresses|gateway_kind|tls|exposure|gateways|change"
    part = re.compile(rf"(part\.)?({parts}|tile|trace)\(.*\)")
    choice = re.compile(r"('[^']*' if [^']+ else )+('[^']*'|\(.*\) \| e)")
    escaped = re.compile(r"(?!.* if ).* \| e")
    for file in (TEMPLATES / "report.html.j2", TEMPLATES / "report_macros.j2"):
        result = re.findall(r"\{\{-?\s*(.*?)\s*-?\}\}", file.read_text())
        assert result
        for expression in result:
            assert any(kind.fullmatch(expression) for kind in (part, choice, escaped)), expression


def test_traces_are_folded(html: str) -> None:
    assert html.count('<details class="trace">') == len(sample()["traces"])


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write(sample(), file, report_include_foreign=False)
    assert "all namespaces · without what was made by hand" in Page(file.read_text()).text


def test_only_gateways_that_nothing_uses(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    finding = {**sample()["exposures"][1]["findings"][0], "message": "Nobody is there."}
    write({"exposures": [], "unused_gateways": [{**sample()["unused_gateways"][0], "findings": [finding]}]}, file)
    page = Page(file.read_text())
    assert page.headings == ORDER[:4]
    assert "1 warning to look at" in page.text
    assert "Nobody is there." in page.text
    assert "istio-ingress/old-front used by nothing" in page.text


def test_an_empty_cluster(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write({"exposures": []}, file)
    page = Page(file.read_text())
    assert page.headings == ["Nothing is exposed here yet"]
    assert "No exposure was found. The module gatehouse.istio.istio_exposure makes one" in page.text


def test_nothing_fits_the_filters(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    missing = [{"namespace": "shop", "name": "shop", "hosts": ["shop.example.com"]}]
    write({"exposures": [], "missing": missing, "orphans": []}, file, report_namespace="shop", report_hosts="a.test")
    page = Page(file.read_text())
    assert page.headings == ["Nothing is exposed here yet", "Compared with what you want"]
    assert "namespace shop · hosts a.test" in page.text
    assert "No exposure was found that fits what was asked for." in page.text


def test_long_lists_are_folded(tmp_path: Path) -> None:
    exposed = sample()
    template = exposed["exposures"][1]
    exposed["exposures"] = []
    for number in range(100):
        one = copy.deepcopy(template)
        one["name"] = f"app-{number}"
        one["tls"][0]["certificate"]["secret"] = f"istio-ingress/app-{number}"
        one["findings"][0]["message"] = f"Number {number}."
        exposed["exposures"].append(one)
    file = tmp_path / "report.html"
    write(exposed, file)
    page = Page(file.read_text())
    assert "100 times · what it means" in page.text
    assert "95 more" in page.text
    assert page.text.count("70 more") == 1
    assert "payments (100 exposures)" in page.text
    assert len(page.ids) == len(set(page.ids))
    assert page.unclosed == []


def test_a_page_changes_only_with_what_it_tells(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    exposed = sample()
    assert write(exposed, file, check=True).changed == 1
    assert not file.exists()
    assert write(exposed, file).changed == 1
    before = file.read_bytes()
    assert write(exposed, file).changed == 0  # a second later, at least
    assert file.read_bytes() == before
    exposed["exposures"][0]["tls"][0]["certificate"]["days_left"] -= 1
    assert write(exposed, file).changed == 1
    then, now = (
        re.findall(r'name="gatehouse-report" content="(.*)"', html) for html in (before.decode(), file.read_text())
    )
    assert then[0].split()[1] < now[0].split()[1]


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"is a directory; give the name of a file in it"):
        write(sample(), tmp_path)


def test_the_documentation_has_every_variable_and_a_small_picture() -> None:
    text = (REPOSITORY / "docs" / "report.md").read_text()
    assert re.findall(r"^\| `(report_\w+)`", text, re.MULTILINE) == list(variables_of("report"))
    picture = REPOSITORY / "docs" / "report.png"
    assert f"({picture.name})" in text
    assert picture.stat().st_size < 220_000


def luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(scheme: str) -> None:
    css = (TEMPLATES / "report.css").read_text()
    light, dark = css.index("prefers-color-scheme: dark"), css.index("* { box-sizing")
    part = css[:light] if scheme == "light" else css[light:dark]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part))
    words = ["error", "warning", "good"]
    pairs = [
        *itertools.product(["text", "muted", "link", *words], ["page", "card"]),
        *((word, f"{word}-on") for word in (*words, "plain")),
        *itertools.product(["text", "good", "error"], ["plain-on"]),
        ("text", "warning-on"),
    ]
    for text, ground in pairs:
        bright, faint = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (faint + 0.05) >= 4.5, (text, ground)
