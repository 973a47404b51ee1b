# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Helm chart whose template renders the objects of all exposures in its values."""

from __future__ import annotations

from pathlib import Path

_CHART = """\
apiVersion: v2
name: exposures
version: 0.1.0
"""
_TEMPLATE = """\
{{- range .Values.exposures }}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels:
    app.kubernetes.io/managed-by: gatehouse.istio
    gatehouse.istio/exposure: {{ .name }}
    gatehouse.istio/exposure-namespace: {{ .namespace }}
spec:
  selector: {{ toJson $.Values.gateway.selector }}
  servers:
    - port: {number: 80, name: http, protocol: HTTP}
      hosts: {{ toJson .hosts }}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels:
    app.kubernetes.io/managed-by: gatehouse.istio
    gatehouse.istio/exposure: {{ .name }}
    gatehouse.istio/exposure-namespace: {{ .namespace }}
spec:
  hosts: {{ toJson .hosts }}
  gateways: ["{{ .namespace }}/{{ .name }}"]
  http:
    {{- $namespace := .namespace }}
    {{- range .routes }}
    - route:
        {{- range .destinations }}
        - destination:
            host: {{ .service }}.{{ $namespace }}.svc.cluster.local
            port: {number: {{ .port }}}
        {{- end }}
      timeout: {{ .timeout }}
    {{- end }}
{{- end }}
"""


def write(directory: Path) -> Path:
    """Write the chart into the directory."""
    templates = directory / "templates"
    templates.mkdir(parents=True, exist_ok=True)
    (directory / "Chart.yaml").write_text(_CHART, encoding="utf-8")
    (templates / "exposures.yaml").write_text(_TEMPLATE, encoding="utf-8")
    return directory
