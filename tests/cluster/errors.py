# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exception whose message is for the user."""

from __future__ import annotations


class ClusterError(Exception):
    """One sentence on what is wrong, where, and what to do. The command line prints it without a traceback."""
