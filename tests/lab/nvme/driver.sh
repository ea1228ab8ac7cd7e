#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# Step nvme-driver BACKEND: examples/nvme drives controllers through libiommu; the kernel's own driver
# reads what it wrote, and the other way round.
# shellcheck disable=SC1091,SC2154 # what only the guest has
. /lab/machine
. /lab/bin/guest.sh

backend=$1
MIB=1048576

nvme() {
	local command=$1 bdf=$2
	shift 2
	/lab/bin/nvme "$command" --quiet --backend "$backend" --device "$bdf" "$@"
}

has_namespace() {
	namespace "$1" >/dev/null
}

# kernel_has BDF: bound to the kernel's driver, with its namespace.
kernel_has() {
	bind "$1" nvme && wait_until 30 has_namespace "$1"
}

shows() {
	nvme info "$1" >/tmp/info && cat /tmp/info && grep -q "$2" /tmp/info
}

# Sums, because comparing files byte by byte takes an emulated machine a minute.
sum_of() {
	md5sum | cut -d ' ' -f 1
}

# kernel_sum BDF MEBIBYTES, and ours_sum: of the first bytes, as each of them reads them.
kernel_sum() {
	dd if="$(namespace "$1")" bs=1M count="$2" iflag=direct 2>/dev/null | sum_of
}

ours_sum() {
	nvme read "$1" --bytes "$2M" | sum_of
}

# Two readers that both read nothing agree as well.
same() {
	if [ "$1" != "$2" ] || [ "$1" = "$(sum_of </dev/null)" ]; then
		echo "one reads $1, the other $2"
		return 1
	fi
}

# ours_is_theirs BDF MEBIBYTES: what we read now, the kernel reads afterwards.
ours_is_theirs() {
	local ours
	ours=$(ours_sum "$1" "$2") && kernel_has "$1" && same "$ours" "$(kernel_sum "$1" "$2")"
}

# theirs_is_ours BDF MEBIBYTES: what the kernel writes now, we read afterwards.
theirs_is_ours() {
	local theirs
	head -c $(($2 * MIB)) /dev/urandom >/tmp/theirs && theirs=$(sum_of </tmp/theirs) &&
		dd if=/tmp/theirs of="$(namespace "$1")" bs=1M oflag=direct 2>/dev/null &&
		bind "$1" vfio-pci && same "$theirs" "$(ours_sum "$1" "$2")"
}

# both_ways NAME BDF BLOCK-SIZE MEBIBYTES
both_ways() {
	local name=$1 bdf=$2 size=$3 mib=$4
	check "$name: bound to vfio-pci" bind "$bdf" vfio-pci
	check "$name: blocks of $size bytes" shows "$bdf" "blocks of $size bytes"
	check "$name: $mib MiB written and verified" nvme verify "$bdf" --bytes "${mib}M" --seed 42
	check "$name: still there when the program starts again, by polling" \
		nvme verify "$bdf" --poll --bytes 16M --seed 42 --no-write
	check "$name: the kernel reads the same" ours_is_theirs "$bdf" "$mib"
	check "$name: we read what the kernel writes" theirs_is_ours "$bdf" 8
	rm -f /tmp/theirs
}

# A file that is written and read back.
file_goes_through() {
	head -c 1000000 /dev/urandom >/tmp/in && nvme write "$1" --offset "$MIB" --pad --input /tmp/in &&
		nvme read "$1" --offset "$MIB" --bytes 1000000 --output /tmp/out && cmp /tmp/in /tmp/out
}

measures() {
	nvme bench "$plain" --seconds 2 --read-percent 50 "$@" >/tmp/bench && cat /tmp/bench &&
		grep -q 'p99.9' /tmp/bench && grep -q "$wanted" /tmp/bench
}

vfs_exist() {
	local vf
	for vf in $virtual; do
		[ -d "/sys/bus/pci/devices/$vf" ] || return
	done
}

# The functions get their queues from the physical one, which the kernel drives.
switch_functions_on() {
	local dev=/sys/bus/pci/devices/$physical node
	kernel_has "$physical" || return
	[ "$(cat "$dev/sriov_numvfs")" = 0 ] || echo 0 >"$dev/sriov_numvfs"
	node=/dev/$(basename "$dev"/nvme/nvme*)
	/lab/bin/lab-nvme-functions "$node" --take-back &&
		echo 1 >"/sys/class/nvme/${node#/dev/}/reset_controller" &&
		wait_until 30 has_namespace "$physical" &&
		echo 0 >"$dev/sriov_drivers_autoprobe" && echo 2 >"$dev/sriov_numvfs" &&
		wait_until 5 vfs_exist && /lab/bin/lab-nvme-functions "$node" 1 2
}

# What a function wrote, the kernel reads by way of the physical one.
function_writes() {
	nvme verify "$1" --bytes 8M --seed 7 &&
		same "$(ours_sum "$1" 8)" "$(kernel_sum "$physical" 8)"
}

