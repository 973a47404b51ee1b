# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of routes share."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from support.run_module import Outcome

Expose = Callable[..., Outcome]
Answers = Callable[..., ProbeResult]
WEB = [{"service": "web", "port": 80}]
