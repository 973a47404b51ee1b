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
      - With V(absent), every object of the exposure is removed, and nothing else.
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
      existing:
        description:
          - A Gateway object to attach to, as C(name) in O(namespace) or as C(namespace/name). It is never changed.
        type: str
  tls:
    description:
      - How the hosts are served. Without it they are served over plain HTTP.
      - With O(gateway.existing), only O(tls.mode) may be given, as the Gateway's owner decides the rest.
    type: dict
    suboptions:
      mode:
        description:
          - V(simple) ends TLS at the gateway with the certificate of O(tls.credential_name).
          - V(passthrough) hands the encrypted connection to the service, chosen by the TLS client's server name (SNI).
          - V(none) serves plain HTTP.
        type: str
        choices: [none, simple, passthrough]
        default: simple
      credential_name:
        description:
          - Name of the Secret with certificate and key. Istio looks it up in the namespace of the gateway's B(pods),
            not of the Gateway object.
          - Required with O(tls.mode=simple).
        type: str
      redirect:
        description: Also listen on O(gateway.http_port) and redirect every request there to HTTPS (301).
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
  cluster_domain:
    description: The cluster's DNS domain, with which names of Services are completed.
    type: str
    default: cluster.local
"""
