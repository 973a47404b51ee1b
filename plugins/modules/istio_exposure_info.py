#!/usr/bin/python
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_exposure_info
short_description: Tell what is exposed through Istio's ingress gateways
version_added: 0.2.0
description:
  - Reads back exposures, those of M(gatehouse.istio.istio_exposure) and, if you want, VirtualServices that were made by
    hand, with their gateways and addresses, routes, and certificates with the days that are left.
  - Says what the checks find wrong with them, and how they differ from a list of what you want.
  - The number of requests does not grow with that of the exposures, except one for each Secret with a certificate.
  - What these credentials may not read is V(null) in the result, and named in one warning. Of certificates only the
    public part is returned.
extends_documentation_fragment:
  - gatehouse.istio._attributes.info
  - kubernetes.core.k8s_auth_options
options:
  name:
    description: Only exposures of this name.
    type: str
  namespace:
    description:
      - Only exposures of this namespace.
      - Required for those who may not list VirtualServices in all namespaces.
    type: str
  label_selectors:
    description:
      - Only exposures whose VirtualService meets all of these conditions on its labels, such as V(team=shop) or
        V(stage in (test,prod)).
    type: list
    elements: str
    default: []
  hosts:
    description:
      - Only exposures that serve one of these hosts. One for V(*.example.com) serves V(shop.example.com), too.
    type: list
    elements: str
  include_foreign:
    description: Also VirtualServices that were not made by this collection and are bound to a Gateway.
    type: bool
    default: false
  desired:
    description:
      - The exposures as they should be, each with the options of M(gatehouse.istio.istio_exposure). Of these,
        C(adopt), C(checks), C(wait), C(wait_timeout), C(probe) and C(cluster_domain) have no meaning here. What has
        C(state=absent) is not wanted.
      - The result then says what is missing and what is too much, and of each exposure how it differs.
      - What does not pass O(name), O(namespace) and O(hosts) is not called missing.
    type: list
    elements: dict
  findings:
    description: Whether the checks look at the exposures.
    type: bool
    default: true
  checks:
    description:
      - The levels of the checks, as in M(gatehouse.istio.istio_exposure). See C(docs/findings.md) for all codes.
    type: dict
  query:
    description:
      - A question about the list of exposures in JMESPath (U(https://jmespath.org)), answered by RV(answer). It needs
        the Python library C(jmespath).
    type: str
  cluster_domain:
    description: The cluster's DNS domain, with which names of Services are completed.
    type: str
    default: cluster.local
requirements:
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
  - cryptography (for certificates)
  - jmespath (for O(query))
seealso:
  - module: gatehouse.istio.istio_exposure
author:
  - gatehouse.istio contributors (@gatehouse-istio)
"""

EXAMPLES = r"""
- name: Read everything that is exposed, by whomever
  gatehouse.istio.istio_exposure_info:
    include_foreign: true
  register: exposed

- name: Find out who serves a host
  gatehouse.istio.istio_exposure_info:
    hosts: [shop.example.com]
    include_foreign: true

- name: List the certificates that end within two weeks
  gatehouse.istio.istio_exposure_info:
    findings: false
    query: "[].tls[].certificate | [?days_left < `14`].{secret: secret, names: names, days: days_left}"
  register: certificates

- name: List what is wrong with the shop team's exposures, without warnings of certificates
  gatehouse.istio.istio_exposure_info:
    label_selectors: [team=shop]
    checks:
      certificate-expires-soon: ignore
    query: "[].findings[].message"

- name: Compare the namespace with what should be there
  gatehouse.istio.istio_exposure_info:
    namespace: shop
    desired:
      - name: shop
        namespace: shop
        hosts: [shop.example.com]
        service: web
        port: 8080
        gateway:
          selector: {istio: public}
  register: compared
"""

RETURN = r"""
exposures:
  description: The exposures, by namespace and name.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the exposure and of its VirtualService.
      type: str
      sample: shop
    name:
      description: Its name.
      type: str
      sample: shop
    managed:
      description: Whether M(gatehouse.istio.istio_exposure) has made it.
      type: bool
      sample: true
    hosts:
      description: The hosts of the VirtualService.
      type: list
      elements: str
      sample: [shop.example.com]
    gateways:
      description: The Gateways to which it is bound. What was made by hand may have several.
      type: list
      elements: dict
      contains:
        namespace:
          description: Namespace of the Gateway object.
          type: str
          sample: shop
        name:
          description: Its name.
          type: str
          sample: shop
        kind:
          description:
            - V(own) is the exposure's alone, V(shared) has been made by several exposures, V(existing) by others, and
              V(missing) is not there. V(null) if Gateways of its namespace may not be read.
          type: str
          sample: own
        selector:
          description: The labels of the gateway's pods.
          type: dict
          sample: {istio: public}
        pods_namespaces:
          description: Where its pods are.
          type: list
          elements: str
          sample: [istio-ingress]
        addresses:
          description: The addresses of its Services, those outside the cluster if there are any.
          type: list
          elements: str
          sample: [192.0.2.10]
    urls:
      description: Where the hosts are served. Redirects are left out.
      type: list
      elements: str
      sample: ["https://shop.example.com/"]
    tls:
      description: The servers of the Gateways that serve its hosts with TLS.
      type: list
      elements: dict
      contains:
        gateway:
          description: The Gateway, as namespace/name.
          type: str
          sample: shop/shop
        port:
          description: The port of the gateway's Service.
          type: int
          sample: 443
        hosts:
          description: The exposure's hosts that this server has.
          type: list
          elements: str
          sample: [shop.example.com]
        mode:
          description: V(simple), V(mutual), V(optional_mutual), V(passthrough), or another one of Istio's.
          type: str
          sample: simple
        credential_name:
          description: The Secret with the certificate; V(null) if it has none.
          type: str
          sample: shop-example-com
        certificate:
          description: What that certificate says; V(null) if there is none, or it may not be read.
          type: dict
          contains:
            secret:
              description: Its Secret, as namespace/name.
              type: str
              sample: istio-ingress/shop-example-com
            not_after:
              description: Its end, in UTC.
              type: str
              sample: "2027-01-31T12:00:00Z"
            days_left:
              description: The whole days until then, below 0 if it is over.
              type: int
              sample: 63
            serial:
              description: Its serial number in hexadecimal digits.
              type: str
              sample: 0A1B2C3D4E5F
            names:
              description: The names for which it is valid.
              type: list
              elements: str
              sample: [shop.example.com]
            issuer:
              description: Who has issued it.
              type: str
              sample: CN=R11,O=Let's Encrypt,C=US
    routes:
      description: The routes of the VirtualService, in its order.
      type: list
      elements: dict
      contains:
        protocol:
          description: V(http), V(tls) or V(tcp).
          type: str
          sample: http
        name:
          description: The route's name, if it has one.
          type: str
          sample: api
        match:
          description: What it takes, as in the VirtualService; empty if it takes all.
          type: list
          elements: dict
          sample: [{uri: {prefix: /api/}}]
        destinations:
          description: Where requests go.
          type: list
          elements: dict
          contains:
            host:
              description: The destination's host.
              type: str
              sample: web.shop.svc.cluster.local
            port:
              description: Its port, if the route names one.
              type: int
              sample: 8080
            weight:
              description: Its share, if the route gives one.
              type: int
              sample: 90
            subset:
              description: The subset, if the route names one.
              type: str
              sample: v2
        redirect:
          description: Where clients are sent instead, as in the VirtualService.
          returned: if it redirects
          type: dict
          sample: {scheme: https, redirectCode: 301}
        direct_response:
          description: What the gateway answers instead, as in the VirtualService.
          returned: if the gateway answers
          type: dict
          sample: {status: 503}
        delegate:
          description: The VirtualService that decides instead.
          returned: if another one decides
          type: dict
          sample: {name: api, namespace: shop}
    created:
      description: When the VirtualService was made.
      type: str
      sample: "2026-10-01T12:00:00Z"
    findings:
      description: What is wrong with it, as M(gatehouse.istio.istio_exposure) returns it, errors first.
      returned: with O(findings=true)
      type: list
      elements: dict
      sample: []
    drift:
      description:
        - What a task with the desired options would change; empty if nothing. V(null) if the exposure is not desired,
          or what is needed may not be read.
      returned: with O(desired)
      type: list
      elements: dict
      contains:
        action:
          description: V(created), V(updated), V(deleted), or V(refused) if the task would fail.
          type: str
          sample: updated
        kind:
          description: The object's kind.
          returned: unless refused
          type: str
          sample: VirtualService
        namespace:
          description: The object's namespace.
          returned: unless refused
          type: str
          sample: shop
        name:
          description: The object's name.
          returned: unless refused
          type: str
          sample: shop
        before:
          description: The fields of this collection as they are.
          returned: unless refused
          type: dict
          sample: {}
        after:
          description: The fields as they should be.
          returned: unless refused
          type: dict
          sample: {}
        message:
          description: Why the task would fail.
          returned: if refused
          type: str
          sample: Gateway shop/shop belongs to the exposure shop/other; choose another name.
missing:
  description: The desired exposures that are not there, or were not made by this collection.
  returned: with O(desired)
  type: list
  elements: dict
  sample: [{namespace: shop, name: api, hosts: [api.example.com]}]
orphans:
  description: The exposures of this collection that are not desired.
  returned: with O(desired)
  type: list
  elements: dict
  sample: [{namespace: shop, name: old, hosts: [old.example.com]}]
answer:
  description: What O(query) makes of RV(exposures).
  returned: with O(query)
  type: raw
  sample: [shop.example.com]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure_info import run_info
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import CONNECTION
from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import INFO


def main() -> None:
    run_info(AnsibleModule(supports_check_mode=True, **(INFO + CONNECTION).module_arguments()))


if __name__ == "__main__":
    main()
