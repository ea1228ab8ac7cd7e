# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# What the guest of a row is given: the programs, their arguments, and an initramfs with both. Read by
# `run`, whose variables and rows it uses.

# Programs for another architecture are in a folder beside the build, linked statically.
program_of() {
	local arch=$1 step=$2 dir
	dir=$(programs_of "$arch")
	case $step in
	probe) echo "$dir/tests/lab/lab-probe" ;;
	refusal | together) echo "$dir/tests/lab/lab-$step" ;;
	conformance | sweep | dma) echo "$dir/tests/$step" ;;
	demo) echo "$dir/examples/demo-program" ;;
	sandbox) echo "$dir/tests/sandbox/sandbox" ;;
	selftest) echo "$dir/tests/selftest/lab-selftest" ;;
	*)
		[[ -z $(step_says "$step" script) ]] || echo "$lab/$(step_says "$step" script)"
		[[ -z $(step_says "$step" program) ]] || echo "$dir/$(step_says "$step" program)"
		;;
	esac
}

# step_says STEP KEY: from the table of the runs' steps.
step_says() {
	value_of "$2" "${step_table[$1]:-}"
}

# The folder of the programs for a row's guest.
programs_of() {
	[[ $1 == "$(host_arch)" ]] && echo "$build" || echo "$build-$1"
}

# The programs of the runs' steps that the build of another architecture has to make.
step_targets() {
	local step program
	for step in "${!step_table[@]}"; do
		for program in $(step_says "$step" program) $(step_says "$step" programs); do
			echo "${program##*/}"
		done
	done
}

# The build for another architecture than this machine's: static, with check's library from a folder
# of its own, so that nothing has to be installed for that architecture. No package with a shared
# library is fetched: one that is found would be taken.
cross_build() {
	local arch=$1 dir=$build-$1 lock backends target
	backends=$(sed -n 's/^LIBIOMMU_BACKENDS:[A-Z]*=//p' "$build/CMakeCache.txt" 2>/dev/null || true)
	export LIBIOMMU_LAB_SYSROOT=$cache/$arch/sysroot
	mkdir -p "$dir" "${LIBIOMMU_LAB_SYSROOT%/*}"
	exec {lock}<"$dir"
	flock "$lock"
	[[ -d $LIBIOMMU_LAB_SYSROOT ]] ||
		fetch "$arch" "$LIBIOMMU_LAB_SYSROOT" '' check libsubunit-dev
	cmake -S "$root" -B "$dir" --toolchain "$lab/$arch.cmake" -DBUILD_SHARED_LIBS=OFF \
		${backends:+"-DLIBIOMMU_BACKENDS=$backends"} \
		-DLIBIOMMU_BUILD_TESTS=ON -DLIBIOMMU_BUILD_EXAMPLES=ON -DLIBIOMMU_INSTALL=OFF \
		>"$dir/build.log" 2>&1 || true
	cmake --build "$dir" --parallel "$(nproc)" --target conformance sweep dma demo-program \
		lab-probe lab-refusal lab-together sandbox >>"$dir/build.log" 2>&1 ||
		tail -n 20 "$dir/build.log" >&2
	# One by one: a program that is not there fails its step, and no other.
	for target in $(step_targets); do
		cmake --build "$dir" --parallel "$(nproc)" --target "$target" >>"$dir/build.log" 2>&1 ||
			tail -n 5 "$dir/build.log" >&2
	done
	exec {lock}<&-
}

# Everything but the probe is made by the build; the probe needs nothing but a compiler. Several guests
# may want it at once.
compile_probe() {
	local arch=$1 out=$work/$1/lab-probe cc
	read -ra cc <<<"${CC:-cc}"
	[[ $arch == "$(host_arch)" ]] || cc=("${arch/arm64/aarch64}-linux-gnu-gcc" -static)
	mkdir -p "${out%/*}"
	[[ -x $out ]] || { "${cc[@]}" -std=c11 -D_GNU_SOURCE -O1 -o "$out.$BASHPID" "$lab"/probe*.c &&
		mv "$out.$BASHPID" "$out"; }
	echo "$out"
}

each() {
	local option=$1 value
	shift
	for value; do
		echo -n " $option $value"
	done
}

