# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# What a guest may ask of the host: in the guest `ask-host NAME ARGUMENT...`, here a function
# host_NAME that is given the guest's folder and the arguments. What it prints is the answer, its status
# whether it worked. Runs may bring more of them in files host-*.bash.

for file in "$lab"/host-*.bash; do
	# shellcheck disable=SC1090 # what there is
	[[ ! -e $file ]] || . "$file"
done

# The guest waits for one line: "ok ANSWER" or "failed ANSWER".
host_asked() {
	local dir=$1 name arguments answer word=ok
	read -r name arguments <<<"$2"
	say "the guest asks: $2"
	read -ra arguments <<<"$arguments"
	if ! declare -F "host_$name" >/dev/null; then
		word=failed answer="there is no host_$name"
	else
		answer=$("host_$name" "$dir" "${arguments[@]}" 2>>"$dir/host.log") || word=failed
	fi
	[[ $word == ok ]] || say "the host answers: failed $answer"
	echo "$word ${answer//$'\n'/ }" >&"$answer_fd"
}

# qmp FOLDER JSON: one command for the running QEMU; prints what it returns.
qmp() {
	local dir=$1
	if [[ ! -e $dir/qmp.log ]]; then
		: >"$dir/qmp.log"
		qmp_command "$dir" '{"execute": "qmp_capabilities"}' >/dev/null || return
	fi
	qmp_command "$dir" "$2"
}

qmp_command() {
	local line
	echo "$2" >&"$qmp_in"
	while qmp_line "$1"; do
		case $line in
		'{"return": '*)
			line=${line#'{"return": '}
			echo "${line%\}}"
			return
			;;
		'{"error": '*)
			echo "$line"
			return 1
			;;
		esac
	done
	echo "QEMU does not answer"
	return 1
}

# Sets the caller's `line`; events are kept in the log, for those who wait for them.
qmp_line() {
	IFS= read -r -t "${2:-20}" -u "$qmp_out" line || return
	line=${line%$'\r'}
	echo "$line" >>"$1/qmp.log"
}

# qmp JSON...: as the guest says it.
host_qmp() {
	local dir=$1
	shift
	qmp "$dir" "$*"
}

# plug DRIVER,PROPERTY=VALUE,...: all values are strings or whole numbers, and QEMU wants to know which.
host_plug() {
	local json key value pair
	json="\"driver\": \"${2%%,*}\""
	while read -r pair; do
		key=${pair%%=*} value=${pair#*=}
		[[ $value =~ ^(0|[1-9][0-9]*)$ && $key != serial ]] || value="\"$value\""
		json+=", \"$key\": $value"
	done < <(tr ',' '\n' <<<"${2#*,}")
	qmp "$1" "{\"execute\": \"device_add\", \"arguments\": {$json}}"
}

# unplug ID: asks the guest's kernel to let go of it; `unplugged` waits until it has. An earlier device
# may have had the same name.
host_unplug() {
	qmp "$1" '{"execute": "query-status"}' >/dev/null
	wc -l <"$1/qmp.log" >"$1/unplug.$2"
	qmp "$1" "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"$2\"}}"
}

host_unplugged() {
	local line deadline=$((SECONDS + 30)) seen
	seen=$(cat "$1/unplug.$2" 2>/dev/null || echo 0)
	until tail -n +$((seen + 1)) "$1/qmp.log" |
		grep "\"DEVICE_DELETED\".*\"device\": \"$2\"" >/dev/null; do
		((SECONDS < deadline)) || { echo "$2 is still there"; return 1; }
		qmp_line "$1" 1 || true
	done
}

# fill DRIVE OFFSET LENGTH: with random bytes; answers their SHA-256.
host_fill() {
	head -c "$4" /dev/urandom |
		dd of="$1/$2.img" bs=1M oflag=seek_bytes seek="$3" conv=notrunc status=none &&
		host_sum "$@"
}

# sum DRIVE OFFSET LENGTH: the SHA-256 of what is in the image.
host_sum() {
	dd if="$1/$2.img" bs=1M iflag=skip_bytes,count_bytes skip="$3" count="$4" status=none |
		sha256sum | cut -d ' ' -f 1
}
