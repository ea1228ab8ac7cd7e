# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Who saw a DMA fault. For each kind of IOMMU a name that a row gives as witness=NAME, with
#   witness_trace_NAME   QEMU options that make it tell of every fault on its standard error
#   witness_guest_NAME   the guest's kernel log -> lines "SEGMENT:BUS:DEV.FN ADDRESS read|write"
#   witness_qemu_NAME    QEMU's standard error  -> the same lines
# Addresses are hexadecimal with 0x.

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
