# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not use it from elsewhere.

from __future__ import annotations


class ModuleDocFragment:
    # The options of an exposure's routes (argument spec: module_utils/_options/route_spec.py)
    DOCUMENTATION = r"""
options:
  routes:
    description:
      - Where requests go; the first route that matches takes a request.
      - A route without O(routes[].match) takes every request and comes last.
      - Every route has exactly one of O(routes[].destinations), O(routes[].redirect), O(routes[].direct_response) and
        O(routes[].delegate).
      - The options are Istio's own, in snake_case, so that U(https://istio.io/latest/docs/reference/config/networking/virtual-service/)
        describes them, too. Durations are written such as V(1m30s) or V(500ms).
      - gRPC and WebSocket need no option of their own, only a Service whose port says what it speaks
        (C(appProtocol) or name).
      - Where the gateway hands on connections and sees no requests (O(tls.mode=passthrough), O(protocol=tcp),
        O(protocol=mongo), O(protocol=redis)), there is one route, with destinations alone.
    type: list
    elements: dict
    suboptions:
      name:
        description: A name for the route, seen in Envoy's access log.
        type: str
      match:
        description:
          - The route takes a request that meets any of these matches, each with all of its conditions. Without any it
            takes every request.
        type: list
        elements: dict
        suboptions:
          uri:
            description: Condition on the path. Give exactly one of the three.
            type: dict
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
          ignore_uri_case:
            description: Whether V(exact) and V(prefix) of the path ignore the case of letters.
            type: bool
            version_added: 0.2.0
          method:
            description: Condition on the method, such as V(GET). Give exactly one of the three.
            type: dict
            version_added: 0.2.0
            suboptions: &text
              prefix:
                description: It begins with this text.
                type: str
              exact:
                description: It is this text.
                type: str
              regex:
                description: All of it matches this regular expression (RE2).
                type: str
          headers:
            description:
              - Conditions on headers, by the header's name, each with exactly one of C(exact), C(prefix), C(regex) and
                C(present).
              - C(present) is C(true), and takes any value.
            type: dict
            version_added: 0.2.0
          without_headers:
            description: Conditions on headers that must not be met, written as in O(routes[].match[].headers).
            type: dict
            version_added: 0.2.0
          query_params:
            description: Conditions on the query's parameters, by name, written as in O(routes[].match[].headers).
            type: dict
            version_added: 0.2.0
          scheme:
            description: Condition on the scheme, V(http) or V(https). Give exactly one of the three.
            type: dict
            version_added: 0.2.0
            suboptions: *text
          authority:
            description: Condition on the host that the client asks for, with its port. Give exactly one of the three.
            type: dict
            version_added: 0.2.0
            suboptions: *text
          port:
            description: The port of the gateway's Service at which the request arrives.
            type: int
            version_added: 0.2.0
          source_namespace:
            description: Namespace of the gateway's pods. It tells several gateways of one Gateway object apart.
            type: str
            version_added: 0.2.0
          source_labels:
            description: Labels of the gateway's pods. They tell several gateways of one Gateway object apart.
            type: dict
            version_added: 0.2.0
      destinations:
        description: Where the route's requests go. With several, every one needs a O(routes[].destinations[].weight).
        type: list
        elements: dict
        suboptions:
          service: &service
            description: A Kubernetes Service, written as in O(service).
            type: str
          host: &host
            description: A host of Istio's registry that is no Kubernetes Service (from a ServiceEntry), taken as it is.
            type: str
          port: &port
            description: The port number. It can be left out if the destination has only one.
            type: int
          subset: &subset
            description: A subset of the destination, from a DestinationRule. O(subsets) can make it.
            type: str
            version_added: 0.2.0
          weight:
            description: The share of requests, in proportion to the sum of all weights of the route.
            type: int
          headers:
            description: Changes of headers.
            type: dict
            version_added: 0.2.0
            suboptions: &headers
              request:
                description: Changes of the request's headers.
                type: dict
                suboptions: &changes
                  set:
                    description: Values by name, in place of what there is.
                    type: dict
                  add:
                    description: Values by name, besides what there is.
                    type: dict
                  remove:
                    description: Names of headers to take out.
                    type: list
                    elements: str
              response:
                description: Changes of the response's headers.
                type: dict
                suboptions: *changes
      redirect:
        description: The gateway sends the client elsewhere.
        type: dict
        version_added: 0.2.0
        suboptions:
          uri:
            description: The new path, with its query.
            type: str
          prefix_rewrite:
            description: What replaces the prefix that O(routes[].match[].uri) has matched.
            type: str
          authority:
            description: The new host, with its port if need be.
            type: str
          scheme:
            description: The new scheme.
            type: str
            choices: [http, https]
          port:
            description: The new port.
            type: int
          derive_port:
            description: Where the new port comes from instead.
            type: str
            choices: [FROM_PROTOCOL_DEFAULT, FROM_REQUEST_PORT]
          redirect_code:
            description: The status. Istio's own default is V(301).
            type: int
            choices: [301, 302, 303, 307, 308]
      direct_response:
        description: The gateway answers by itself.
        type: dict
        version_added: 0.2.0
        suboptions:
          status:
            description: The status.
            type: int
            required: true
          body:
            description: The body as text. Its type is C(text/plain), unless O(routes[].headers) sets C(content-type).
            type: str
      delegate:
        description:
          - Another VirtualService, without hosts and gateways, decides. Its matches must be within those of this route.
          - The other settings of this route apply where that one has none.
        type: dict
        version_added: 0.2.0
        suboptions:
          name:
            description: Its name.
            type: str
            required: true
          namespace:
            description: Its namespace. Without it, that of the exposure.
            type: str
      rewrite:
        description: What the destination sees instead of what the client has asked for.
        type: dict
        version_added: 0.2.0
        suboptions:
          uri:
            description: What replaces the path, or with O(routes[].match[].uri.prefix) that prefix.
            type: str
          uri_regex_rewrite:
            description: What replaces a part of the path.
            type: dict
            suboptions:
              match:
                description: Regular expression (RE2) of the part.
                type: str
                required: true
              rewrite:
                description: What comes in its place; V(\\1) is its first group.
                type: str
                required: true
          authority:
            description: The host.
            type: str
      headers:
        description:
          - Changes of headers, whatever the destination.
          - Where the gateway itself answers, only O(routes[].headers.response).
        type: dict
        version_added: 0.2.0
        suboptions: *headers
      timeout:
        description: How long a request may take, until the gateway answers 504. Without it there is no limit.
        type: str
        version_added: 0.2.0
      retries:
        description: What is tried again when a destination fails. Without it, Istio tries some failures twice more.
        type: dict
        version_added: 0.2.0
        suboptions:
          attempts:
            description: How often. V(0) turns retries off.
            type: int
            required: true
          per_try_timeout:
            description: How long each attempt may take.
            type: str
          retry_on:
            description: After what, as names of Envoy or statuses, separated by commas, such as V(connect-failure,503).
            type: str
          retry_remote_localities:
            description: Whether attempts may go to other localities.
            type: bool
          retry_ignore_previous_hosts:
            description: Whether an attempt avoids the endpoints that have failed.
            type: bool
          backoff:
            description: The shortest time between attempts.
            type: str
      cors_policy:
        description: Which web pages of other origins may use what the route serves.
        type: dict
        version_added: 0.2.0
        suboptions:
          allow_origins:
            description: The origins. Give exactly one of the three for each.
            type: list
            elements: dict
            required: true
            suboptions: *text
          allow_methods:
            description: The methods that they may use.
            type: list
            elements: str
          allow_headers:
            description: The headers that they may send.
            type: list
            elements: str
          expose_headers:
            description: The headers that they may read.
            type: list
            elements: str
          max_age:
            description: How long browsers may remember it, in whole seconds.
            type: str
          allow_credentials:
            description: Whether cookies and the like may be sent.
            type: bool
          unmatched_preflights:
            description: What becomes of preflight requests of other origins.
            type: str
            choices: [FORWARD, IGNORE]
      fault:
        description: Failures made on purpose, for tests.
        type: dict
        version_added: 0.2.0
        suboptions:
          delay:
            description: Requests that wait.
            type: dict
            suboptions:
              fixed_delay:
                description: How long.
                type: str
                required: true
              percentage: &percentage
                description: How many of a hundred requests, such as V(0.5).
                type: float
                required: true
          abort:
            description: Requests that fail.
            type: dict
            suboptions:
              http_status:
                description: With which status.
                type: int
              grpc_status:
                description: With which status of gRPC, such as V(UNAVAILABLE).
                type: str
              percentage: *percentage
      mirrors:
        description: Where a copy of the requests goes. What they answer is dropped.
        type: list
        version_added: 0.2.0
        elements: dict
        suboptions:
          service: *service
          host: *host
          port: *port
          subset: *subset
          percentage:
            description: How many of a hundred requests, such as V(0.5). Without it, all of them.
            type: float
      spec:
        description:
          - Further fields of the route in the VirtualService, in Istio's own words, merged last and key by key. V(null)
            takes a field out.
        type: dict
        version_added: 0.2.0
  subsets:
    description:
      - Parts of Services to which O(routes[].destinations[].subset) and O(routes[].mirrors[].subset) can send requests.
      - They become one DestinationRule for each Service, called C(<name>-<service>). It needs the rights to get, list,
        create, patch and delete C(destinationrules) in O(namespace).
    type: list
    elements: dict
    version_added: 0.2.0
    suboptions:
      service:
        description: The Service, by its name in O(namespace).
        type: str
        required: true
      name:
        description: The subset's name.
        type: str
        required: true
      labels:
        description: Labels of the pods that belong to it.
        type: dict
        required: true
"""
