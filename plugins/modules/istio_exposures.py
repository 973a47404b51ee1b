#!/usr/bin/python
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_exposures
short_description: Expose many Services through Istio's ingress gateways, and remove what is not wanted any more
version_added: 0.2.0
description:
  - Does for a list of exposures what M(gatehouse.istio.istio_exposure) does for one, in one process and with a handful
    of requests if nothing changes.
  - The checks look at the whole list and at what is there. So two exposures of the list that get in each other's way
    are found before the first write, and a host that one of them hands over to another one is no mistake.
  - Exposures are written at the same time, each one's objects in the order in which they depend on each other. What is
    to go is removed when all others are done.
  - If something fails, the result says of each exposure what was done, what failed and why, and what was not tried. Run
    the task again to finish it.
extends_documentation_fragment:
  - gatehouse.istio._attributes
  - kubernetes.core.k8s_auth_options
options:
  exposures:
    description:
      - The exposures, each with the options of M(gatehouse.istio.istio_exposure), but for those of the connection, and
        for C(wait_timeout) and C(cluster_domain), which are here for the whole task.
      - What has C(state=absent) is removed.
      - An empty list exposes nothing. Together with O(prune) it removes all that is within its scope.
      - Either this or O(src) is needed.
    type: list
    elements: dict
  src:
    description:
      - A file that lists the exposures instead of O(exposures), as JSON or YAML. Of JSON, 10,000 exposures are
        read in 0.02 seconds; of YAML, in 1.2.
      - The module reads it as it is, without templates, Ansible Vault, and the copies that Ansible makes of variables.
        Thousands of exposures so take a third of the time and half of the memory.
      - The file is on the controller if the connection is V(local), and found like other files of a playbook or role;
        otherwise it is on the host where the module runs.
    type: path
    version_added: 0.2.0
  defaults:
    description:
      - What holds for each exposure of the list that does not say otherwise, in the same options.
      - Dictionaries such as C(gateway) and C(tls) are put together key by key; anything else is replaced. An exposure
        takes a default out with V(null), for example C(service) if it has C(routes) instead.
    type: dict
  prune:
    description:
      - Removes the exposures of this collection that are within this scope and not in the list. Others are never
        touched.
      - Nothing of it is removed if an exposure of the list has failed, as that may have been meant to replace it.
    type: dict
    suboptions:
      namespaces:
        description:
          - Only exposures of these namespaces; V(*) means all of them.
        type: list
        elements: str
        required: true
      label_selectors:
        description:
          - Only exposures whose objects meet all of these conditions on their labels, such as V(team=shop). Give the
            exposures of the list such labels with C(labels).
        type: list
        elements: str
        default: []
  on_error:
    description:
      - With V(stop), nothing is written if anything is known beforehand to be wrong with one of the exposures; and once
        one fails, no other one is begun.
      - With V(continue), all others are done, and the task fails in the end. Without an answer of the API server it
        stops nevertheless. What is wrong with the options themselves always stops the task.
    type: str
    choices: [stop, continue]
    default: stop
  concurrency:
    description: How many exposures are written at the same time, from 1 to 64.
    type: int
    default: 8
  wait_timeout:
    description: How many seconds each exposure with C(wait=true) may take until it is served.
    type: int
    default: 300
  cluster_domain:
    description: The cluster's DNS domain, with which names of Services are completed.
    type: str
    default: cluster.local
requirements:
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
  - cryptography (for certificates)
notes:
  - Who may list the objects of the whole cluster, and Secrets beside the gateway's pods, makes the same few requests
    for ten exposures as for thousands (and one more for each 500 objects), besides the writes. Who may not, makes
    more, and a warning says what could not be checked.
  - In check mode the API server and the webhooks judge every change by a server-side dry run. Outside of it, they judge
    beforehand one of all that differ only in names, hosts and destinations, as a dry run costs as much as a change.
  - With O(on_error=continue), what check mode foretells of a shared Gateway also has the hosts of exposures that the
    checks stop.
seealso:
  - module: gatehouse.istio.istio_exposure
  - module: gatehouse.istio.istio_exposure_info
author:
  - gatehouse.istio contributors (@gatehouse-istio)
"""

EXAMPLES = r"""
- name: Expose all Services of the shop team, and nothing else of its namespaces
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

- name: Expose what several teams have listed, and go on where one of them has made a mistake
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

- name: Expose thousands of Services, as a program has listed them
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
    - What became of each exposure, in the order of the list; those that were to go are last.
  returned: when the options are right and the cluster could be read
  type: list
  elements: dict
  contains:
    namespace:
      description: Its namespace.
      type: str
      sample: shop
    name:
      description: Its name.
      type: str
      sample: shop
    outcome:
      description:
        - V(unchanged), V(changed), V(failed) or V(not_tried). In check mode, what would become of it.
      type: str
      sample: changed
    changed:
      description: Whether something was changed. Also a failed one may have been changed in part.
      type: bool
      sample: true
    objects:
      description:
        - The objects that were changed, or in check mode would be, and how.
      type: list
      elements: dict
      contains:
        action:
          description: V(created), V(updated) or V(deleted).
          type: str
          sample: created
        kind:
          description: What it is.
          type: str
          sample: Gateway
        namespace:
          description: Its namespace.
          type: str
          sample: shop
        name:
          description: Its name.
          type: str
          sample: shop
    urls:
      description: Where its hosts are served, as M(gatehouse.istio.istio_exposure) returns it.
      type: list
      elements: str
      sample: ["https://shop.example.com/"]
    msg:
      description: Why it failed, and what was done before.
      returned: if it failed
      type: str
      sample: >-
        Gateway shop/shop belongs to the exposure blog/blog; choose another name, or attach to it with gateway.existing.
    findings:
      description: What the checks have found, errors first, as M(gatehouse.istio.istio_exposure) returns it.
      returned: if there are any
      type: list
      elements: dict
      sample:
        - code: destination-missing
          level: warning
          objects: [VirtualService shop/shop]
          where: routes[0]
          message: There is no Service shop/web.
          fix: Create it, or correct its name.
    certificate:
      description: The Certificate that it orders, as M(gatehouse.istio.istio_exposure) returns it.
      returned: if it orders one
      type: dict
      sample: {namespace: istio-ingress, name: shop.shop, secret: shop.shop}
    served:
      description: Which requests have proved that it is served, as M(gatehouse.istio.istio_exposure) returns it.
      returned: with C(wait=true), outside check mode
      type: list
      elements: dict
      sample:
        - {url: "https://shop.example.com/", address: 192.0.2.10, port: 443, status: 200}
summary:
  description: How many exposures and objects had which fate.
  returned: when the options are right and the cluster could be read
  type: dict
  contains:
    exposures:
      description: By outcome.
      type: dict
      sample: {unchanged: 498, changed: 2, failed: 0, not_tried: 0}
    objects:
      description: By action.
      type: dict
      sample: {created: 2, updated: 1, deleted: 0, unchanged: 997}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposures import run_exposures
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import CONNECTION
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_list import LIST


def main() -> None:
    run_exposures(AnsibleModule(supports_check_mode=True, **(LIST + CONNECTION).module_arguments()))


if __name__ == "__main__":
    main()
