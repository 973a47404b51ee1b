# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a real cluster, in a real browser."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report.reading import Page
from report.writing import PLAYBOOK, sample, write

from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.specs import variables_of
from cluster import chromium, pki
from cluster.chromium import Chromium
from cluster.errors import ClusterError
from cluster.layout import cache_directory
from cluster.testing import CertificateFiles, Cluster
from support.info import PODS, Run

SCRIPT = "<script>document.title = 'run'</script>"
# In a frame, as not every browser has windows that narrow, the page tells its width. Its own policy would forbid that.
MEASURE = "<script>onload = () => parent.postMessage(document.documentElement.scrollWidth, '*')</script>"
FRAME = """<!DOCTYPE html><iframe src="report.html" style="border: 0; width: {width}px; height: 800px"></iframe>
<script>onmessage = (event) => {{ document.documentElement.dataset.width = event.data }}</script>"""


@pytest.fixture(scope="session")
def browser() -> Chromium:
    try:
        return chromium.prepare(cache_directory(), print)
    except ClusterError as error:
        pytest.skip(str(error))


@pytest.fixture
def short_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates that the test CA issues are valid for five days."""
    monkeypatch.setattr(pki, "_LEAF_LIFETIME", datetime.timedelta(days=5))


@pytest.fixture
def evil(istio: Cluster, namespace: str) -> None:
    """What somebody who may write VirtualServices could try, on the Gateway of every_kind."""
    istio.apply(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": "evil", "namespace": namespace},
            "spec": {
                "hosts": [f"evil.{namespace}.test"],
                "gateways": ["by-hand"],
                "http": [
                    {
                        "name": f"{SCRIPT}{{{{ 1337 + 2674 }}}}",
                        "match": [{"headers": {"x": {"exact": SCRIPT}}}],
                        "redirect": {"uri": f"/\"'>{SCRIPT}"},
                    }
                ],
            },
        }
    )


@pytest.mark.usefixtures("short_certificates", "every_kind", "evil")
def test_a_cluster(
    istio: Cluster, expose: Run, namespace: str, certificate: CertificateFiles, browser: Chromium, tmp_path: Path
) -> None:
    own = f"own.{namespace}.test"
    ignored = dict.fromkeys(("host-served-twice", "routes-shadowed"), "ignore")
    expose("twice", hosts=[own], tls={"credential_name": f"{namespace}-own"}, checks=ignored)
    file = tmp_path / "report.html"
    given = {"report_path": str(file), "report_namespace": namespace}
    assert istio.playbook(PLAYBOOK, given, check=True).changed == 1
    assert not file.exists()
    result = istio.playbook(Path("gatehouse.istio.report"), given)
    assert result.changed == 1
    assert "PRIVATE KEY" not in result.output + file.read_text()
    before = file.read_bytes()
    imported = [{"name": "Report", "ansible.builtin.import_playbook": "gatehouse.istio.report", "vars": given}]
    assert istio.playbook(json.dumps(imported)).changed == 0
    assert file.read_bytes() == before

    shown = browser.load(file)
    assert shown.console == []
    page = Page(shown.dom)
    assert page.headings == ["Findings", "Certificates", "Hosts", "Gateways"]
    assert "script" not in page.tags
    assert "4011" not in page.text
    for words in (
        f"header x is {SCRIPT}",
        f"redirect to /\"'>{SCRIPT} (301)",
        f"4 days left {own}",
        f"{PODS}/{namespace}-own",
        f"{namespace}/attached",
        f"{PODS}/nowhere missing",
        istio.gateway_address("public"),
        f"https://{own}/ breaks at Endpoints",
    ):
        assert words in page.text, words
    errors, warnings = page.text.index("error host-served-twice"), page.text.index("warning certificate-expires-soon")
    assert errors < warnings
    assert f"https://{own}/" in page.links
    assert ":443 answers" not in page.text
    assert istio.playbook(PLAYBOOK, {**given, "report_probe": "yes"}).changed == 1
    untrusted = f"answers 503 (UH). But the certificate is not valid for {own}"
    assert untrusted in Page(file.read_text()).text
    trusting = {**given, "report_probe": "yes", "report_probe_ca_cert": str(certificate.ca)}
    assert istio.playbook(PLAYBOOK, trusting).changed == 1
    probed = Page(file.read_text()).text
    assert untrusted not in probed
    assert f"This machine does not find {own} in DNS" in probed
    assert f"{istio.gateway_address('public')}:443 answers 503 (UH)." in probed


def test_what_was_desired_and_selected(
    istio: Cluster, expose: Run, options: Callable[..., dict[str, Any]], namespace: str, tmp_path: Path
) -> None:
    expose("a", labels={"team": "shop"})
    expose("b", labels={"team": "shop"})
    expose("c")
    file = tmp_path / "report.html"
    given = {
        "report_path": str(file),
        "report_namespace": namespace,
        "report_label_selectors": "team=shop",
        "report_desired": [{**options("a", labels={"team": "shop"}), "port": 8080}, options("new")],
        "report_checks": {"destination-missing": "error"},
    }
    connection = {"K8S_AUTH_KUBECONFIG": str(istio.kubeconfig)}
    assert istio.playbook(PLAYBOOK, {**given, "istio_kubeconfig": ""}, environment=connection).changed == 1
    page = Page(file.read_text())
    assert f"namespace {namespace} · labels team=shop" in page.text
    assert f"differs {namespace}/a a run of its task would do this" in page.text
    assert "+ number: 8080" in re.sub(" +", " ", page.text)
    assert f"{namespace}/new new.{namespace}.test" in page.text
    assert f"orphans There, but not wanted Exposure Hosts {namespace}/b b.{namespace}.test" in page.text
    assert f"{namespace}/c" not in page.text
    assert "error destination-missing" in page.text
    wrong = istio.playbook(PLAYBOOK, {**given, "report_desired": [{"name": "a"}]}, may_fail=True)
    assert wrong.message.startswith("desired[0]: ")


UNANSWERED = """
- name: Answer no question of a survey
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Remember the answers
      ansible.builtin.set_fact: {facts}

