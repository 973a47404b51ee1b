#!/usr/bin/python
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_exposures
short_description: Expose many Services through Istio's ingress gateways, and remove those no longer wanted
version_added: 0.2.0
description:
  - Does for a list of exposures what M(gatehouse.istio.istio_exposure) does for one, in one process, and with a handful
    of requests if nothing changes.
  - The checks cover the whole list and the live state of the cluster. Exposures of the list that conflict with each
    other are found before the first write. A host that moves from one exposure of the list to another is not a
    conflict.
  - Exposures are written concurrently. The objects of each exposure are written in the order of their dependencies.
    Exposures are removed after all others have been applied.
  - If something fails, the result reports for each exposure what was changed, what failed and why, and what was not
    tried. Run the task again to complete it.
extends_documentation_fragment:
  - gatehouse.istio._attributes
  - gatehouse.istio._attributes.all
  - kubernetes.core.k8s_auth_options
options:
  exposures:
    description:
      - The exposures, each with the options of M(gatehouse.istio.istio_exposure), except the options of the connection,
        C(wait_timeout) and C(cluster_domain), which this module has for the whole task.
      - Exposures with C(state=absent) are removed.
      - An empty list exposes nothing. With O(prune), it removes all exposures within the scope of O(prune).
      - Either this option or O(src) is required.
    type: list
    elements: dict
  src:
    description:
      - File with the list of exposures, as JSON or YAML, instead of O(exposures). Reading 10,000 exposures takes 0.02
        seconds from JSON, and 1.2 seconds from YAML.
      - The module reads the file itself, without templates, Ansible Vault, and the copies that Ansible makes of
        variables. For thousands of exposures, this takes a third of the time and half of the memory.
      - With the connection V(local), the file is on the controller, and is searched for like other files of a playbook
        or role. Otherwise it is on the host on which the module runs.
    type: path
    version_added: 0.2.0
  defaults:
    description:
      - Defaults for all exposures of the list, with the same options.
      - Dictionaries such as C(gateway) and C(tls) are merged key by key; any other value of an exposure replaces the
        default. V(null) in an exposure removes a default, for example C(service) if the exposure has C(routes) instead.
    type: dict
  prune:
    description:
      - Removes the exposures within this scope that are not in the list. Exposures outside the scope, and unmanaged
        objects, are never touched.
      - Nothing is pruned if an exposure of the list has failed, because that exposure may have been meant to replace a
        pruned one.
    type: dict
    suboptions:
      namespaces:
        description:
          - Prune only exposures in these namespaces. V(*) means all namespaces.
        type: list
        elements: str
        required: true
      label_selectors:
        description:
          - Prune only exposures whose objects match all of these label selectors, such as V(team=shop). Give the
            exposures of the list matching labels with C(labels).
        type: list
        elements: str
        default: []
  on_error:
    description:
      - With V(stop), nothing is written if any exposure is known to be wrong before the first write. Once an exposure
        fails, the task does not begin any other.
      - With V(continue), the task applies all other exposures, also if the options of one are wrong, and fails at the
        end. It still stops if the API server does not answer, and if an entry of O(exposures) is not a
        dictionary.
    type: str
    choices: [stop, continue]
    default: stop
  concurrency:
    description: Number of exposures to write concurrently, from 1 to 64.
    type: int
    default: 8
  wait_timeout:
    description: Deadline in seconds for each exposure with C(wait=true) until it is served.
    type: int
    default: 300
  cluster_domain:
    description: DNS domain of the cluster, with which the names of Services are completed.
    type: str
    default: cluster.local
requirements:
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
  - cryptography (for certificates)
notes:
  - If the credentials may list objects in the whole cluster, and Secrets in the namespace of the gateway's pods, the
    task sends the same few read requests for ten exposures as for thousands (plus one for each 500 objects).
    Otherwise it sends more, and warns about what it could not check.
  - In check mode, the API server and the webhooks validate every change in a server-side dry run. Outside check mode,
    they validate in advance only one of all changes that differ merely in names, hosts and destinations, because a dry
    run costs as much as the change itself.
  - With O(on_error=continue), the shared Gateway that check mode predicts also has the hosts of exposures that the
    checks stop.
seealso:
  - module: gatehouse.istio.istio_exposure
  - module: gatehouse.istio.istio_exposure_info
author:
  - gatehouse.istio contributors (@gatehouse-istio)
