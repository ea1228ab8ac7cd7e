#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
# Step hotplug-udev: starts udev with one rule, then the program. A rule's programs run before udev speaks.
# shellcheck shell=dash
mkdir -p /run/udev/rules.d
cat >/run/udev/rules.d/10-lab.rules <<'EOF'
SUBSYSTEM=="pci", RUN+="/bin/touch /run/seen-$env{ACTION}-$kernel"
EOF
ln -sf udevadm /lab/bin/systemd-udevd
/lab/bin/systemd-udevd --daemon
/lab/bin/udevadm control --ping
exec /lab/bin/lab-hotplug-udev "$@"