# Arguments of a step's program.
arguments() {
	local row=$1 backend=$2 step=$3 alone members half unbound bound many parent cases
	read -ra alone <<<"$(get_devices "$row" alone)"
	read -ra members <<<"$(get_devices "$row" members)"
	read -ra half <<<"$(get_devices "$row" half_bound)"
	read -ra unbound <<<"$(get_devices "$row" unbound)"
	read -ra bound <<<"$(get_devices "$row" kernel_bound)"
	read -ra many <<<"$(get "$row" many)"
	read -ra parent <<<"$(get "$row" nest_parent)"
	read -ra cases <<<"$(get "$row" cases)"
	case $step in
	probe)
		each --alone "${alone[@]}"
		each --member "${members[@]}"
		each --half-bound "${half[@]}"
		each --unbound "${unbound[@]}"
		each --kernel-bound "${bound[@]}"
		each --nest-parent "${parent[@]}"
		;;
	conformance)
		echo -n " --backend $backend"
		each --device "${alone[@]:0:2}" "${members[@]}"
		each --half-bound "${half[@]}"
		each --kernel-bound "${bound[@]}"
		each --many "${many[@]}"
		each --case "${cases[@]}"
		;;
	sweep)
		echo -n " --backend $backend"
		each --device "${alone[@]:0:2}" "${members[@]}"
		shared_sweep "$(get "$row" sweep)"
		;;
	refusal)
		echo -n " --backend $backend --reason $(get "$row" refusal)"
		each --device "${alone[0]}"
		;;
	together)
		echo -n " --backend $backend"
		each --device "${alone[@]}"
		;;
	dma | demo | sandbox | selftest)
		echo -n " --backend $backend"
		each --device "${alone[0]}"
		;;
	*) fill_in "$row" "$backend" " $(step_says "$step" arguments)" ;;
	esac
}

# "K/N": every N-th failure, from the K-th on.
shared_sweep() {
	[[ -z $1 ]] || echo -n " --first ${1%/*} --every ${1#*/}"
}

# @backend@, and @KEY@ of a row or its devices, in the arguments of a run's step.
fill_in() {
	local row=$1 text=${3//@backend@/$2} key value
	while [[ $text =~ @([a-z_]+)@ ]]; do
		key=${BASH_REMATCH[1]}
		value=$(get "$row" "$key")$(get_devices "$row" "$key")
		text=${text//@$key@/$value}
	done
	echo -n "$text"
}

# Is a step one for this row?
applies() {
	local row=$1 alone
	case $2 in
	refusal) [[ -n $(get "$row" refusal) ]] ;;
	selftest) [[ $(get "$row" selftest) == "$3" ]] ;;
	together)
		read -ra alone <<<"$(get_devices "$row" alone)"
		((${#alone[@]} > 2))
		;;
	esac
}

# The steps of a row for a backend, or for the kernel alone, in order. The probe belongs to no backend of
# libiommu.
steps_of() {
	local row=$1 backend=$2
	if [[ -z $(get "$row" like) && $backend == kernel ]]; then
		[[ -n $(get "$row" probed_by) ]] || echo probe
	elif [[ -z $(get "$row" like) ]]; then
		echo "${steps[*]:1}"
	elif [[ $backend == kernel ]]; then
		get "$row" kernel_steps
	else
		get "$row" steps
	fi
}

# "BACKEND STEP" of a row's guest, in order. A guest whose name ends in "+beside" has the steps that the
# row has beside the others.
plan() {
	local row=$1 part=$2 backend step aside asked=no
	[[ $part != *+beside ]] || asked=yes
	part=${part%+beside}
	for backend in ${part//+/ }; do
		for step in $(steps_of "$row" "$backend"); do
			aside=no
			[[ " $(get "$row" beside) " != *" $step "* ]] || aside=yes
			[[ $aside == "$asked" ]] && wanted "$backend" "$step" &&
				applies "$row" "$step" "$backend" && echo "$backend $step"
		done
	done
	return 0
}

# add_file TREE FILE FOLDER: without what only a debugger reads, because the guest's kernel has to unpack
# it all.
add_file() {
	local to=$1/$3/${2##*/} strip=strip arch
	[[ ! -e $to ]] || return 0
	arch=$(get "$row" arch)
	[[ $arch == "$(host_arch)" ]] || strip=${arch/arm64/aarch64}-linux-gnu-strip
	mkdir -p "${to%/*}"
	"$strip" --strip-debug -o "$to" "$2" 2>/dev/null || cp -L "$2" "$to"
}

# add_program TREE PROGRAM FOLDER: with its shared libraries, which keep their paths.
add_program() {
	local tree=$1 program=$2 lib
	add_file "$tree" "$program" "$3"
	while read -r lib; do
		add_file "$tree" "$lib" "${lib%/*}"
	done < <(ldd "$program" 2>/dev/null | grep -oE '/[^ ]+' || true)
}

# add_modules TREE FOLDER NAME...: in this order.
add_modules() {
	local tree=$1 from=$2 name file
	shift 2
	for name in irqbypass vfio_virqfd vfio vfio_iommu_type1 vfio-pci-core vfio-pci "$@"; do
		# Some are built in, or part of another one, in other kernels.
		file=$(find "$from" -name "$name.ko*" | head -n 1)
		case $file in
		*.ko) cp "$file" "$tree/lab/modules.d/" ;;
		*.ko.xz) xz -dc "$file" >"$tree/lab/modules.d/$name.ko" ;;
		*.ko.zst) zstd -qdc "$file" >"$tree/lab/modules.d/$name.ko" ;;
		*) continue ;;
		esac
		echo "$name" >>"$tree/lab/modules"
	done
}

