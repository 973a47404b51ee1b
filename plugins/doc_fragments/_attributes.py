# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not use it from elsewhere.

from __future__ import annotations


class ModuleDocFragment:
    # What a module that changes the cluster can do
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the cluster.
    support: full
    details:
      - The API server and Istio's validating webhook validate the changes in a server-side dry run.
      - The namespace, or Istio itself, may still be missing, because an earlier task only creates it outside check
        mode.
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
    details:
      - The diff shows only the fields that this module manages.
"""

    # What a module that only reads can do
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the cluster.
    support: full
    details:
      - This module never changes anything.
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details:
      - This module never changes anything.
"""

    # What all modules have in common
    ALL = r"""
options: {}
notes:
  - Null and empty text count as not given.
  - A list of texts or numbers can be given as text, with commas or line breaks between the entries. Dictionaries, and
    lists of dictionaries, can be given as YAML or JSON text. So answers of a survey can be passed on as they are.
  - Values that YAML may have changed are refused for texts. These are V(true) and V(false), which may have been C(yes)
    or C(off), and numbers with a fraction, as V(1.10) becomes 1.1. Write them in quotes.
attributes:
  action_group:
    description:
      - Use C(group/gatehouse.istio.istio) in C(module_defaults) to set options of all these modules at once.
    support: full
    membership:
      - gatehouse.istio.istio
  async:
    description: Supports being used with the C(async) keyword.
    support: full
    details:
      - A kubeconfig that is encrypted with Ansible Vault is refused, because its decrypted copy is removed too early.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
"""
