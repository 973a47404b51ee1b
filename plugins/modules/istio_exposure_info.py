#!/usr/bin/python
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_exposure_info
short_description: Report what is exposed through Istio's ingress gateways
version_added: 0.2.0
description:
  - Returns exposures with their gateways and addresses, their routes, and their certificates with the days until they
    expire. These are the exposures of M(gatehouse.istio.istio_exposure) and, if you want, unmanaged VirtualServices.
  - Reports what the checks find wrong with the exposures, and how they differ from a list of desired exposures.
  - Follows requests from DNS to the pods behind a Service, and says where they break, and why.
  - The number of requests does not grow with the number of exposures, except for one request for each Secret with a
    certificate.
  - What the task's credentials may not read is V(null) in the result, and is listed in one warning. Of certificates,
    only the public part is returned.
extends_documentation_fragment:
  - gatehouse.istio._attributes.info
  - gatehouse.istio._attributes.all
  - kubernetes.core.k8s_auth_options
options:
  name:
    description: Return only exposures with this name.
    type: str
  namespace:
    description:
      - Return only exposures in this namespace.
      - Required if the credentials may not list VirtualServices in all namespaces.
    type: str
  label_selectors:
    description:
      - Return only exposures whose VirtualService matches all of these label selectors, for example V(team=shop) or
        V(stage in (test,prod)).
    type: list
    elements: str
    default: []
  hosts:
    description:
      - Return only exposures that serve one of these hosts. An exposure of V(*.example.com) serves V(shop.example.com),
        too.
    type: list
    elements: str
  include_foreign:
    description: Also return what others made - VirtualServices that are bound to a Gateway, and Gateways.
    type: bool
    default: false
  desired:
    description:
      - The desired exposures, each with the options of M(gatehouse.istio.istio_exposure). Of these, C(adopt),
        C(checks), C(wait), C(wait_timeout), C(probe) and C(cluster_domain) have no meaning here. An exposure with
        C(state=absent) is not desired.
      - The result then reports the desired exposures that are missing, the exposures that are not desired, and the
        drift of each exposure.
      - Exposures that do not match O(name), O(namespace) and O(hosts) are not reported as missing.
    type: list
    elements: dict
  findings:
    description: Whether to run the checks.
    type: bool
    default: true
  checks:
    description:
      - Levels of the checks, as in M(gatehouse.istio.istio_exposure).
        U(https://github.com/gatehouse-istio/gatehouse.istio/blob/main/docs/findings.md) describes all codes.
    type: dict
  trace:
    description:
      - Requests to follow, each a URL such as V(https://shop.example.com/cart), or a dictionary with C(url), C(method)
        (by default V(GET)) and C(headers).
      - RV(traces) returns their steps from the gateway's pods to the endpoints, whoever made the objects on the way,
        and where they break. The other filters have no meaning for it.
      - Values of headers are not returned if their names sound like secrets, such as C(Authorization).
        U(https://github.com/gatehouse-istio/gatehouse.istio/blob/main/docs/troubleshooting.md) begins with symptoms.
    type: list
    elements: raw
  trace_hosts:
    description:
      - Whether to follow a request to each host of the exposures that are returned, too, and to each port at which a
        Gateway has the host. A wildcard is asked for C(any).
      - The request is for C(/) or, if no route takes that, for what a route is for.
      - Of these, RV(traces[].findings) has only what explains a break. The others are in RV(exposures[].findings).
    type: bool
    default: false
  probe:
    description:
      - Whether to look up the hosts of O(trace) and O(trace_hosts) in DNS, and to send the requests to the gateway,
        from the host on which the module runs. Only V(GET), V(HEAD) and V(OPTIONS) are sent, as others may change
        something.
    type: bool
    default: true
  probe_ca_cert:
    description:
      - File with the CA certificates (PEM) that clients trust, for O(probe). The default are those of the machine.
      - It is read on the host on which the module runs.
    type: path
  query:
    description:
      - JMESPath expression (U(https://jmespath.org)) to evaluate on the list of exposures. RV(answer) returns its
        result. It needs the Python library C(jmespath).
    type: str
  cluster_domain:
    description: DNS domain of the cluster, with which the names of Services are completed.
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
- name: Read all exposures, managed and unmanaged
  gatehouse.istio.istio_exposure_info:
    include_foreign: true
  register: exposed

- name: Find the exposure that serves a host
  gatehouse.istio.istio_exposure_info:
    hosts: [shop.example.com]
    include_foreign: true

- name: List the certificates that expire within two weeks
  gatehouse.istio.istio_exposure_info:
    findings: false
    query: "[].tls[].certificate | [?days_left < `14`].{secret: secret, names: names, days: days_left}"
  register: certificates

- name: List what is wrong with the shop team's exposures, except certificates that expire soon
  gatehouse.istio.istio_exposure_info:
    label_selectors: [team=shop]
    checks:
      certificate-expires-soon: ignore
    query: "[].findings[].message"

- name: Compare the namespace with the desired exposures
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

- name: Find out why a page is not served
  gatehouse.istio.istio_exposure_info:
    trace:
      - https://shop.example.com/cart
      - url: https://shop.example.com/api/orders
        method: POST
        headers: {x-version: v2}
  register: followed

- name: Find all hosts whose requests do not get through, without sending any
  gatehouse.istio.istio_exposure_info:
    include_foreign: true
    trace_hosts: true
    probe: false
  register: hosts

- name: Show where it breaks
  ansible.builtin.debug:
    msg: "{{ followed.traces | map(attribute='breaks_at') }}"
"""

RETURN = r"""
exposures:
  description: The exposures, sorted by namespace and name.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the exposure and of its VirtualService.
      type: str
      sample: shop
    name:
      description: Name of the exposure.
      type: str
      sample: shop
    managed:
      description: Whether M(gatehouse.istio.istio_exposure) manages the exposure.
      type: bool
      sample: true
    hosts:
      description: Hosts of the VirtualService.
      type: list
      elements: str
      sample: [shop.example.com]
    gateways:
      description: Gateways to which the VirtualService is bound. An unmanaged VirtualService may have several.
      type: list
      elements: dict
      contains:
        namespace:
          description: Namespace of the Gateway object.
          type: str
          sample: shop
        name:
          description: Name of the Gateway object.
          type: str
          sample: shop
        kind:
          description:
            - V(own) is the Gateway of this exposure only, V(shared) is one that exposures share, V(existing) is any
              other, and V(missing) is one that does not exist. V(null) if Gateways in its namespace may not be read.
          type: str
          sample: own
        selector:
          description: Labels of the gateway's pods.
          type: dict
          sample: {istio: public}
        pods_namespaces:
          description: Namespaces of the gateway's pods.
          type: list
          elements: str
          sample: [istio-ingress]
        addresses:
          description: Addresses of the gateway's Services; those outside the cluster if there are any.
          type: list
          elements: str
          sample: [192.0.2.10]
    urls:
      description: URLs at which the hosts are served, without those that only redirect.
      type: list
      elements: str
      sample: ["https://shop.example.com/"]
    tls:
      description: Servers of the Gateways that serve the hosts with TLS.
      type: list
      elements: dict
      contains:
        gateway:
          description: Gateway of the server, as namespace/name.
          type: str
          sample: shop/shop
        port:
          description: Port of the gateway's Service.
          type: int
          sample: 443
        hosts:
          description: Hosts of the exposure that this server serves.
          type: list
          elements: str
          sample: [shop.example.com]
        mode:
          description: V(simple), V(mutual), V(optional_mutual), V(passthrough), or another TLS mode of Istio.
          type: str
          sample: simple
        credential_name:
          description: Secret with the certificate; V(null) if the server has none.
          type: str
          sample: shop-example-com
        certificate:
          description: Public part of that certificate; V(null) if there is none, or if it may not be read.
          type: dict
          contains:
            secret:
              description: Secret of the certificate, as namespace/name.
              type: str
              sample: istio-ingress/shop-example-com
            not_after:
              description: Time at which it expires, in UTC.
              type: str
              sample: "2027-01-31T12:00:00Z"
            days_left:
              description: Whole days until it expires, below 0 if it has expired.
              type: int
              sample: 63
            serial:
              description: Serial number in hexadecimal digits.
              type: str
              sample: 0A1B2C3D4E5F
            names:
              description: Names for which it is valid.
              type: list
              elements: str
              sample: [shop.example.com]
            issuer:
              description: Distinguished name of its issuer.
              type: str
              sample: CN=R11,O=Let's Encrypt,C=US
    routes:
      description: Routes of the VirtualService, in its order.
      type: list
      elements: dict
      contains:
        protocol:
          description: V(http), V(tls) or V(tcp).
          type: str
          sample: http
        name:
          description: Name of the route, if it has one.
          type: str
          sample: api
        match:
          description: Matches of the route, as in the VirtualService; empty if it matches every request.
          type: list
          elements: dict
          sample: [{uri: {prefix: /api/}}]
        destinations:
          description: Destinations of the route.
          type: list
          elements: dict
          contains:
            host:
              description: Host of the destination.
              type: str
              sample: web.shop.svc.cluster.local
            port:
              description: Port of the destination, if the route names one.
              type: int
              sample: 8080
            weight:
              description: Weight of the destination, if the route sets one.
              type: int
              sample: 90
            subset:
              description: Subset of the destination, if the route names one.
              type: str
              sample: v2
        redirect:
          description: Redirect, as in the VirtualService.
          returned: if the route redirects
          type: dict
          sample: {scheme: https, redirectCode: 301}
        direct_response:
          description: Response of the gateway itself, as in the VirtualService.
          returned: if the gateway itself responds
          type: dict
          sample: {status: 503}
        delegate:
          description: The VirtualService to which the route delegates.
          returned: if the route delegates
          type: dict
          sample: {name: api, namespace: shop}
    created:
      description: Creation time of the VirtualService, in UTC.
      type: str
      sample: "2026-10-01T12:00:00Z"
    findings:
      description: Findings of the checks, errors first, as returned by M(gatehouse.istio.istio_exposure).
      returned: with O(findings=true)
      type: list
      elements: dict
      sample: []
    drift:
      description:
        - What a task with the desired options would change; empty if nothing. V(null) if the exposure is not desired,
          or if objects that are needed for the comparison may not be read.
      returned: with O(desired)
      type: list
      elements: dict
      contains:
        action:
          description: V(created), V(updated), V(deleted), or V(refused) if the task would fail.
          type: str
          sample: updated
        kind:
          description: Kind of the object.
          returned: unless refused
          type: str
          sample: VirtualService
        namespace:
          description: Namespace of the object.
          returned: unless refused
          type: str
          sample: shop
        name:
          description: Name of the object.
          returned: unless refused
          type: str
          sample: shop
        before:
          description: Live fields that this collection manages.
          returned: unless refused
          type: dict
          sample: {}
        after:
          description: Desired fields.
          returned: unless refused
          type: dict
          sample: {}
        message:
          description: Why the task would fail.
          returned: if refused
          type: str
          sample: Gateway shop/shop belongs to the exposure shop/other; choose another name.
unused_gateways:
  description:
    - Gateways that no VirtualService names, sorted by namespace and name; with O(include_foreign) also those that
      others made. Label selectors are not compared with them. Empty if not all VirtualServices may be read.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the Gateway.
      type: str
      sample: infra
    name:
      description: Name of the Gateway.
      type: str
      sample: old-front
    managed:
      description: Whether it is an exposure's.
      type: bool
      sample: false
    hosts:
      description: Hosts of its servers.
      type: list
      elements: str
      sample: ["*.example.com"]
    selector:
      description: Labels of the gateway's pods.
      type: dict
      sample: {istio: public}
    pods_namespaces:
      description: Namespaces of the gateway's pods.
      type: list
      elements: str
      sample: [istio-ingress]
    created:
      description: Time at which it was created, in UTC.
      type: str
      sample: "2026-11-01T12:00:00Z"
    findings:
      description: As those of RV(exposures[].findings).
      returned: with O(findings)
      type: list
      elements: dict
      sample: []
missing:
  description: Desired exposures that do not exist, or that this collection does not manage.
  returned: with O(desired)
  type: list
  elements: dict
  sample: [{namespace: shop, name: api, hosts: [api.example.com]}]
orphans:
  description: Exposures of this collection that are not desired.
  returned: with O(desired)
  type: list
  elements: dict
  sample: [{namespace: shop, name: old, hosts: [old.example.com]}]
traces:
  description:
    - Where the requests of O(trace) and then those of O(trace_hosts) go, each once for every gateway with the host, or
      for every gateway if none has it.
  returned: with O(trace) or O(trace_hosts)
  type: list
  elements: dict
  contains:
    exposure:
      description: Exposure for which the request is made, as namespace/name.
      returned: for requests of O(trace_hosts)
      type: str
      sample: shop/shop
    host:
      description: Host of the exposure for which the request is made; it may be a wildcard.
      returned: for requests of O(trace_hosts)
      type: str
      sample: shop.example.com
    url:
      description: URL of the request.
      type: str
      sample: https://shop.example.com/cart
    method:
      description: Method of the request.
      type: str
      sample: GET
    gateway:
      description: Pods through which it goes; V(null) if there is no Gateway at all.
      type: str
      sample: pods with istio=public of namespace istio-ingress
    steps:
      description: Steps in the order in which the request passes them, up to the one that breaks, or the endpoints.
      type: list
      elements: dict
      contains:
        step:
          description:
            - V(dns) and V(address) with O(probe), then V(gateway_pods), V(listener), V(server), V(certificate),
              V(virtual_host), V(route), V(delegate), V(destination), V(service) and V(endpoints), as far as there
              are such steps on the way.
          type: str
          sample: route
        ok:
          description: Whether the request passes; V(null) if that is not known.
          type: bool
          sample: true
        object:
          description: Object that decides there; V(null) if there is none.
          type: str
          sample: VirtualService shop/shop
        message:
          description: What happens there.
          type: str
          sample: http[1] of VirtualService shop/shop takes the request.
        passed_over:
          description: Routes that come first and do not take the request.
          returned: for the route, if there are any
          type: list
          elements: dict
          contains:
            object:
              description: VirtualService of the route.
              type: str
              sample: VirtualService shop/shop
            route:
              description: Place of the route there.
              type: str
              sample: http[0]
            name:
              description: Name of the route, if it has one.
              type: str
              sample: api
            why:
              description: Why it does not take the request.
              type: str
              sample: the path '/cart' does not begin with '/api/'
    breaks_at:
      description: First step that the request does not pass; V(null) if none is known.
      type: str
      sample: endpoints
    expected:
      description: What the gateway does with the request, as far as the steps tell.
      type: dict
      contains:
        status:
          description: Status that the gateway answers by itself; V(null) if another one answers, or nobody.
          type: int
          sample: 503
        location:
          description: Where the gateway redirects to.
          type: str
          sample: https://shop.example.com/cart
        services:
          description: Who answers the request.
          type: list
          elements: str
          sample: ["Service shop/web, port 8080"]
        message:
          description: The same in one sentence.
          type: str
          sample: The gateway answers 503.
    findings:
      description:
        - Findings of the checks that explain the break, as those of RV(exposures[].findings). Without a break, those
          that may be the reason for another answer than the expected one.
      type: list
      elements: dict
      sample: []
    answer:
      description: What the gateway really answered; V(null) if it was not asked.
      returned: with O(probe)
      type: dict
      contains:
        address:
          description: Address that was asked, one of the gateway's Service if it has any.
          type: str
          sample: "192.0.2.10:443"
        status:
          description: Status of the answer; V(null) if there was none.
          type: int
          sample: 503
        location:
          description: Where the answer redirects to.
          type: str
          sample: https://shop.example.com/login
        flag:
          description: Envoy's response flag, if the gateway itself answered with a text that tells it.
          type: str
          sample: UH
        error:
          description: Why there was no answer.
          type: str
          sample: "No answer from 192.0.2.10:443: Connection refused."
        certificate_error:
          description:
            - Why clients with the system's authorities refuse the certificate; the answer is then that to a client
              that does not verify it.
          type: str
          sample: "the certificate is not valid for shop.example.com: certificate has expired"
answer:
  description: Result of O(query) on RV(exposures).
  returned: with O(query)
  type: raw
  sample: [shop.example.com]
"""

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure_info import run_info
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.module import Module
from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import INFO


def main() -> None:
    run_info(Module(INFO))


if __name__ == "__main__":
    main()
