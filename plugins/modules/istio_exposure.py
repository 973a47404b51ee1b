#!/usr/bin/python
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_exposure
short_description: Expose a service at hosts through an Istio ingress gateway
version_added: 0.1.0
description:
  - Manages the Gateway and the VirtualService that make a Kubernetes Service reachable at the given hosts, through the
    given ingress gateway, with the given TLS settings and routes. If you name an issuer, it also manages the
    certificate of the hosts.
  - Uses server-side apply, changes objects in place, and writes only if something changes. Objects and fields that the
    task no longer names are removed; what other tools have added stays.
  - Before the first write, the API server and the webhooks of Istio and cert-manager validate all changes in a dry run.
extends_documentation_fragment:
  - gatehouse.istio._exposure
  - gatehouse.istio._routes
  - gatehouse.istio._probe
  - gatehouse.istio._attributes
  - gatehouse.istio._attributes.all
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
author:
  - gatehouse.istio contributors (@gatehouse-istio)
"""

EXAMPLES = r"""
- name: Serve the shop over HTTPS, and redirect HTTP to HTTPS
  gatehouse.istio.istio_exposure:
    name: shop
    namespace: shop
    hosts: [shop.example.com]
    service: web
    port: 8080
    gateway:
      selector: "{{ istio_ingress_gateways.public.selector }}"
    tls:
      credential_name: shop-example-com
      redirect: true

- name: Serve the shop with a certificate that Let's Encrypt issues and cert-manager renews
  gatehouse.istio.istio_exposure:
    name: shop
    namespace: shop
    hosts: [shop.example.com]
    service: web
    port: 8080
    gateway:
      selector: "{{ istio_ingress_gateways.public.selector }}"
      pods_namespace: "{{ istio_ingress_gateways.public.namespace }}"
    tls:
      certificate:
        issuer: {name: letsencrypt}
      redirect: true

- name: Serve a domain and all names below it with one certificate, with an ECDSA key
  gatehouse.istio.istio_exposure:
    name: tenants
    namespace: shop
    hosts: [tenants.example.com, "*.tenants.example.com"]
    service: web
    port: 8080
    gateway:
      selector: {istio: public}
    tls:
      certificate:
        issuer: {name: letsencrypt}
        renew_before: 720h
        private_key: {algorithm: ECDSA, size: 256}
      redirect: true

- name: Serve the partners' API only to clients with a certificate from the partners' CA
  gatehouse.istio.istio_exposure:
    name: partners
    namespace: shop
    hosts: [partners.example.com]
    service: api
    port: 8080
    gateway:
      selector: {istio: public}
    tls:
      mode: mutual
      certificate:
        issuer: {name: letsencrypt}
      client_ca:
        pem: "{{ lookup('ansible.builtin.file', 'partners-ca.pem') }}"

- name: Send a tenth of the API's requests to its next version, and everything else to the web server
  gatehouse.istio.istio_exposure:
    name: shop
    namespace: shop
    hosts: [shop.example.com]
    routes:
      - name: api
        match:
          - uri: {prefix: /api/}
          - uri: {exact: /api}
        destinations:
          - {service: api, port: 8080, weight: 90}
          - {service: api-next, port: 8080, weight: 10}
      - destinations:
          - {service: web, port: 8080}
    gateway:
      selector: {istio: public}
    tls:
      credential_name: shop-example-com
      min_protocol_version: TLSV1_3

- name: Route testers to the next version with a timeout, and allow the shop's pages to use the API
  gatehouse.istio.istio_exposure:
    name: api
    namespace: shop
    hosts: [api.example.com]
    routes:
      - name: testers
        match:
          - headers:
              x-tester: {present: true}
            uri: {prefix: /v1/}
        destinations:
          - {service: api-next, port: 8080}
        rewrite: {uri: /}
        timeout: 2s
        retries: {attempts: 2, per_try_timeout: 500ms, retry_on: "connect-failure,503"}
      - name: moved
        match:
          - uri: {prefix: /old/}
        redirect: {prefix_rewrite: /v1/, redirect_code: 308}
      - name: maintenance
        match:
          - method: {exact: DELETE}
        direct_response: {status: 503, body: '{"error": "maintenance"}'}
        headers:
          response:
            set: {content-type: application/json, retry-after: 3600}
      - name: everyone
        destinations:
          - {service: api, port: 8080}
        cors_policy:
          allow_origins:
            - exact: https://shop.example.com
          allow_methods: [GET, POST]
          max_age: 24h
        mirrors:
          - {service: api-next, port: 8080, percentage: 1}
    gateway:
      selector: {istio: public}

