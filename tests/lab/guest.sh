# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
#
# What scripts in the guest share: counting like the programs do, devices and their drivers.
# A step's script reads it as /lab/bin/guest.sh, and the machine's devices as /lab/machine.

passed=0 failed=0 skipped=0

# check NAME COMMAND...: one more case.
check() {
	local name=$1
	shift
	if "$@" >/tmp/check 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok: $name"
		sed 's/^/    /' /tmp/check
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "skip $*"
}

# The last line of a script.
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
}

driver_of() {
	local link
	link=$(readlink "/sys/bus/pci/devices/$1/driver") && basename "$link"
}

# bind BDF DRIVER: away from any other one.
bind() {
	local dev=/sys/bus/pci/devices/$1
	[ -d "$dev" ] || return 1
	[ "$(driver_of "$1")" != "$2" ] || return 0
	[ ! -e "$dev/driver" ] || echo "$1" >"$dev/driver/unbind"
	echo "$2" >"$dev/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
	[ "$(driver_of "$1")" = "$2" ]
}

# wait_until SECONDS COMMAND...
wait_until() {
	local left=$(($1 * 10))
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		usleep 100000
	done
}

# namespace BDF: the block device of the first namespace of a controller that the kernel drives. One that
# others could share belongs to the subsystem, and to the controller only as a path.
namespace() {
	local path name
	for path in /sys/bus/pci/devices/"$1"/nvme/nvme*; do
		name=${path##*/}
		if [ -e "$path/${name}n1/size" ] ||
			[ -e "/sys/class/nvme-subsystem/nvme-subsys${name#nvme}/${name}n1/size" ]; then
			echo "/dev/${name}n1"
			return
		fi
	done
	return 1
}
