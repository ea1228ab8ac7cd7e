#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
# Step nvme-kernel: without libiommu, a controller goes from the kernel's driver to VFIO and back, and
# the host agrees on what is on the disks.
# shellcheck disable=SC1091,SC2154 # what only the guest has
. /lab/machine
. /lab/bin/guest.sh

MIB=1048576

sum_of() {
	sha256sum | cut -d ' ' -f 1
}

has_namespace() {
	namespace "$1" >/dev/null
}

# What the host wrote to the image is what the kernel reads.
reads_the_hosts_bytes() {
	local drive=$1 node=$2 host
	host=$(ask-host fill "$drive" 0 $MIB) || return
	[ "$(dd if="$node" bs=64k count=16 iflag=direct 2>/dev/null | sum_of)" = "$host" ]
}

# And the other way round.
the_host_reads_ours() {
	local drive=$1 node=$2 ours host
	head -c $MIB /dev/urandom >/tmp/bytes
	ours=$(sum_of </tmp/bytes)
	dd if=/tmp/bytes of="$node" bs=64k seek=32 oflag=direct 2>/dev/null || return
	host=$(ask-host sum "$drive" $((2 * MIB)) $MIB) || return
	[ "$host" = "$ours" ]
}

block_size_is() {
	[ "$(cat "/sys/block/${1##*/}/queue/logical_block_size")" = "$2" ]
}

# controller NAME BDF DRIVE BLOCK-SIZE
controller() {
	local name=$1 bdf=$2 drive=$3 size=$4 node
	check "$name: the kernel drives it" bind "$bdf" nvme
	check "$name: it has a namespace" wait_until 20 has_namespace "$bdf"
	node=$(namespace "$bdf")
	check "$name: blocks of $size" block_size_is "$node" "$size"
	check "$name: the kernel reads the host's bytes" reads_the_hosts_bytes "$drive" "$node"
	check "$name: the host reads the kernel's bytes" the_host_reads_ours "$drive" "$node"
	check "$name: bound to vfio-pci" bind "$bdf" vfio-pci
	check "$name: bound to the kernel's driver again" bind "$bdf" nvme
	check "$name: its namespace comes back" wait_until 20 has_namespace "$bdf"
	node=$(namespace "$bdf")
	check "$name: it still works" reads_the_hosts_bytes "$drive" "$node"
}

vfs_exist() {
	local vf
	for vf in $virtual; do
		[ -d "/sys/bus/pci/devices/$vf" ] || return
	done
}

groups_differ() {
	local bdf
	# shellcheck disable=SC2086
	for bdf in "$@"; do
		readlink "/sys/bus/pci/devices/$bdf/iommu_group"
	done | sort | uniq -d | grep -q . && return 1
	return 0
}

functions() {
	local vf
	if [ ! -e "/sys/bus/pci/devices/$physical/sriov_numvfs" ]; then
		skip "functions: this kernel knows no virtual functions"
		return
	fi
	echo 2 >"/sys/bus/pci/devices/$physical/sriov_numvfs"
	check "functions: there are two" wait_until 5 vfs_exist
	# shellcheck disable=SC2086
	check "functions: each has a group of its own" groups_differ "$physical" $virtual
	for vf in $virtual; do
		check "functions: $vf bound to vfio-pci" bind "$vf" vfio-pci
	done
}

is_gone() {
	[ ! -e "/sys/bus/pci/devices/$1" ]
}

hot_unplug() {
	check "removal: bound to vfio-pci" bind "$removable" vfio-pci
	check "removal: QEMU takes the request" ask-host unplug removable
	check "removal: the kernel let it go" wait_until 30 is_gone "$removable"
	check "removal: QEMU has removed it" ask-host unplugged removable
	check "removal: another one is plugged in" \
		ask-host plug nvme,id=removable,serial=again,bus=rp2,drive=removable
	check "removal: the kernel finds it" wait_until 30 has_namespace "$removable"
	check "removal: and it works" reads_the_hosts_bytes removable "$(namespace "$removable")"
}

controller plain "$plain" plain 512
controller 'blocks of 4 KiB' "$large_blocks" large 4096
functions
hot_unplug
finish
