#!/bin/sh
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Builds the collection and installs it, as its users do, into DIRECTORY/collections.
# Usage: install.sh PROJECT DIRECTORY
set -eu
project=$1
directory=$2

export ANSIBLE_COLLECTIONS_PATH="$directory/collections"
rm -rf "$directory/archive" "$ANSIBLE_COLLECTIONS_PATH"
ansible-galaxy collection build --output-path "$directory/archive" "$project"
ansible-galaxy collection install --offline --no-deps --collections-path "$ANSIBLE_COLLECTIONS_PATH" \
    "$directory"/archive/*.tar.gz
