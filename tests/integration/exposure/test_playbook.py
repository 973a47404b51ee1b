# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as playbooks call it: through its action plugin, module_defaults, environment variables, Ansible Vault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cluster.testing import Cluster

TASK = """
    - name: Expose the shop
      gatehouse.istio.istio_exposure:
        name: shop
        namespace: {namespace}
        hosts: [{namespace}.example.com]
        service: web
        gateway: {{selector: {{istio: public}}}}
"""

PLAY = """
- name: Test
  hosts: localhost
  gather_facts: false
{play}
  tasks:
"""


def test_module_defaults_of_the_action_group(istio: Cluster, namespace: str) -> None:
    defaults = f"""  module_defaults:
    group/gatehouse.istio.istio:
      kubeconfig: {istio.kubeconfig}"""
    playbook = PLAY.format(play=defaults) + TASK.format(namespace=namespace)
    assert istio.playbook(playbook).changed == 1
    assert istio.playbook(playbook).changed == 0


def test_environment_variables(istio: Cluster, namespace: str) -> None:
    environment = f"""  environment:
    K8S_AUTH_KUBECONFIG: {istio.kubeconfig}"""
    playbook = PLAY.format(play=environment) + TASK.format(namespace=namespace)
    assert istio.playbook(playbook, check=True).changed == 1
    assert istio.playbook(playbook).changed == 1
    assert istio.playbook(playbook).changed == 0


def test_a_kubeconfig_encrypted_with_ansible_vault(istio: Cluster, namespace: str, tmp_path: Path) -> None:
    password, kubeconfig = tmp_path / "password", tmp_path / "kubeconfig.vault"
    password.write_text("only for this test")
    vault = [str(Path(sys.executable).with_name("ansible-vault")), "encrypt", "--vault-password-file", str(password)]
    subprocess.run([*vault, "--output", str(kubeconfig), str(istio.kubeconfig)], check=True, capture_output=True)
    assert kubeconfig.read_text().startswith("$ANSIBLE_VAULT")
    defaults = f"""  module_defaults:
    group/gatehouse.istio.istio:
      kubeconfig: {kubeconfig}"""
    playbook = PLAY.format(play=defaults) + TASK.format(namespace=namespace)
    environment = {"ANSIBLE_VAULT_PASSWORD_FILE": str(password)}
    assert istio.playbook(playbook, environment=environment).changed == 1
    refused = istio.playbook(f"{playbook}      async: 60\n", may_fail=True, environment=environment)
    assert "kubeconfig: it is encrypted with Ansible Vault, and the decrypted copy is removed" in refused.output


def test_async(istio: Cluster, namespace: str) -> None:
    defaults = f"""  module_defaults:
    group/gatehouse.istio.istio:
      kubeconfig: {istio.kubeconfig}"""
    asynchronous = "      async: 60\n      poll: 1\n"
    listed = """
    - name: Read it
      gatehouse.istio.istio_exposure_info:
      async: 60
      poll: 1
    - name: List it
      gatehouse.istio.istio_exposures:
        exposures: []
      async: 60
      poll: 1
"""
    playbook = PLAY.format(play=defaults) + TASK.format(namespace=namespace) + asynchronous + listed
    assert istio.playbook(playbook).changed == 1
    assert istio.playbook(playbook).changed == 0


def test_a_private_key_is_not_shown_whatever_the_verbosity(istio: Cluster, namespace: str) -> None:
    environment = f"""  environment:
    K8S_AUTH_KUBECONFIG: {istio.kubeconfig}"""
    body = "MC4CAQAwBQYDK2VwBCIEIKzP"
    tls = f'        tls: {{client_ca: {{pem: "-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----"}}}}\n'
    playbook = PLAY.format(play=environment) + TASK.format(namespace=namespace) + tls
    more = {"ANSIBLE_VERBOSITY": "3", "ANSIBLE_DISPLAY_FAILED_STDERR": "false"}
    result = istio.playbook(playbook, may_fail=True, environment=more)
    assert "tls.client_ca.pem: it contains a private key, which no option takes;" in result.output
    assert f"{body}\\n-----END" not in result.output.partition("fatal:")[2]
