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
    given ingress gateway, with the given TLS and routes; and, where you name an issuer, the certificate of the hosts.
  - Writes by server-side apply, only when something changes, and in place. What the task no longer names is removed
    from the cluster; what other tools have added stays.
  - Before the first write, the API server and the webhooks of Istio and cert-manager judge all changes by a dry run.
extends_documentation_fragment:
  - gatehouse.istio._exposure
  - gatehouse.istio._routes
  - gatehouse.istio._probe
  - gatehouse.istio._attributes
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
author:
  - gatehouse.istio contributors (@gatehouse-istio)
"""

EXAMPLES = r"""
- name: Serve the shop at its public host over HTTPS, and redirect HTTP there
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

- name: Serve a domain and all names in it with one certificate, with a smaller key
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

- name: Let only clients with a certificate of the partners' CA reach the partners' API
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

- name: Show testers the next version, never wait long for it, and let the shop's pages use the API
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

- name: Send one in a hundred requests to the pods of the next version
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

- name: Serve gRPC, which the port's name (grpc) or appProtocol in the Service says
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

- name: Hand connections to port 27017 of the gateway to a database
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

- name: Hand TLS connections for the vault to the vault itself
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

- name: Serve the shop through a Gateway that it shares with all hosts of one wildcard certificate
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

- name: Go on only when the shop's health page is served through every address of the gateway
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

- name: Serve a host through a load balancer that the cluster does not know, and trust the company's CA alone
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

- name: Refuse to serve the shop without its Service, and do not mention that a certificate expires soon
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

- name: Withdraw the shop from the public
  gatehouse.istio.istio_exposure:
    name: shop
    namespace: shop
    state: absent
"""

RETURN = r"""
objects:
  description:
    - The objects of the exposure, in the order in which they were handled, and what was done to each.
    - If a write fails, the objects that were changed before it.
  returned: success, and when a write failed
  type: list
  elements: dict
  contains:
    action:
      description: What was done, or would be in check mode, V(created), V(updated), V(deleted) or V(unchanged).
      type: str
      sample: created
    kind:
      description: V(Certificate), V(Secret) (of the clients' CA), V(Gateway), V(DestinationRule) or V(VirtualService).
      type: str
      sample: Gateway
    namespace:
      description: The object's namespace.
      type: str
      sample: shop
    name:
      description: The object's name.
      type: str
      sample: shop
    definition:
      description:
        - The object without its C(managedFields), for a deleted one as it was before.
        - Of a Secret only what this module has put into it, a CA's certificate.
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
  description: The Certificate that cert-manager is asked for, and where it puts what it issues.
  returned: success, with O(tls.certificate)
  type: dict
  version_added: 0.2.0
  contains:
    namespace:
      description: Namespace of both, that of the gateway's pods.
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
    - What was asked, and how it was answered, once for every URL and address.
    - Empty if nothing was, by O(probe.enabled=false).
  returned: success, with O(wait=true) and O(state=present), but not in check mode
  type: list
  elements: dict
  version_added: 0.2.0
  contains:
    url:
      description: What was requested.
      type: str
      sample: https://shop.example.com/
    address:
      description: The address that was asked.
      type: str
      sample: 192.0.2.10
    port:
      description: The port that was asked.
      type: int
      sample: 443
    status:
      description: The answer's status; V(none) if there was only a TLS handshake.
      type: int
      sample: 200
    location:
      description: Where the answer redirects to.
      returned: if it redirects
      type: str
      sample: https://shop.example.com/
    certificate:
      description: The certificate that was served.
      returned: with TLS, if the Python library C(cryptography) is there
      type: dict
      contains:
        serial:
          description: Its serial number in hexadecimal digits.
          type: str
          sample: 0A1B2C3D4E5F
        not_after:
          description: Its end, in UTC.
          type: str
          sample: "2027-01-31T12:00:00Z"
findings:
  description: What the checks have found, errors first. Each is also a warning, or part of the message of the failure.
  returned: success, and when a finding stopped the task
  type: list
  elements: dict
  version_added: 0.2.0
  contains:
    code:
      description: The check's code, by which O(checks) and C(docs/findings.md) know it.
      type: str
      sample: host-served-twice
    level:
      description: V(error) or V(warning).
      type: str
      sample: error
    objects:
      description: The objects that are concerned, as kind and namespace/name.
      type: list
      elements: str
      sample: [Gateway shop/shop, Gateway blog/front]
    where:
      description: The option that it is about.
      type: str
      sample: hosts[0]
    message:
      description: What is wrong, who loses, and why.
      type: str
      sample: >-
        Gateway blog/front, servers[0] already serves shop.example.com at port 443 of the same gateway; istiod keeps the
        older one and drops the whole server of Gateway shop/shop, servers[0], so shop.example.com would not be served
        by it.
    fix:
      description: What to do.
      type: str
      sample: >-
        Remove the host from one of the two, attach to that Gateway with gateway.existing, or use another gateway.
urls:
  description:
    - Where the hosts are served, by the servers of the Gateway. Redirects are left out.
    - Empty unless O(protocol=http).
  returned: success
  type: list
  elements: str
  sample: ["https://shop.example.com/"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure import run_exposure
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import CONNECTION
from ansible_collections.gatehouse.istio.plugins.module_utils._options.argument_spec import EXPOSURE


def main() -> None:
    run_exposure(AnsibleModule(supports_check_mode=True, **(EXPOSURE + CONNECTION).module_arguments()))


if __name__ == "__main__":
    main()
