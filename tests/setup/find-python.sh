#!/bin/sh
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints the path of a Python that is new enough for the tests: GATEHOUSE_PYTHON if set, else what PATH has, else pyenv's.
set -eu

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' </dev/null >/dev/null 2>&1
}

if [ -n "${GATEHOUSE_PYTHON:-}" ]; then
    if new_enough "$GATEHOUSE_PYTHON"; then
        printf '%s\n' "$GATEHOUSE_PYTHON"
        exit 0
    fi
    echo "GATEHOUSE_PYTHON is $GATEHOUSE_PYTHON, which does not run or is older than Python 3.12." >&2
    exit 1
fi

# Every candidate is run: pyenv puts shims on PATH for versions that are installed but not selected, and those only fail.
for name in python3.14 python3.13 python3.12 python3; do
    IFS=:
    for directory in $PATH; do
        if [ -x "$directory/$name" ] && new_enough "$directory/$name"; then
            printf '%s\n' "$directory/$name"
            exit 0
        fi
    done
    unset IFS
done
for version in 3.14 3.13 3.12; do
    for candidate in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python3; do
        if [ -x "$candidate" ] && new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            exit 0
        fi
    done
done

echo "No Python 3.12 or newer was found on PATH or among pyenv's versions:" \
    "install one (for example 'apt-get install python3 python3-venv' on Debian 13 or Ubuntu 24.04, or 'pyenv install 3.13')," \
    "or name it: GATEHOUSE_PYTHON=/path/to/python3 make setup" >&2
exit 1
