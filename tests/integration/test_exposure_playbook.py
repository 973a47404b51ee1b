# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as playbooks call it: through its action plugin, module_defaults, environment variables, Ansible Vault."""

from __future__ import annotations

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
