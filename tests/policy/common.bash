# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# For the policy scripts: the tree they look at is their first argument. Each prints one line per
# problem and ends with `finish`.

tree=$(cd "${1:?usage: ${0##*/} TREE}" && pwd)
cd "$tree" || exit 2
problems=0
# `... | problems_because` counts in this shell.
shopt -s lastpipe

problem() {
	printf '%s\n' "$*"
	problems=$((problems + 1))
}

# Turns lines "FILE:LINE:TEXT" on stdin into problems.
problems_because() {
	local line
	while IFS= read -r line; do
		problem "${line%%$'\r'}: $1"
	done
}

finish() {
	((problems == 0)) || echo "${0##*/}: $problems problems"
	exit $((problems > 0))
}

# files FOLDER... -- PATTERN...: the files below the folders that exist.
files() {
	local folders=() names=()
	while [[ $1 != -- ]]; do
		[[ -d $1 ]] && folders+=("$1")
		shift
	done
	shift
	((${#folders[@]})) || return 0
	for name; do
		names+=(-o -name "$name")
	done
	find "${folders[@]}" -type f \( "${names[@]:1}" \) | LC_ALL=C sort
}

# The C file without comments and strings, line for line.
code_of() {
	awk '
	{
		out = ""
		n = length($0)
		for (i = 1; i <= n; i++) {
			two = substr($0, i, 2)
			c = substr($0, i, 1)
			if (comment) {
				if (two == "*/") { comment = 0; i++ }
			} else if (quote != "") {
				if (c == "\\") i++
				else if (c == quote) { quote = ""; out = out c }
			} else if (two == "/*") {
				comment = 1; i++
			} else if (two == "//") {
				break
			} else {
				if (c == "\"" || c == "\047") quote = c
				out = out c
			}
		}
		quote = ""
		print out
	}' "$1"
}

# public_functions HEADER...: names of the functions that they promise.
public_functions() {
	cat "$@" | grep -v '^#' | tr '\n' ' ' |
		grep -oE 'LIBIOMMU_API [^(;]*\(' | sed -E 's/.*[ *](libiommu_[a-z0-9_]+)\($/\1/' |
		LC_ALL=C sort
}