- name: Send one percent of the requests to the pods of the next version
  gatehouse.istio.istio_exposure:
    name: cart
    namespace: shop
    hosts: [cart.example.com]
    routes:
      - destinations:
          - {service: cart, port: 8080, subset: current, weight: 99}
          - {service: cart, port: 8080, subset: next, weight: 1}
    subsets:
      - {service: cart, name: current, labels: {version: "1"}}
      - {service: cart, name: next, labels: {version: "2"}}
    gateway:
      selector: {istio: public}

- name: Serve gRPC, if the Service's port is named grpc or has the appProtocol grpc
  gatehouse.istio.istio_exposure:
    name: stock
    namespace: shop
    hosts: [stock.example.com]
    service: stock
    port: 9090
    gateway:
      selector: {istio: internal}
    tls:
      credential_name: stock-example-com

- name: Forward connections at port 27017 of the gateway to a database
  gatehouse.istio.istio_exposure:
    name: orders
    namespace: shop
    hosts: [orders.internal.example.com]
    protocol: mongo
    service: orders
    port: 27017
    gateway:
      selector: {istio: internal}
      tcp_port: 27017

- name: Forward TLS connections for the vault to the vault itself
  gatehouse.istio.istio_exposure:
    name: vault
    namespace: vault
    hosts: [vault.internal.example.com]
    service: vault
    port: 8200
    gateway:
      selector: {istio: internal}
    tls:
      mode: passthrough

- name: Serve a host through a Gateway that the platform team manages
  gatehouse.istio.istio_exposure:
    name: blog
    namespace: blog
    hosts: [blog.example.com]
    service: blog
    gateway:
      existing: istio-ingress/shared

- name: Serve the shop through a Gateway that all hosts of a wildcard certificate share
  gatehouse.istio.istio_exposure:
    name: shop
    namespace: shop
    hosts: [shop.example.com]
    service: web
    port: 8080
    gateway:
      selector: {istio: public}
      shared: istio-ingress/wildcard-example-com
    tls:
      credential_name: wildcard-example-com
      redirect: true
    export_to: [., istio-ingress]

- name: Wait until every address of the gateway serves the shop's health page
  gatehouse.istio.istio_exposure:
    name: shop
    namespace: shop
    hosts: [shop.example.com]
    service: web
    port: 8080
    gateway:
      selector: {istio: public}
    tls:
      certificate:
        issuer: {name: letsencrypt}
      redirect: true
    wait: true
    wait_timeout: 120
    probe:
      path: /healthz
      status: [200]

- name: Serve a host behind a load balancer that the cluster does not know, and trust only the company's CA
  gatehouse.istio.istio_exposure:
    name: intranet
    namespace: intranet
    hosts: [intranet.example.com]
    service: web
    gateway:
      selector: {istio: internal}
    tls:
      credential_name: intranet-example-com
    wait: true
    probe:
      addresses: [192.0.2.10, 192.0.2.11]
      ca_cert: /etc/ssl/company-ca.pem

- name: Fail if the shop's Service is missing, and do not warn about a certificate that expires soon
  gatehouse.istio.istio_exposure:
    name: shop
    namespace: shop
    hosts: [shop.example.com]
    service: web
    port: 8080
    gateway:
      selector: {istio: public}
    tls:
      credential_name: shop-example-com
    checks:
      destination-missing: error
      certificate-expires-soon: ignore

- name: Remove the shop's exposure
  gatehouse.istio.istio_exposure:
    name: shop
    namespace: shop
    state: absent
