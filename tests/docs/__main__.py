# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python tests/docs links`, `references` or `build`: makes `docs` importable as a package, and runs what is named."""

from __future__ import annotations

import sys
from pathlib import Path

# Python put tests/docs itself first; as a package, its modules are found from tests/, as is `cluster`.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from docs import links, references, site  # noqa: E402  (needs the path above)

COMMANDS = {"links": links.main, "references": references.main, "build": site.main}


def main(arguments: list[str]) -> int:
    command = COMMANDS.get(arguments[0]) if len(arguments) == 1 else None
    if command is None:
        print(f"Name one of: {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    return command()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