- name: Report
  ansible.builtin.import_playbook: gatehouse.istio.report
"""


def test_questions_of_a_survey_without_an_answer(
    istio: Cluster, expose: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From ansible-core 2.19 on, !unsafe '' is loaded as null."""
    expose("a")
    monkeypatch.chdir(tmp_path)
    names = [name for name in variables_of("report") if name != "report_on"]
    answers = ", ".join(f"{name}: !unsafe ''" for name in names)
    result = istio.playbook(UNANSWERED.format(facts="{" + answers + "}"), {"report_on": None})
    assert result.changed == 1
    page = Page((tmp_path / "istio-report.html").read_text())
    assert page.headings[0] == "Findings"
    assert "all namespaces" in page.text
    assert "Compared" not in page.text


def test_a_fleet_and_text_for_everything(
    istio: Cluster, expose: Run, options: Callable[..., dict[str, Any]], namespace: str, tmp_path: Path
) -> None:
    """Each host of the inventory stands for a cluster, and none of them is localhost."""
    expose("a")
    expose("b")
    expose("c")
    fleet = {"name": "Take two hosts", "hosts": "localhost", "gather_facts": False}
    host = {"name": "{{ item }}", "groups": "fleet", "ansible_connection": "local"}
    fleet["tasks"] = [{"name": "Add them", "ansible.builtin.add_host": host, "loop": ["east", "west"]}]
    plays = json.dumps([fleet, {"name": "Report", "ansible.builtin.import_playbook": "gatehouse.istio.report"}])
    given = {
        "report_on": "fleet",
        "report_path": str(tmp_path / "{{ inventory_hostname }}.html"),
        "report_namespace": namespace,
        "report_hosts": f"a.{namespace}.test\nb.{namespace}.test\n",
        "report_include_foreign": "false",
        "report_desired": json.dumps([options("a")]),
        "report_checks": "{destination-missing: error}",
    }
    result = istio.playbook(plays, given)
    assert result.exit_code == 0, result.output
    for name in ("east", "west"):
        page = Page((tmp_path / f"{name}.html").read_text())
        assert f"cluster {name} · namespace {namespace} · hosts a.{namespace}.test, b.{namespace}.test" in page.text
        assert page.text.startswith(f"Exposed through Istio · {name}")
        assert f"orphans There, but not wanted Exposure Hosts {namespace}/b b.{namespace}.test" in page.text
        assert f"{namespace}/c" not in page.text
    both = istio.playbook(plays, {**given, "report_path": str(tmp_path / "one.html")}, may_fail=True)
    assert both.message.startswith("report_path: several hosts would write")
    assert not (tmp_path / "one.html").exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"report_pth": "x.html"}, "report_pth: there is no such variable; did you mean report_path?"),
        ({"report_desired": "shop"}, "report_desired: 'shop' is not a list"),
        ({"report_include_foreign": "maybe"}, "report_include_foreign: 'maybe' is neither true nor false"),
    ],
)
def test_variables_that_cannot_be_used(istio: Cluster, given: dict[str, Any], says: str) -> None:
    result = istio.playbook(PLAYBOOK, given, may_fail=True)
    assert says in result.message
    assert [task.action for task in result.tasks if task.action.startswith("gatehouse")] == []


def test_nothing_is_loaded_and_nothing_runs(browser: Chromium, tmp_path: Path) -> None:
    """Even if something got through the escaping."""
    file = tmp_path / "report.html"
    write(sample(), file, report_title="Door")
    clean = browser.load(file)
    assert clean.console == []
    assert "<title>Door</title>" in clean.dom
    through = f"{SCRIPT}<img src='http://example.com/a.png'><a href='#' onclick='x()'>x</a>"
    file.write_text(file.read_text().replace("<main>", f"<main>{through}"))
    shown = browser.load(file)
    assert "<title>Door</title>" in shown.dom
    assert len([line for line in shown.console if "Content Security Policy" in line]) == 3


def test_no_page_is_wider_than_its_window(browser: Chromium, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    exposed = sample()
    exposed["exposures"][0]["hosts"] = [f"{'very-long-name' * 4}.{'department' * 5}.example.com"]
    exposed["exposures"][0]["gateways"][0]["name"] = "front" * 12
    exposed["exposures"][1]["tls"][0]["certificate"]["names"] = exposed["exposures"][0]["hosts"]
    write(exposed, file)
    policy = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')
    unguarded, replaced = policy.subn(MEASURE, file.read_text())
    assert replaced == 1
    frame = tmp_path / "frame.html"
    for width in (320, 390, 1280):
        file.write_text(unguarded)
        frame.write_text(FRAME.format(width=width))
        assert f'data-width="{width}"' in browser.load(frame).dom
    file.write_text(unguarded.replace("<main>", '<main><div style="width: 3000px">wide</div>'))
    assert re.search('data-width="3[0-9]{3}"', browser.load(frame).dom)


def test_a_picture(browser: Chromium, tmp_path: Path) -> None:
    """As the one in docs/, and in the dark."""
    page, light, dark = tmp_path / "report.html", tmp_path / "light.png", tmp_path / "dark.png"
    write(sample(), page)
    browser.screenshot(page, light, 800, 600)
    browser.screenshot(page, dark, 800, 600, dark=True)
    assert light.read_bytes().startswith(b"\x89PNG")
    assert light.read_bytes() != dark.read_bytes()