"""

RETURN = r"""
objects:
  description:
    - The objects of the exposure in the order in which the module handled them, each with the action taken.
    - If a write failed, only the objects that were changed before.
  returned: success, and when a write failed
  type: list
  elements: dict
  contains:
    action:
      description:
        - Action that the module took, or would take outside check mode, V(created), V(updated), V(deleted) or
          V(unchanged).
      type: str
      sample: created
    kind:
      description:
        - Kind of the object, V(Certificate), V(Secret) (the clients' CA), V(Gateway), V(DestinationRule) or
          V(VirtualService).
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
    definition:
      description:
        - The object without its C(managedFields). A deleted object as it was before.
        - For a Secret, only the CA's certificate that this module has stored in it.
      type: dict
      sample:
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata:
          name: shop
          namespace: shop
        spec:
          selector:
            istio: public
          servers:
            - hosts: [shop.example.com]
              port:
                name: http
                number: 80
                protocol: HTTP
certificate:
  description: The Certificate that cert-manager issues, and the Secret in which it stores the result.
  returned: success, with O(tls.certificate)
  type: dict
  version_added: 0.2.0
  contains:
    namespace:
      description: Namespace of the Certificate and the Secret, which is that of the gateway's pods.
      type: str
      sample: istio-ingress
    name:
      description: Name of the Certificate.
      type: str
      sample: shop.shop
    secret:
      description: Name of the Secret.
      type: str
      sample: shop.shop
served:
  description:
    - The probes and their answers, one for every URL and address.
    - Empty if no probe was sent, because of O(probe.enabled=false).
  returned: success, with O(wait=true) and O(state=present), but not in check mode
  type: list
  elements: dict
  version_added: 0.2.0
  contains:
    url:
      description: URL that was requested.
      type: str
      sample: https://shop.example.com/
    address:
      description: Address that was probed.
      type: str
      sample: 192.0.2.10
    port:
      description: Port that was probed.
      type: int
      sample: 443
    status:
      description: Status of the answer; V(none) if only a TLS handshake was done.
      type: int
      sample: 200
    location:
      description: URL to which the answer redirects.
      returned: if the answer redirects
      type: str
      sample: https://shop.example.com/
    certificate:
      description: The certificate that was served.
      returned: with TLS, if the Python library C(cryptography) is installed
      type: dict
      contains:
        serial:
          description: Serial number in hexadecimal digits.
          type: str
          sample: 0A1B2C3D4E5F
        not_after:
          description: Time at which it expires, in UTC.
          type: str
          sample: "2027-01-31T12:00:00Z"
findings:
  description:
    - Findings of the checks, errors first. Each is also a warning, or a part of the error message.
  returned: success, and when a finding stopped the task
  type: list
  elements: dict
  version_added: 0.2.0
  contains:
    code:
      description:
        - Code of the check, as in O(checks).
          U(https://github.com/gatehouse-istio/gatehouse.istio/blob/main/docs/findings.md) describes all codes.
      type: str
      sample: host-served-twice
    level:
      description: V(error) or V(warning).
      type: str
      sample: error
    objects:
      description: Objects that the finding is about, as kind and namespace/name.
      type: list
      elements: str
      sample: [Gateway shop/shop, Gateway blog/front]
    where:
      description: Option that the finding is about.
      type: str
      sample: hosts[0]
    message:
      description: What is wrong, which object loses, and why.
      type: str
      sample: >-
        Gateway blog/front, servers[0] already serves shop.example.com at port 443 of the same gateway; istiod keeps the
        older one and drops the whole server of Gateway shop/shop, servers[0], so shop.example.com would not be served
        by it.
    fix:
      description: How to fix it.
      type: str
      sample: >-
        Remove the host from one of the two, attach to that Gateway with gateway.existing, or use another gateway.
urls:
  description:
    - URLs at which the servers of the Gateway serve the hosts, without those that only redirect.
    - Empty unless O(protocol=http).
  returned: success
  type: list
  elements: str
  sample: ["https://shop.example.com/"]
"""

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure import run_exposure
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.module import Module
from ansible_collections.gatehouse.istio.plugins.module_utils._options.argument_spec import EXPOSURE


def main() -> None:
    run_exposure(Module(EXPOSURE))


if __name__ == "__main__":
    main()