functions() {
	local vf
	if [ ! -e "/sys/bus/pci/devices/$physical/sriov_numvfs" ]; then
		skip "functions: this kernel knows no virtual functions"
		return
	fi
	check "functions: two with queues of their own" switch_functions_on
	for vf in $virtual; do
		check "functions: $vf bound to vfio-pci" bind "$vf" vfio-pci
		check "functions: $vf writes what the kernel reads" function_writes "$vf"
	done
	echo 0 >"/sys/bus/pci/devices/$physical/sriov_numvfs"
}

is_gone() {
	[ ! -e "/sys/bus/pci/devices/$1" ]
}

# In the middle of I/O: the program is told, says so, and ends in order with status 4.
unplugged_at_work() {
	local pid status=0
	nvme bench "$removable" --seconds 100 --read-percent 50 >/tmp/bench 2>&1 &
	pid=$!
	sleep 3
	ask-host unplug removable || return
	wait $pid || status=$?
	cat /tmp/bench
	[ $status = 4 ] && grep -q "nvme: the machine's owner wants the device back" /tmp/bench
}

byte_of() {
	dd if="/sys/bus/pci/devices/$1/config" bs=1 skip="$2" count=1 2>/dev/null |
		hexdump -v -e '1/1 "%u"'
}

# Where the registers of a port's slot begin.
express_capability() {
	local at
	at=$(byte_of "$1" 52)
	while [ "$at" != 0 ]; do
		[ "$(byte_of "$1" "$at")" != 16 ] || { echo "$at"; return; }
		at=$(byte_of "$1" $((at + 1)))
	done
	return 1
}

# slot_power BDF off|on: of the slot with this device. The kernel is not told.
slot_power() {
	local port at byte='\001'
	[ "$2" = on ] || byte='\007'
	port=$(basename "$(dirname "$(readlink -f "/sys/bus/pci/devices/$1")")")
	at=$(express_capability "$port") || return
	# shellcheck disable=SC2059 # the byte is an escape
	printf "$byte" | dd of="/sys/bus/pci/devices/$port/config" bs=1 seek=$((at + 25)) \
		conv=notrunc 2>/dev/null
}

# The same without a word before: the registers are not there any more, what was under way fails, and
# the program ends in order. The kernel is told not to reset the device when it is closed, because it waits
# a minute for one that does not answer.
cut_off_at_work() {
	local pid status=0
	echo >"/sys/bus/pci/devices/$removable/reset_method" || return
	nvme bench "$removable" --seconds 100 --read-percent 50 --timeout 5000 >/tmp/bench 2>&1 &
	pid=$!
	sleep 3
	slot_power "$removable" off || return
	wait $pid || status=$?
	cat /tmp/bench
	[ $status = 1 ] || [ $status = 4 ] || return
	grep -qE "^nvme: .*(the device is gone|not ready any more)" /tmp/bench
}

found_again() {
	slot_power "$1" on && echo 1 >"/sys/bus/pci/devices/$1/remove" && echo 1 >/sys/bus/pci/rescan &&
		wait_until 30 kernel_has "$1"
}

no_harm() {
	! dmesg | grep -E 'DMAR:.*[Ff]ault|event: F_|hung task|BUG:|Oops|WARNING:'
}

hot_removal() {
	check "removal: bound to vfio-pci" bind "$removable" vfio-pci
	check "removal: in the middle of I/O the program ends in order" unplugged_at_work
	check "removal: the kernel let it go" wait_until 30 is_gone "$removable"
	check "removal: QEMU has removed it" ask-host unplugged removable
	check "removal: nothing else has happened" no_harm
	check "removal: another one is plugged in" \
		ask-host plug nvme,id=removable,serial=removable,bus=rp2,drive=removable
	check "removal: the kernel finds it" wait_until 30 kernel_has "$removable"
	check "removal: bound to vfio-pci again" bind "$removable" vfio-pci
	check "removal: and it works" nvme verify "$removable" --bytes 4M
	check "power cut: in the middle of I/O the program ends in order" cut_off_at_work
	check "power cut: nothing else has happened" no_harm
	check "power cut: with power the kernel finds it again" found_again "$removable"
	check "power cut: bound to vfio-pci again" bind "$removable" vfio-pci
	check "power cut: and it works" nvme verify "$removable" --bytes 4M
}

# Where errors lead: exit statuses, reasons and hints.
refuses() {
	local status=0
	"$@" >/tmp/refusal 2>&1 || status=$?
	cat /tmp/refusal
	[ $status = "$wanted" ] && grep -q "$pattern" /tmp/refusal
}

both_ways plain "$plain" 512 64
check "plain: bound to vfio-pci" bind "$plain" vfio-pci
check "plain: a file" file_goes_through "$plain"
wanted=MSI-X
check "plain: bench by interrupts" measures
wanted=polling
check "plain: bench by polling" measures --poll --queue-depth 4
wanted=3 pattern='blocks differ'
check "plain: other data is seen" refuses nvme verify "$plain" --bytes 1M --seed 43 --no-write
both_ways 'blocks of 4 KiB' "$large_blocks" 4096 16
check "blocks of 4 KiB: back with the kernel" kernel_has "$large_blocks"
wanted=1 pattern='vfio-pci'
check "a device that the kernel has is refused with a hint" refuses nvme info "$large_blocks"
functions
hot_removal
finish
