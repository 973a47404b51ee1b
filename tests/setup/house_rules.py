# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for our own files that linters do not check: a licence header, small files, functions and packages."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_PACKAGE_FILES = 14
PACKAGES = ("plugins/module_utils", "plugins/plugin_utils")
HEADER = """\
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""


def scripts() -> list[Path]:
    """Our Python and shell files that are or would be committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py", "*.sh", ".ci/run"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


def functions(text: str) -> Iterator[tuple[str, int, int]]:
    """Name, first line and number of lines of each function."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def documentation_lines(text: str) -> int:
    """Number of lines of a module's EXAMPLES and RETURN, which Ansible requires in its file."""
    return sum(
        (node.end_lineno or node.lineno) - node.lineno
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id in ("EXAMPLES", "RETURN") for target in node.targets)
    )


def complaints(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    where = path.relative_to(ROOT)
    first, _newline, rest = text.partition("\n")
    if not (rest if first.startswith("#!") else text).startswith(HEADER):
        yield f"{where}:1: does not begin with the licence header that the other files have."
    count = text.count("\n") - (documentation_lines(text) if path.suffix == ".py" else 0)
    if count > MAX_FILE_LINES:
        yield f"{where}: has {count} lines; split it, {MAX_FILE_LINES} are the most."
    if path.suffix == ".py":
        for name, line, length in functions(text):
            if length > MAX_FUNCTION_LINES:
                yield f"{where}:{line}: {name}() has {length} lines; split it, {MAX_FUNCTION_LINES} are the most."


def package_complaints(paths: list[Path]) -> Iterator[str]:
    """A package with too many files holds more than one thing."""
    counts = Counter(path.parent.relative_to(ROOT) for path in paths if path.suffix == ".py")
    for package, count in sorted(counts.items()):
        if count > MAX_PACKAGE_FILES and any(package.is_relative_to(root) for root in PACKAGES):
            yield f"{package}: has {count} Python files; split it, {MAX_PACKAGE_FILES} are the most."


def main() -> int:
    paths = scripts()
    wrong = [complaint for path in paths for complaint in complaints(path)]
    wrong.extend(package_complaints(paths))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
