# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not use it from elsewhere.

from __future__ import annotations


class ModuleDocFragment:
    # The options that describe an exposure (argument spec: module_utils/_options.py)
    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the exposure. Its VirtualService and, unless O(gateway.name) says otherwise, its Gateway are called so.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the exposure and of its VirtualService. It must exist.
    type: str
    required: true
  state:
    description:
      - With V(present), the objects of the exposure are as the options say. What a task no longer names is removed from
        the cluster, and fields that other tools have set stay.
      - With V(absent), every object of the exposure is removed, and nothing else. The Secret in which cert-manager has
        put a certificate is cert-manager's, which leaves it. So the certificate is there at once if the exposure
        comes back.
    type: str
    choices: [present, absent]
    default: present
  hosts:
    description:
      - Host names at which the service is reached, such as V(shop.example.com) or V(*.example.com).
      - A wildcard takes a whole domain from every other exposure behind the same gateway; where you can, name hosts
        one by one.
      - Required with O(state=present).
    type: list
    elements: str
  service:
    description:
      - The Kubernetes Service that gets all requests, as C(name) in O(namespace), as C(name.namespace), or with its
        full name.
      - For more than one destination, or different ones by path, use O(routes) instead.
    type: str
  port:
    description:
      - The Service's port number. It can be left out if the Service has only one.
    type: int
  routes:
    description:
      - Where requests go; the first route that matches takes a request.
      - A route without O(routes[].match) takes every request and comes last.
    type: list
    elements: dict
    suboptions:
      name:
        description: A name for the route, seen in Envoy's access log.
        type: str
      match:
        description: The route takes a request that meets any of these conditions. Without any it takes every request.
        type: list
        elements: dict
        suboptions:
          uri:
            description: Condition on the path. Give exactly one of the three.
            type: dict
            required: true
            suboptions:
              prefix:
                description: The path begins with this text. Note that V(/api) also takes C(/apiary).
                type: str
              exact:
                description: The path is this text.
                type: str
              regex:
                description: The whole path matches this regular expression (RE2).
                type: str
      destinations:
        description: Where the route's requests go. With several, every one needs a O(routes[].destinations[].weight).
        type: list
        elements: dict
        required: true
        suboptions:
          service:
            description: A Kubernetes Service, written as in O(service).
            type: str
          host:
            description: A host of Istio's registry that is no Kubernetes Service (from a ServiceEntry), taken as it is.
            type: str
          port:
            description: The port number. It can be left out if the destination has only one.
            type: int
          weight:
            description: The share of requests, in proportion to the sum of all weights of the route.
            type: int
  gateway:
    description:
      - The ingress gateway through which the hosts are reached.
      - Give O(gateway.selector) for a Gateway object of the exposure's own, or O(gateway.existing) to attach to
        one that exists.
      - Required with O(state=present).
    type: dict
    suboptions:
      selector:
        description:
          - Labels of the ingress gateway's pods. Role P(gatehouse.istio.istio#role) returns them for the gateways
            that it installs.
          - Every pod with all of these labels serves the hosts, whichever Deployment it belongs to.
        type: dict
      name:
        description: Name of the Gateway object. Defaults to O(name).
        type: str
      namespace:
        description: Namespace of the Gateway object. Defaults to O(namespace).
        type: str
      http_port:
        description: Port of the gateway's Service for HTTP.
        type: int
        default: 80
      https_port:
        description: Port of the gateway's Service for HTTPS and TLS.
        type: int
        default: 443
      pods_namespace:
        description:
          - Namespace of the ingress gateway's pods, where Istio looks up certificates and clients' CAs. Only needed
            with O(tls.certificate), O(tls.mode=mutual) and O(tls.mode=optional_mutual).
          - Found by O(gateway.selector) if left out, which takes the right to list pods in all namespaces.
        type: str
        version_added: 0.2.0
      existing:
        description:
          - A Gateway object to attach to, as C(name) in O(namespace) or as C(namespace/name). It is never changed.
        type: str
  tls:
    description:
      - How the hosts are served. Without it they are served over plain HTTP.
      - With O(gateway.existing), only O(tls.mode) and O(tls.redirect) may be given, as the Gateway's owner decides the
        rest.
    type: dict
    suboptions:
      mode:
        description:
          - V(simple) ends TLS at the gateway with the certificate of O(tls.credential_name).
          - V(mutual) does so, too, and accepts only clients that have a certificate of the CA in O(tls.client_ca).
          - V(optional_mutual) verifies the certificates of clients that have one, and accepts others, too.
          - V(passthrough) hands the encrypted connection to the service, chosen by the TLS client's server name (SNI).
          - V(none) serves plain HTTP.
          - V(mutual) and V(optional_mutual) were added in gatehouse.istio 0.2.0.
        type: str
        choices: [none, simple, mutual, optional_mutual, passthrough]
        default: simple
      credential_name:
        description:
          - Name of the Secret with certificate and key. Istio looks it up in the namespace of the gateway's B(pods),
            not of the Gateway object.
          - With O(tls.certificate) it defaults to C(name.namespace) of the exposure, which no other exposure has.
            Otherwise it is required with O(tls.mode=simple), O(tls.mode=mutual) and O(tls.mode=optional_mutual).
        type: str
      certificate:
        description:
          - A certificate that cert-manager issues, renews and puts into the Secret O(tls.credential_name).
          - The Certificate object has the name of its Secret and is in the namespace of the gateway's pods, whatever
            the namespace of the exposure. So that is where the task needs the rights to get, create, patch and delete
            C(certificates.cert-manager.io).
          - Without this option, the exposure's Certificate is removed. Its Secret stays, see O(state).
        type: dict
        version_added: 0.2.0
        suboptions:
          issuer:
            description:
              - Who issues the certificate.
              - Challenges by HTTP-01 need an ingress controller for the solver's Ingress. Istiod is one, for the
                gateway whose label C(istio) is C(meshConfig.ingressSelector) in its values.
            type: dict
            required: true
            suboptions:
              name:
                description: The issuer's name.
                type: str
                required: true
              kind:
                description:
                  - V(ClusterIssuer), V(Issuer), or the kind of an issuer of O(tls.certificate.issuer.group).
                  - An V(Issuer) must be in the namespace of the gateway's pods, as the Certificate is.
                type: str
                default: ClusterIssuer
              group:
                description: API group of the issuer.
                type: str
                default: cert-manager.io
          dns_names:
            description:
              - The names for which the certificate is valid. They must cover all O(hosts), which are the default.
            type: list
            elements: str
          duration:
            description:
              - How long the certificate is to be valid, in hours, minutes and seconds, such as V(2160h).
              - Many ACME servers decide that themselves.
            type: str
          renew_before:
            description:
              - How long before its end the certificate is renewed, such as V(360h).
              - cert-manager's default is a third of its life.
            type: str
          private_key:
            description: The certificate's key. cert-manager's defaults apply to what is left out.
            type: dict
            suboptions:
              algorithm:
                description: What kind of key it is.
                type: str
                choices: [RSA, ECDSA, Ed25519]
              size:
                description: The key's size in bits.
                type: int
              rotation_policy:
                description: Whether a renewed certificate gets a new key.
                type: str
                choices: [Always, Never]
          usages:
            description:
              - What the certificate may be used for, in cert-manager's words.
              - The default is C(digital signature), C(key encipherment) and C(server auth).
            type: list
            elements: str
          spec:
            description:
              - Further fields of the Certificate's C(spec), merged last and key by key. V(null) takes a field out.
            type: dict
      client_ca:
        description:
          - The CA whose clients are accepted with O(tls.mode=mutual) and O(tls.mode=optional_mutual).
          - The task makes the Secret C(<credential_name>-cacert) with the key C(ca.crt) of it, beside the gateway's
            pods. It needs the rights to get, create, patch and delete C(secrets) there.
          - Without this option that Secret must exist already. C(ca.crt) in the Secrets that cert-manager makes is no
            replacement, as it is the CA of the server's certificate.
        type: dict
        version_added: 0.2.0
        suboptions:
          pem:
            description: One or more CA certificates as PEM text, and nothing else.
            type: str
            required: true
      redirect:
        description:
          - Also listen on O(gateway.http_port) and redirect every request there to HTTPS (301).
          - Challenges of ACME (HTTP-01) get through, unless one of the O(hosts) is a wildcard, which cannot be proved
            by them. With a wildcard the Gateway itself redirects, and so whatever attaches to it is redirected, too.
          - With O(gateway.existing), which must listen on that port, the exposure's own requests are redirected.
        type: bool
        default: false
      min_protocol_version:
        description: The oldest TLS version that is accepted. Istio's own default is TLS 1.2.
        type: str
        choices: [TLSV1_0, TLSV1_1, TLSV1_2, TLSV1_3]
  labels:
    description: Labels for all objects of the exposure, besides the ones by which the module knows them.
    type: dict
  annotations:
    description: Annotations for all objects of the exposure.
    type: dict
  adopt:
    description:
      - Take over objects of the wanted names that were not made by this module. Without it they are an error.
      - The fields that the task names are overwritten, others stay. Objects of another exposure are never taken.
    type: bool
    default: false
  checks:
    description:
      - What the checks before the first write make of what they find. The keys are the checks' codes, the values
        V(error), V(warning) or V(ignore) (V(false) means the same). See C(docs/findings.md) for all codes.
      - An error stops a task that would write, before it has written anything. By default, errors are only what breaks
        with Istio for certain.
      - What these credentials may not read is not checked, and the task warns about it.
    type: dict
    version_added: 0.2.0
  wait:
    description:
      - Wait until the certificate of O(tls.certificate) is issued, before the Gateway and the VirtualService are
        changed. So hosts stay served by their old certificate until the new one is there.
      - If it cannot be issued, the task fails with the last message of cert-manager's objects.
    type: bool
    default: false
    version_added: 0.2.0
  wait_timeout:
    description: How many seconds to wait with O(wait=true).
    type: int
    default: 300
    version_added: 0.2.0
  cluster_domain:
    description: The cluster's DNS domain, with which names of Services are completed.
    type: str
    default: cluster.local
"""
