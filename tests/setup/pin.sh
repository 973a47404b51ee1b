#!/bin/sh
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes requirements-dev.txt anew: the newest versions that requirements-dev.in allows, with the hashes of all their files,
# so that one file serves every Python version and platform.
set -eu
cd "$(dirname "$0")/../.."
python=$(tests/setup/find-python.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip --disable-pip-version-check install --quiet pip-tools==7.6.2
"$work/venv/bin/python" -m piptools compile --quiet --upgrade --generate-hashes --strip-extras --no-header \
    --no-emit-index-url --no-emit-find-links --output-file "$work/requirements-dev.txt" requirements-dev.in
{
    echo "# Made from requirements-dev.in by 'make requirements'; do not edit."
    cat "$work/requirements-dev.txt"
} >requirements-dev.txt
