# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
#
# Which emulator makes a row's machine, and how it is started. Read by `run`, whose variables and rows
# it uses.

emulator() {
	echo "${LIBIOMMU_LAB_QEMU:-qemu-system-}${1/arm64/aarch64}"
}

version_of() {
	"$1" --version | sed -nE '1s/.*version ([0-9]+\.[0-9]+(\.[0-9]+)?).*/\1/p'
}

# Prints why an emulator cannot make a row's hardware; needs='DEVICE PROPERTY'.
lacking() {
	local row=$1 qemu=$2 device property
	read -r device property <<<"$(get "$row" needs)"
	[[ -n $property ]] || return 0
	command -v "$qemu" >/dev/null || return 0
	# A device that no machine has is asked for its help: nothing is started.
	grep -qE "^ *$property=" < <("$qemu" -device "$device,help" 2>/dev/null) && return 0
	echo "QEMU $(version_of "$qemu") has no $property"
}

needs_newer() {
	[[ -n $(lacking "$1" "$(emulator "$(get "$1" arch)")") ]]
}

# The newest emulator that was fetched for an architecture.
fetched_qemu() {
	local name=qemu-system-${1/arm64/aarch64} found
	[[ -z ${LIBIOMMU_LAB_QEMU:-} ]] || return 1
	found=$(find "$cache/qemu" -maxdepth 3 -path "*/bin/$name" 2>/dev/null | sort -V | tail -n 1)
	[[ -n $found ]] && echo "$found"
}

# Prints the emulator for a row, or why there is none.
choose_qemu() {
	local row=$1 arch installed lacks fetched
	arch=$(get "$row" arch)
	installed=$(emulator "$arch")
	lacks=$(lacking "$row" "$installed")
	if [[ -z $lacks ]]; then
		echo "$installed"
	elif fetched=$(fetched_qemu "$arch") && [[ -z $(lacking "$row" "$fetched") ]]; then
		echo "$fetched"
	else
		echo "$lacks"
		return 1
	fi
}

# The emulators of the distribution's backports, unpacked in the cache beside the installed ones, with
# the libraries that are not installed. Tried once, and not again when there are some already.
fetch_qemu() {
	local suite tmp options
	[[ -z ${LIBIOMMU_LAB_QEMU:-} && ! -e $work/qemu-tried ]] || return
	: >"$work/qemu-tried"
	! fetched_qemu x86_64 >/dev/null || return 0
	suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)-backports
	tmp=$(mktemp -d "$work/fetch-XXXXXX")
	echo "fetching a newer QEMU from $suite"
	mapfile -t options < <(make_apt "$tmp/apt" "$(dpkg --print-architecture)" "$suite")
	# What is installed is not fetched again; it is looked at and left as it is.
	options+=(-o Dir::State::status=/var/lib/dpkg/status -o Debug::NoLocking=1)
	if ! apt-get "${options[@]}" update >"$tmp/log" 2>&1 ||
		! apt-get "${options[@]}" -y -t "$suite" --no-install-recommends --download-only install \
			qemu-system-x86 qemu-system-arm >>"$tmp/log" 2>&1 ||
		! unpack_qemu "$tmp" >>"$tmp/log" 2>&1; then
		tail -n 3 "$tmp/log" >&2
		echo "no newer QEMU can be had from $suite"
		return 1
	fi
}

