# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What `run` and `build-kernel` share: where things are, and how to find a kernel.

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$lab/../.." && pwd)
cache=${LIBIOMMU_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libiommu-lab}
export lab root cache

# Debian's suites after the one that this machine may have.
later_suites=(trixie trixie-backports testing unstable)

die() {
	echo "${0##*/}: $*" >&2
	exit 2
}

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || die "$tool is missing; see tests/lab/packages*"
	done
}

# This machine, in the words of rows.bash.
host_arch() {
	uname -m | sed s/aarch64/arm64/
}

# Where the machine gets Debian from: "URI SUITE" of each of its sources but security.
configured_sources() {
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		sed -nE 's/^Debian ([^ ]+) ([^ ]+)$/\1 \2/p' | grep -v -e security | sort -u
}

# make_apt FOLDER ARCHITECTURE SUITE...: prints apt's options for the archive that the machine uses,
# with these suites too, and nothing of the machine's own state.
make_apt() {
	local dir=$1 arch=$2 keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	local uri suite signed='' found
	shift 2
	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	[[ ! -e $keyring ]] || signed="[signed-by=$keyring] "
	found=$(configured_sources)
	[[ -n $found ]] || die 'apt knows no Debian archive here'
	uri=${found%% *}
	for suite in $(cut -d ' ' -f 2 <<<"$found") "$@"; do
		echo "deb $signed$uri $suite main"
	done | sort -u >"$dir/sources.list"
	printf '%s\n' -q -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o "Dir::State=$dir/state" -o "Dir::State::status=$dir/status" -o "Dir::Cache=$dir/cache" \
		-o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o APT::Sandbox::User=root
}

image_name() {
	case $1 in
	x86_64) echo "bzImage-$2-x86_64" ;;
	arm64) echo "Image.gz-$2-arm64" ;;
	*) die "no such architecture: $1" ;;
	esac
}

# find_lab_kernel ARCH [OPTION]: the newest image for an architecture: from the folder the user names,
# from beside the repository, or one that build-kernel made. With an OPTION (CONFIG_...=y) one whose
# configuration, which build-kernel puts beside it, has that.
find_lab_kernel() {
	local arch=$1 option=${2:-} dir pattern found
	pattern=$(image_name "$arch" '*')
	for dir in "${LIBIOMMU_LAB_KERNELS:-}" "$root/../shared/lab" "$cache/kernels"; do
		[[ -n $dir && -d $dir ]] || continue
		found=$(find "$dir" -maxdepth 1 -name "$pattern" | sort -V)
		[[ -z $option ]] || found=$(with_option "$option" <<<"$found")
		found=$(tail -n 1 <<<"$found")
		if [[ -n $found ]]; then
			echo "$found"
			return
		fi
		[[ $dir == "${LIBIOMMU_LAB_KERNELS:-}" && -z $option ]] && break
	done
	echo "no kernel $pattern${option:+ is known to have $option}:" \
		"set LIBIOMMU_LAB_KERNELS, or run tests/lab/build-kernel $arch" >&2
	return 1
}

# Those of the images on standard input that have an option.
with_option() {
	local image
	while read -r image; do
		grep -qsx "$1" "$image.config" && echo "$image"
	done
	return 0
}

# The distribution's kernel for clouds: prints "IMAGE MODULES-FOLDER".
find_debian_kernel() {
	local package dir work
	package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -nE 's/^ *Depends: *(linux-image-[0-9].*)/\1/p' | head -n 1) || true
	if [[ -n $package && ! -d $cache/debian/$package ]]; then
		mkdir -p "$cache/debian"
		work=$(mktemp -d "$cache/debian/.new-XXXXXX")
		echo "fetching $package" >&2
		if (cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$package" >&2 &&
			dpkg -x ./*.deb tree && rm ./*.deb) &&
			[[ -d $work/tree/boot ]]; then
			mv -T "$work/tree" "$cache/debian/$package" || true
		fi
		rm -rf "$work"
	fi
	# Without an archive the newest one of an earlier run is as good.
	dir=$cache/debian/$package
	[[ -n $package && -d $dir ]] ||
		dir=$(find "$cache/debian" -maxdepth 1 -name 'linux-image-*' 2>/dev/null |
			sort -V | tail -n 1)
	if [[ -z $dir ]]; then
		echo "linux-image-cloud-amd64 cannot be had (has apt-get update been run?)" >&2
		return 1
	fi
	echo "$(echo "$dir"/boot/vmlinuz-*) $(echo "$dir"/lib/modules/*)"
}

# fetch_debian_kernel SERIES: the newest of Debian's kernels for clouds of a series, from later suites than
# the machine's, unpacked in the cache. One that is there already is good enough.
fetch_debian_kernel() {
	local series=$1 tmp options version
	! debian_kernel "$series" >/dev/null || return 0
	mkdir -p "$cache/debian"
	tmp=$(mktemp -d "$cache/debian/.new-XXXXXX")
	mapfile -t options < <(make_apt "$tmp/apt" "$(dpkg --print-architecture)" "${later_suites[@]}")
	echo "fetching Debian's Linux $series"
	apt-get "${options[@]}" update >"$tmp/log" 2>&1 || true
	version=$(apt-cache "${options[@]}" search --names-only "^linux-binary-$series\\..*-cloud-amd64\$" |
		sed -nE 's/^linux-binary-([^ ]+) .*/\1/p' | sort -V | tail -n 1)
	if [[ -n $version ]] && (cd "$tmp" &&
		apt-get "${options[@]}" download "linux-binary-$version" "linux-modules-$version" &&
		for package in ./*.deb; do dpkg -x "$package" tree || exit; done) >>"$tmp/log" 2>&1; then
		mv -T "$tmp/tree" "$cache/debian/linux-$version" || true
	fi
	rm -rf "$tmp"
	debian_kernel "$series" >/dev/null
}

# debian_kernel SERIES: prints "IMAGE MODULES-FOLDER" of one that was fetched.
debian_kernel() {
	local image
	image=$(find "$cache/debian" -path "*/linux-$1.*/usr/lib/modules/*/vmlinuz" 2>/dev/null |
		sort -V | tail -n 1)
	[[ -n $image ]] && echo "$image ${image%/*}"
}
