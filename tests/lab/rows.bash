# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The rows of the lab, one entry each. Read by `run`, which defines `devices` and `row`.
#
# devices NAME KEY=VALUE...   PCI devices of a machine, and what is done with them
#   qemu          options; the addresses below must be what the guest sees
#   alone         devices in groups of their own, bound to vfio-pci; the first one is used for
#                 DMA, so its dma_mask is wide
#   members       all devices of one group, all of them bound to vfio-pci
#   half_bound    bound to vfio-pci, but another one of its group stays with a kernel driver
#   unbound       bound to vfio-pci, the others of its group have no driver
#   kernel_bound  stays with its kernel driver, alone in its group
#
# row NAME KEY=VALUE...
#   arch          of QEMU, the kernel and the guest's programs
#   kernel        lab: the newest image for arch that `run` finds; debian: the distribution's own
#   machine       the value of -machine
#   iommu         QEMU options that make the IOMMU
#   devices       one of the sets above
#   append        kernel command line, beyond the console
#   backends      of libiommu, to be run one after the other
#   witness       who saw a DMA fault, in the guest and in QEMU: a name in witness.bash
#   timeout       seconds until the row is given up

# edu masks its addresses to 28 bits unless told otherwise: one is left so on purpose. nvme is
# the device that both kernels have a driver for.
devices standard \
	alone='0000:00:03.0 0000:01:00.0' \
	members='0000:00:05.0 0000:00:05.1' \
	half_bound=0000:00:06.0 \
	kernel_bound=0000:00:07.0 \
	unbound=0000:00:08.0 \
	qemu='-device edu,addr=3.0,dma_mask=0xffffffffffffffff
		-device pcie-root-port,id=rp1,addr=4.0,slot=1,chassis=1 -device edu,bus=rp1
		-device edu,addr=5.0,multifunction=on -device edu,addr=5.1
		-device edu,addr=6.0,multifunction=on -device nvme,addr=6.1,serial=a
		-device nvme,addr=7.0,serial=b
		-device edu,addr=8.0,multifunction=on -device edu,addr=8.1'

row vtd \
	arch=x86_64 kernel=lab machine=q35 \
	iommu='-device intel-iommu,intremap=on,caching-mode=on,aw-bits=48' \
	append='intel_iommu=on,sm_off kunit.enable=0' \
	devices=standard backends=vfio witness=vtd timeout=240

row stock \
	arch=x86_64 kernel=debian machine=q35 \
	iommu='-device intel-iommu,intremap=on,caching-mode=on,aw-bits=48' \
	append='intel_iommu=on' \
	devices=standard backends=vfio witness=vtd timeout=240
