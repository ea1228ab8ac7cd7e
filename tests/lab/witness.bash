# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Who saw a DMA fault. For each kind of IOMMU a name that a row gives as witness=NAME, with
#   witness_trace_NAME   QEMU options that make it tell of every fault on its standard error
#   witness_guest_NAME   the guest's kernel log -> lines "SEGMENT:BUS:DEV.FN ADDRESS read|write"
#   witness_qemu_NAME    QEMU's standard error  -> the same lines
# Addresses are hexadecimal with 0x. A witness that cannot tell reads from writes says "any".

# QEMU's own message about a failed translation appears once in its life, the event each time.
witness_trace_vtd() {
	echo '-trace vtd_dmar_fault'
}

# "[DMA Write NO_PASID] Request device [0000:00:03.0] fault addr 0x1000 ...", without the segment
# before Linux 6.8 or so.
witness_guest_vtd() {
	sed -nE 's/.*\[DMA (Read|Write)[^]]*\] Request device \[([0-9a-f:.]+)\].* fault addr (0x[0-9a-f]+).*/\2 \3 \1/p' |
		sed -E 's/^([0-9a-f]{2}:)/0000:\1/; s/Read$/read/; s/Write$/write/'
}

witness_qemu_vtd() {
	local sid addr write how
	sed -nE 's/.*vtd_dmar_fault sid (0x[0-9a-f]+) fault [0-9]+ addr (0x[0-9a-f]+) write ([01]).*/\1 \2 \3/p' |
		while read -r sid addr write; do
			how='read'
			((write)) && how='write'
			printf '0000:%02x:%02x.%d %s %s\n' $((sid >> 8)) $((sid >> 3 & 31)) $((sid & 7)) \
				"$addr" $how
		done
}

witness_trace_virtio() {
	echo '-trace virtio_iommu_report_fault'
}

# endpoint_lines: "ENDPOINT ADDRESS how" -> "SEGMENT:BUS:DEV.FN ADDRESS how"; the number is the same
# that PCI uses for the requester.
endpoint_lines() {
	local id address how
	while read -r id address how; do
		printf '0000:%02x:%02x.%d %s %s\n' $((id >> 8)) $((id >> 3 & 31)) $((id & 7)) \
			"$address" "$how"
	done
}

# "virtio_iommu virtio0: page fault from EP 24 at 0x200000 [W]", and [] where nothing is mapped.
witness_guest_virtio() {
	sed -nE 's/.* fault from EP ([0-9]+) at (0x[0-9a-f]+) \[([RW]*).*/\1 \2 \3/p' |
		sed -E 's/ $/ any/; s/R$/read/; s/W$/write/' | endpoint_lines
}

# "... FAULT reason=2 flags=258 endpoint=24 address =0x200000"; of the flags 1 is a read, 2 a write.
witness_qemu_virtio() {
	local flags id address how
	sed -nE 's/.*virtio_iommu_report_fault .* flags=([0-9]+) endpoint=([0-9]+) address ?=(0x[0-9a-f]+).*/\1 \2 \3/p' |
		while read -r flags id address; do
			how=any
			((flags & 1)) && how='read'
			((flags & 2)) && how='write'
			echo "$id $address $how"
		done | endpoint_lines
}

# QEMU tells the address in its log of what a guest did wrong, and the device in the event. What a
# detached device does makes no event at all: the hardware is told to abort it in silence.
witness_trace_smmuv3() {
	echo '-d guest_errors -trace smmuv3_record_event -trace smmuv3_translate_abort'
}

# Two lines: "event: F_TRANSLATION client: 0000:00:03.0 sid: 0x18 ssid: 0x0 iova: 0x201000 ..." and
# "unpriv data write s1 ...".
witness_guest_smmuv3() {
	sed -nE 's/.* client: ([0-9a-f:.]+) .* iova: (0x[0-9a-f]+) .*/\1 \2/p
		s/.*priv data (read|write) .*/\1/p' |
		sed -nE '/^[0-9a-f]{4}:/{N; s/\n/ /; p}'
}

# "smmuv3-iommu-memory-region-24-3 translation failed for iova=0x201000 (F_TRANSLATION)" and
# "smmuv3_record_event F_TRANSLATION sid=0x18": nothing of the direction. Of a detached device
# "smmuv3_translate_abort smmuv3-... sid=0x18 abort on iova:0x201000 is_write=0", for writes as well.
witness_qemu_smmuv3() {
	local address='' kind value where
	sed -nE 's/.*smmuv3_translate_abort .*sid=(0x[0-9a-f]+) .*iova:(0x[0-9a-f]+) .*/abort \1 \2/p
		s/.* failed for iova ?= ?(0x[0-9a-f]+).*/address \1/p
		s/.*smmuv3_record_event .*sid=(0x[0-9a-f]+).*/sid \1/p' |
		while read -r kind value where; do
			case $kind in
			abort) echo "$value $where any" ;;
			address) address=$value ;;
			sid)
				[[ -z $address ]] || echo "$value $address any"
				address=''
				;;
			esac
		done | endpoint_lines
}
