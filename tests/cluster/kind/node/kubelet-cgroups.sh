#!/bin/sh
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The kubelet wants its cgroups (kind sets cgroupRoot: /kubelet) in every hierarchy, also in those that systemd does not
# manage. A new cpuset has neither processors nor memory until somebody gives it some.
set -eu

for hierarchy in /sys/fs/cgroup/*/; do
    for group in kubelet kubelet.slice; do
        mkdir -p "$hierarchy$group" 2>/dev/null || continue
        for file in cpuset.cpus cpuset.mems; do
            [ ! -e "$hierarchy$group/$file" ] || cat "$hierarchy$file" >"$hierarchy$group/$file"
        done
    done
done