"""

EXAMPLES = r"""
- name: Expose the listed Services of the shop team, and nothing else in its namespace
  gatehouse.istio.istio_exposures:
    defaults:
      namespace: shop
      gateway:
        selector: {istio: public}
    exposures:
      - name: shop
        hosts: [shop.example.com]
        service: web
        port: 8080
      - name: accounts
        hosts: [accounts.example.com]
        service: accounts
        port: 8080
    prune:
      namespaces: [shop]

- name: Expose the lists of several teams, and continue if one of the exposures fails
  gatehouse.istio.istio_exposures:
    defaults:
      gateway:
        selector: {istio: public}
      labels:
        listed-in: teams
    exposures: "{{ shop_exposures + blog_exposures }}"
    prune:
      namespaces: ["*"]
      label_selectors: [listed-in=teams]
    on_error: continue
  vars:
    shop_exposures:
      - name: shop
        namespace: shop
        hosts: [shop.example.com]
        service: web
        port: 8080
    blog_exposures:
      - name: blog
        namespace: blog
        hosts: [blog.example.com]
        routes:
          - destinations: [{service: web, port: 8080}]

- name: Expose thousands of Services from a generated file
  gatehouse.istio.istio_exposures:
    defaults:
      gateway:
        selector: {istio: public}
    src: exposures.json
    prune:
      namespaces: [shop, blog]

- name: Remove all exposures of a namespace
  gatehouse.istio.istio_exposures:
    exposures: []
    prune:
      namespaces: [blog]
"""

RETURN = r"""
exposures:
  description:
    - Result of each exposure, in the order of the list; exposures to remove come last.
  returned: when the options are valid and the cluster could be read
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the exposure.
      type: str
      sample: shop
    name:
      description: Name of the exposure.
      type: str
      sample: shop
    outcome:
      description:
        - V(unchanged), V(changed), V(failed) or V(not_tried). In check mode, the predicted outcome.
      type: str
      sample: changed
    changed:
      description:
        - Whether any object was changed. A failed exposure may have been changed partly.
      type: bool
      sample: true
    objects:
      description:
        - The objects that were changed, or would be changed outside check mode.
      type: list
      elements: dict
      contains:
        action:
          description: V(created), V(updated) or V(deleted).
          type: str
          sample: created
        kind:
          description: Kind of the object.
          type: str
          sample: Gateway
        namespace:
          description: Namespace of the object.
          type: str
          sample: shop
        name:
          description: Name of the object.
          type: str
          sample: shop
    urls:
      description: URLs at which the hosts are served, as returned by M(gatehouse.istio.istio_exposure).
      type: list
      elements: str
      sample: ["https://shop.example.com/"]
    msg:
      description: Why the exposure failed, and what was changed before.
      returned: if the exposure failed
      type: str
      sample: >-
        Gateway shop/shop belongs to the exposure blog/blog; choose another name, or attach to it with gateway.existing.
    findings:
      description: Findings of the checks, errors first, as returned by M(gatehouse.istio.istio_exposure).
      returned: if there are any
      type: list
      elements: dict
      sample:
        - code: destination-missing
          level: warning
          objects: [VirtualService shop/shop]
          where: routes[0]
          message: Service shop/web does not exist, so the gateway answers 503.
          fix: Create it, or correct its name.
    certificate:
      description: The Certificate that the exposure orders, as returned by M(gatehouse.istio.istio_exposure).
      returned: if the exposure orders one
      type: dict
      sample: {namespace: istio-ingress, name: shop.shop, secret: shop.shop}
    served:
      description: The probes that proved that the exposure is served, as returned by M(gatehouse.istio.istio_exposure).
      returned: with C(wait=true), outside check mode
      type: list
      elements: dict
      sample:
        - {url: "https://shop.example.com/", address: 192.0.2.10, port: 443, status: 200}
summary:
  description: Number of exposures and objects with each result.
  returned: when the options are valid and the cluster could be read
  type: dict
  contains:
    exposures:
      description: Number of exposures by outcome.
      type: dict
      sample: {unchanged: 498, changed: 2, failed: 0, not_tried: 0}
    objects:
      description: Number of objects by action.
      type: dict
      sample: {created: 2, updated: 1, deleted: 0, unchanged: 997}
"""

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposures import run_exposures
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.module import Module
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_list import LIST


def main() -> None:
    run_exposures(Module(LIST))


if __name__ == "__main__":
    main()
