# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception that is meant for the user's eyes."""

from __future__ import annotations


class ClusterError(Exception):
    """Says in one sentence what is wrong, where, and what to do; the command line prints it without a traceback."""
