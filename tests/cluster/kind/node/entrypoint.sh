#!/bin/sh
# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The first program of a node: makes of a container what systemd and the kubelet expect of a machine.
set -eu

mount -o remount,ro /sys   # else systemd would start udev and manage the host's devices
mount --make-rshared /     # the kubelet's mounts must reach the pods

rm -f /etc/machine-id
systemd-machine-id-setup >/dev/null

# Docker's resolver, at an address of this container's loopback, is out of the pods' reach: with it CoreDNS would ask
# itself, and end. The bridge's address answers nobody here, but it is no loop.
gateway=$(ip -4 route show default | sed 's/.* via \([0-9.]*\) .*/\1/')
sed "s/127\.0\.0\.11/$gateway/" /etc/resolv.conf >/kind/resolv.conf

exec "$@"