find_busybox() {
	local arch=$1 path
	if [[ $arch == "$(host_arch)" ]]; then
		path=$(command -v busybox || true)
	else
		path=$cache/$arch/busybox
		[[ -x $path ]] || fetch "$arch" "$path" bin/busybox busybox-static
	fi
	[[ -x $path ]] || die "no busybox for $arch"
	echo "$path"
}

# fetch ARCH TO WHAT PACKAGE...: Debian packages of another architecture, unpacked; WHAT of the tree
# they make goes to TO.
fetch() {
	local arch=$1 to=$2 what=$3 tmp options
	shift 3
	tmp=$(mktemp -d "$work/fetch-XXXXXX")
	mkdir -p "${to%/*}" "$tmp/tree"
	mapfile -t options < <(make_apt "$tmp/apt" "$arch")
	echo "fetching for $arch: $*" >&2
	(cd "$tmp" && apt-get "${options[@]}" update && apt-get "${options[@]}" download "$@" &&
		for package in ./*.deb; do dpkg -x "$package" tree || exit; done &&
		mv -T "tree/$what" "$to") >"$tmp/log" 2>&1 || { tail -n 5 "$tmp/log" >&2; return 1; }
}

# add_tool TREE ARCH PACKAGE:PATH: fetched once. Its libraries are this machine's.
add_tool() {
	local tree=$1 arch=$2 package=${3%%:*} path=${3#*:} file
	file=$cache/$arch/$package/$path
	[[ -x $file ]] || fetch "${arch/x86_64/amd64}" "$file" "$path" "$package" || return
	add_program "$tree" "$file" lab/bin
}

# What a run's step needs beside its program: further programs of the build, files of the lab. Prints
# those that are missing.
add_extras() {
	local tree=$1 step=$2 arch=$3 name
	for name in $(step_says "$step" programs); do
		name=$(programs_of "$arch")/$name
		[[ -x $name ]] && add_program "$tree" "$name" lab/bin || echo "$name"
	done
	for name in $(step_says "$step" tools); do
		add_tool "$tree" "$arch" "$name" || echo "$name"
	done
	for name in $(step_says "$step" files); do
		cp "$lab/$name" "$tree/lab/bin/" 2>/dev/null || echo "$lab/$name"
	done
}

# The machine, for scripts: KEY='VALUE' of its devices.
describe_machine() {
	local row=$1 set
	set=$(get "$row" devices)
	echo "row='$row'"
	echo "arch='$(get "$row" arch)'"
	sed -nE "/^qemu=/d; s/^([a-z_]+)=(.*)/\1='\2'/p" <<<"${device_sets[$set]}"
}

# A line for each, and none for none.
for_guest() {
	((!$#)) || printf '%s\n' "$@"
}

# Prints the steps whose program is missing.
# shellcheck disable=SC2046 # lists of addresses are meant to be split
make_initramfs() {
	local row=$1 dir=$2 modules=$3 tree=$2/tree backend step program arch missing seconds
	arch=$(get "$row" arch)
	mkdir -p "$tree/bin" "$tree/lab/bin" "$tree/lab/modules.d"
	add_program "$tree" "$(find_busybox "$arch")" bin
	cp "$lab/init" "$tree/init"
	cp "$lab/ask-host" "$tree/bin/"
	cp "$lab/guest.sh" "$tree/lab/bin/"
	describe_machine "$row" >"$tree/lab/machine"
	: >"$tree/lab/modules"
	[[ -z $modules ]] || add_modules "$tree" "$modules" $(get "$row" modules)
	for_guest $(get_devices "$row" alone) $(get_devices "$row" members) \
		$(get_devices "$row" half_bound) $(get_devices "$row" unbound) >"$tree/lab/bind"
	for_guest $(get_devices "$row" set) $(get "$row" set) >"$tree/lab/settings"
	get "$row" entries >"$tree/lab/entries"
	: >"$tree/lab/steps"
	while read -r backend step; do
		program=$(program_of "$arch" "$step")
		[[ $step != probe || ($only != probe && -x $program) ]] || program=$(compile_probe "$arch")
		if [[ ! -x $program ]]; then
			echo "$backend $step $program"
			continue
		fi
		add_program "$tree" "$program" lab/bin
		missing=$(add_extras "$tree" "$step" "$arch" | head -n 1)
		if [[ -n $missing ]]; then
			echo "$backend $step $missing"
			continue
		fi
		seconds=$(step_says "$step" seconds)
		echo "$backend $step ${seconds:-400} /lab/bin/${program##*/}$(arguments "$row" "$backend" "$step")" \
			>>"$tree/lab/steps"
	done < <(plan "$row" "$part")
	# As it is: to uncompress it takes an emulator longer than to copy it.
	(cd "$tree" && find . -print0 | cpio --null --quiet -o -H newc) >"$dir/initramfs"
}