unpack_qemu() {
	local tmp=$1 package libs dir name
	mkdir -p "$tmp/tree/bin" "$cache/qemu"
	for package in "$tmp"/apt/cache/archives/*.deb; do
		dpkg -x "$package" "$tmp/tree" || return
	done
	libs=$(find "$tmp/tree/usr/lib" -mindepth 2 -maxdepth 2 -type d -name qemu -printf '%h\n' -quit)
	[[ -n $libs ]] || return
	libs=${libs#"$tmp/tree"}
	for name in x86_64 aarch64; do
		cat >"$tmp/tree/bin/qemu-system-$name" <<-EOT
		#!/bin/sh
		tree=\$(dirname "\$(dirname "\$0")")
		export LD_LIBRARY_PATH="\$tree$libs" QEMU_MODULE_DIR="\$tree$libs/qemu"
		exec "\$tree/usr/bin/qemu-system-$name" \\
			-L "\$tree/usr/share/qemu" -L "\$tree/usr/share/seabios" "\$@"
		EOT
		chmod +x "$tmp/tree/bin/qemu-system-$name"
	done
	dir=$cache/qemu/$(version_of "$tmp/tree/bin/qemu-system-x86_64") || return
	[[ -n ${dir##*/} ]] && { mv -T "$tmp/tree" "$dir" || [[ -d $dir ]]; }
}

# An empty image for each NAME=SIZE of drives: QEMU gets it as the drive NAME.
make_drives() {
	local row=$1 dir=$2 drive
	for drive in $(get "$row" drives); do
		truncate -s "${drive#*=}" "$dir/${drive%%=*}.img"
	done
}

start_qemu() {
	local dir=$1 kernel=$2 arch console options extra drive
	arch=$(get "$row" arch)
	case $arch in
	# On a busy host the emulated timer can be too late for the kernel, which then panics.
	x86_64) console='ttyS0 no_timer_check' ;;
	arm64) console=ttyAMA0 ;;
	esac
	command -v "$qemu" >/dev/null || { say "FAILED: $qemu is missing"; return 1; }
	for drive in $(get "$row" drives); do
		drive=${drive%%=*}
		extra+=" -drive id=$drive,file=$dir/$drive.img,format=raw,if=none,cache=unsafe"
	done
	extra+=" $("witness_trace_$(get "$row" witness)") $(get "$row" iommu) $(get_devices "$row" qemu)"
	read -ra options <<<"$extra"
	# Counted: the guest's time is what it executes, 8 ns each, and jumps while it waits.
	local accel=(-accel 'tcg,thread=single' -icount 'shift=3,sleep=off')
	[[ $(get "$row" clock) != real ]] || accel=(-accel 'tcg,thread=multi')
	mkfifo "$dir/answers" "$dir/qmp.in" "$dir/qmp.out"
	# shellcheck disable=SC2054 # these commas are QEMU's
	options=("$qemu" -machine "$(get "$row" machine)" "${accel[@]}" -cpu "$(cpu_of "$arch")"
		-m 3G -smp "$(get "$row" processors | grep . || echo 2)" -nodefaults -display none -no-reboot
		-chardev stdio,id=console,signal=off -serial chardev:console
		-chardev "pipe,id=qmp,path=$dir/qmp" -mon chardev=qmp,mode=control
		-kernel "$kernel" -initrd "$dir/initramfs"
		-append "console=$console panic=-1 quiet loglevel=3 mitigations=off $(get "$row" append)"
		"${options[@]}")
	# Even if this script is killed the hard way, QEMU shall not stay behind.
	command -v setpriv >/dev/null && options=(setpriv --pdeathsig KILL "${options[@]}")
	echo "${options[*]}" >"$dir/command"
	exec {answer_fd}<>"$dir/answers" {qmp_in}<>"$dir/qmp.in" {qmp_out}<>"$dir/qmp.out"
	exec {console_fd}< <(exec "${options[@]}" <"$dir/answers" 2>"$dir/qemu.log")
	qemu_pid=$!
}

# Processor time of QEMU as long as it runs: what does not depend on what else the host does.
qemu_seconds() {
	local stat ticks
	stat=$(cat "/proc/$qemu_pid/stat" 2>/dev/null) || return 0
	read -ra stat <<<"${stat##*) }"
	ticks=$(getconf CLK_TCK)
	busy_seconds=$(((stat[11] + stat[12]) / ticks))
}

# With fast string instructions the kernel clears and copies byte by byte, which costs an emulator most.
cpu_of() {
	case $1 in
	x86_64) echo max,erms=off,fsrm=off ;;
	*) echo max ;;
	esac
}
