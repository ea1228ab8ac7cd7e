# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the entry scripts share: packages, building, counting. Sourced, with set -euo pipefail.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export build=${LIBIOMMU_BUILD:-$root/build}
install=1
jobs=$(nproc 2>/dev/null || echo 2)

say() {
	printf '%s: %s\n' "${0##*/}" "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# --- packages ----------------------------------------------------------------------------------

has_libc_headers() {
	echo '#include <stdlib.h>' | "${CC:-cc}" -E - >/dev/null 2>&1
}

has_cmake() {
	command -v cmake >/dev/null || return 1
	local version
	version=$(cmake --version | sed -nE '1s/.* ([0-9]+\.[0-9]+).*/\1/p')
	[[ $(printf '%s\n3.25\n' "$version" | sort -V | head -n 1) == 3.25 ]]
}

# Is what a package brings there, wherever it comes from?
has() {
	case $1 in
	gcc) command -v "${CC:-cc}" >/dev/null ;;
	libc6-dev) has_libc_headers ;;
	cmake) has_cmake ;;
	ninja-build) command -v ninja >/dev/null ;;
	pkg-config) command -v pkg-config >/dev/null ;;
	check) pkg-config --exists check 2>/dev/null ;;
	libnl-3-dev) pkg-config --exists libnl-3.0 2>/dev/null ;;
	g++ | clang | shellcheck | clang-format | cpio | gzip) command -v "$1" >/dev/null ;;
	binutils) command -v nm >/dev/null ;;
	qemu-system-x86) command -v qemu-system-x86_64 >/dev/null ;;
	busybox-static) command -v busybox >/dev/null ;;
	*) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q ' installed$' ;;
	esac
}

has_package_lists() {
	compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null
}

apt_install() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 install "$@"
}

# need_packages PACKAGE...: install those that are missing, or say how.
need_packages() {
	local package missing=() log
	for package; do
		has "$package" || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	local command="apt-get install -y --no-install-recommends ${missing[*]}"
	if ! command -v apt-get >/dev/null; then
		die "these Debian packages, or what they bring, are missing: ${missing[*]}"
	elif ((!install)); then
		die "missing: ${missing[*]}; install them with: $command"
	elif ((EUID)); then
		has_package_lists || command="apt-get update && sudo $command"
		die "missing: ${missing[*]}; install them with: sudo $command"
	fi
	say "installing ${missing[*]} (apt-get)"
	log=$(mktemp)
	has_package_lists || apt-get -qq update >"$log" 2>&1 || true
	if ! apt_install "${missing[@]}" >>"$log" 2>&1 &&
		! { apt-get -qq update >>"$log" 2>&1 && apt_install "${missing[@]}" >>"$log" 2>&1; }; then
		cat "$log" >&2
		rm -f "$log"
		die "could not install: ${missing[*]}"
	fi
	rm -f "$log"
}

# --- building ----------------------------------------------------------------------------------

# configure DIR [CMAKE-OPTION...]: quiet unless it fails; keeps the generator of an existing DIR.
configure() {
	local dir=$1 generator=()
	shift
	if [[ ! -e $dir/CMakeCache.txt ]] && command -v ninja >/dev/null; then
		generator=(-G Ninja)
	fi
	mkdir -p "$dir"
	if ! cmake -S "$root" -B "$dir" "${generator[@]}" "$@" >"$dir/configure.log" 2>&1; then
		cat "$dir/configure.log" >&2
		die "cmake failed; its output is in $dir/configure.log"
	fi
}

# --- counting ----------------------------------------------------------------------------------

passed=0 failed=0 skipped=0
run_with=()

# count_log LOG STATUS: adds what the last line of a program's output counts. A program that fails in any
# other way is one failure more.
count_log() {
	local p=0 f=0 s=0 line
	line=$(grep -v "^$" "$1" | tail -n 1) || true
	if [[ $line =~ ^[0-9]+\ passed,\ [0-9]+\ failed,\ [0-9]+\ skipped$ ]]; then
		IFS=", " read -r p _ f _ s _ <<<"$line"
		(($2 == 0 || f > 0)) || f=1
	else
		say "it ended without having counted: $1"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

print_counts() {
	echo "$passed passed, $failed failed, $skipped skipped"
}

# LeakSanitizer stops the process with ptrace, which containers may forbid.
check_leak_sanitizer() {
	local dir
	dir=$(mktemp -d)
	echo 'int main(void) { return 0; }' >"$dir/a.c"
	if "${CC:-cc}" -fsanitize=address -o "$dir/a" "$dir/a.c" 2>/dev/null && ! "$dir/a" 2>/dev/null; then
		say "LeakSanitizer cannot run here (no ptrace): leaks are not looked for"
		export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
	fi
	rm -rf "$dir"
}

# ThreadSanitizer needs its part of the address space; where the kernel spreads it too widely, programs
# run without randomisation. Sets run_with, which stands before ctest.
check_thread_sanitizer() {
	local dir
	dir=$(mktemp -d)
	echo 'int main(void) { return 0; }' >"$dir/a.c"
	if "${CC:-cc}" -fsanitize=thread -o "$dir/a" "$dir/a.c" 2>/dev/null && ! "$dir/a" 2>/dev/null; then
		say "ThreadSanitizer runs without address space randomisation here"
		run_with=(setarch -R)
	fi
	rm -rf "$dir"
}

# --- time --------------------------------------------------------------------------------------

laps=()
lap_start=$SECONDS

# lap NAME: says how long it took since the last lap, or the start.
lap() {
	laps+=("$1 $((SECONDS - lap_start)) s")
	say "${laps[-1]}"
	lap_start=$SECONDS
}

# All laps in one line, so that the next one sees where time goes.
print_laps() {
	local lap text=''
	for lap in "${laps[@]}"; do
		text+="${text:+, }$lap"
	done
	say "$text; together $SECONDS s"
}

# run_ctest DIR [CTEST-OPTION...]: progress, the output of what failed, and the counts.
run_ctest() {
	local dir=$1 log=$1/ctest.log p f s
	shift
	"${run_with[@]}" ctest --test-dir "$dir" --output-on-failure -j "$jobs" "$@" 2>&1 | tee "$log" |
		grep --line-buffered -vE '^(Internal ctest|Test project| *Start +[0-9]+:)' || true
	# "  3/40 Test  #3: unit.x ......   Passed    0.01 sec"
	p=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#.* Passed ' "$log" || true)
	s=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#.*\*\*\*(Skipped|Not Run \(Disabled\))' "$log" || true)
	f=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#' "$log" || true)
	f=$((f - p - s))
	if ((p + f + s == 0)); then
		say "ctest ran nothing, see $log"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}
