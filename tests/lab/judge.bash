# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# What a row's output means: the numbers of each step, who saw which DMA fault, and whether the guest
# was the machine that rows.bash tells of. Read by `run`, whose variables and rows it uses.

# The numbers of a step: its own summary, and one more failure if something else is wrong.
step_done() {
	local dir=$1 backend=$2 step=$3 base="$1/$2.$3" p=0 f=0 s=0 status=lost took='?' limit='?'
	local summary why=()
	touch "$base.out" "$base.dmesg"
	[[ ! -e $base.status ]] || read -r took limit status <"$base.status"
	summary=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$base.out" |
		tail -n 1) || true
	if [[ -n $summary ]]; then
		IFS=', ' read -r p _ f _ s _ <<<"$summary"
	elif [[ $step != demo ]]; then
		why+=("no summary at its end")
	fi
	if [[ $step == demo ]]; then
		if [[ $(grep -v '^$' "$base.out" | tail -n 1) == 'demo: ok' ]]; then
			[[ -n $summary ]] || p=1
		else
			why+=("does not end with \"demo: ok\"")
		fi
	fi
	[[ $status == 0 ]] || ((f)) || why+=("exit status $status")
	check_witnesses "$base" "$step"
	((f)) || check_counts "$backend $step" "$p passed, $s skipped"
	if ((${#why[@]})); then
		f=$((f + 1))
		say "$backend: $step: FAILED: $(printf '%s; ' "${why[@]}")"
	fi
	((f == 0)) || grep -E '^(not ok|FAIL)' "$base.out" | head -n 20 || true
	[[ -n $summary || $step == demo ]] || tail -n 5 "$base.out"
	say "$backend: $step: $p passed, $f failed, $s skipped (busy $((busy_seconds - busy_before)) s," \
		"$took s of $limit in the guest)"
	echo "$p $f $s" >"$base.result"
}

# What the rows of this run have counted, into the place of older numbers.
record_counts() {
	local new=$work/counts
	cat "$work"/*/counts >"$new" 2>/dev/null || return 0
	merge_counts "$lab/counts" "$new" >"$new.all"
	cp "$new.all" "$lab/counts"
}

# merge_counts OLD NEW: what is new for a step replaces what is old for just that one: "vtd vfio dma" is also
# the end of other names.
merge_counts() {
	grep '^#' "$1" || true
	awk -F ': ' '/^#/ { next } FNR == NR { new[$1] } FNR == NR || !($1 in new)' "$2" "$1" |
		LC_ALL=C sort
}

# A kernel that has more than the one which was counted on runs what was skipped there.
runs_more() {
	local passed skipped p s
	IFS=', ' read -r passed _ skipped _ <<<"$1"
	IFS=', ' read -r p _ s _ <<<"$2"
	((p > passed && p + s == passed + skipped))
}

# Adds to the caller's `why`.
check_counts() {
	local key="$row $1" numbers=$2 recorded
	if ((record)); then
		echo "$key: $numbers" >>"$dir/counts"
		return
	fi
	recorded=$(sed -n "s/^$key: //p" "$lab/counts" 2>/dev/null || true)
	[[ -z $recorded || $recorded == "$numbers" ]] || runs_more "$recorded" "$numbers" ||
		why+=("$numbers instead of $recorded; if that is right: --record")
}

# "BDF ADDRESS how" -> "BDF PAGE how", each once.
by_page() {
	local bdf address how
	while read -r bdf address how; do
		printf '%s %x %s\n' "$bdf" $((address >> 12)) "$how"
	done | sort -u
}

# compare both|missing|strange EXPECTED SEEN: the expected lines that were seen or were not, or what was
# seen but not expected. A witness that cannot tell reads from writes says "any".
compare() {
	awk -v how="$1" '
		NF == 0 { next }
		FNR == NR { expected[$0]; pages[$1 " " $2]; next }
		{ seen[$0] }
		END {
			for (line in expected) {
				page = line
				sub(/ [a-z]+$/, "", page)
				if (((line in seen) || ((page " any") in seen)) == (how == "both") && how != "strange")
					print line
			}
			if (how != "strange")
				exit
			for (line in seen) {
				page = line
				if (!(line in expected) && !(sub(/ any$/, "", page) && (page in pages)))
					print line
			}
		}' <(echo "$2") <(echo "$3") | sort
}

# Adds to the caller's `why`; leaves a word about DMA for the row's line.
check_witnesses() {
	local base=$1 step=$2 kind from to expected guest qemu missing strange
	kind=$(get "$row" witness)
	from=$(cat "$dir/qemu-start")
	to=$(cat "$base.qemu-end")
	echo "$to" >"$dir/qemu-start"
	expected=$(sed -nE 's/^fault-expected: //p' "$base.out" | by_page)
	guest=$("witness_guest_$kind" <"$base.dmesg" | by_page)
	qemu=$(head -c "$to" "$dir/qemu.log" | tail -c +$((from + 1)) | "witness_qemu_$kind" | by_page)
	if [[ -z $expected && $step == dma ]]; then
		why+=("announces no fault")
	fi
	missing=$(compare missing "$expected" "$qemu")
	[[ -z $missing ]] || why+=("QEMU did not see these faults: ${missing//$'\n'/, }")
	strange=$(compare strange "$expected" "$guest" && compare strange "$expected" "$qemu")
	[[ -z $strange ]] || why+=("faults that nobody expected: ${strange//$'\n'/, }")
	[[ -n $expected ]] || return 0
	if [[ -z $(compare both "$expected" "$guest") ]]; then
		why+=("the guest's kernel saw none of the expected faults")
	fi
	say "$(grep -c . <<<"$expected") faults expected, seen by the guest's kernel:" \
		"$(compare both "$expected" "$guest" | grep -c . || true)," \
		"by QEMU: $(compare both "$expected" "$qemu" | grep -c . || true)"
}

# The groups must be what rows.bash says, or the tests would test something else.
check_groups() {
	local dir=$1 bdf first members
	declare -A group size
	[[ -e $dir/groups ]] || return 0
	while read -r number bdf _; do
		group[$bdf]=$number
		size[$number]=$((${size[$number]:-0} + 1))
	done <"$dir/groups"
	for bdf in $(get_devices "$row" alone) $(get_devices "$row" kernel_bound); do
		[[ ${size[${group[$bdf]:-none}]:-0} == 1 ]] || echo "$bdf is not alone in its group"
	done
	for bdf in $(get_devices "$row" half_bound) $(get_devices "$row" unbound); do
		[[ ${size[${group[$bdf]:-none}]:-0} -gt 1 ]] || echo "$bdf is alone in its group"
	done
	read -ra members <<<"$(get_devices "$row" members)"
	((${#members[@]})) || return 0
	first=${group[${members[0]}]:-none}
	for bdf in "${members[@]}"; do
		[[ ${group[$bdf]:-} == "$first" ]] || echo "$bdf is not in group $first"
	done
	[[ ${size[$first]:-0} == "${#members[@]}" ]] || echo "group $first has other members"
}

# One line for a row and a backend.
report() {
	local dir=$1 backend=$2 step p=0 f=0 s=0 a b c dma=''
	while read -r _ step; do
		if [[ -e $dir/$backend.$step.result ]]; then
			read -r a b c <"$dir/$backend.$step.result"
		else
			b=1 c=0
			a='did not run'
			[[ ! -e $dir/$backend.$step.out ]] || a='did not end'
			say "$backend: $step: FAILED: $a"
			a=0
		fi
		p=$((p + a)) f=$((f + b)) s=$((s + c))
		if [[ $step == dma ]]; then
			dma='  DMA ok'
			((b == 0)) || dma='  DMA FAILED'
		fi
	done < <(plan "$row" "$part" | grep "^$backend ")
	results+=("$(printf '%-12s %-8s %d passed  %d failed  %d skipped%s  (%d s, busy %d s)' "$row" "$backend" \
		"$p" "$f" "$s" "$dma" $((SECONDS - row_start)) "$busy_seconds")")
	total_passed=$((total_passed + p))
	total_failed=$((total_failed + f))
	total_skipped=$((total_skipped + s))
}
