# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The rows of the lab and its named runs, one entry each. Read by `run`, which defines `devices`, `row`,
# `step` and `run`.
#
# devices NAME KEY=VALUE...   PCI devices of a machine, and what is done with them
#   qemu          options; the addresses below must be what the guest sees
#   alone         devices in groups of their own, bound to vfio-pci; the first one is used for
#                 DMA, so its dma_mask is wide
#   members       all devices of one group, all of them bound to vfio-pci
#   half_bound    bound to vfio-pci, but another one of its group stays with a kernel driver
#   unbound       bound to vfio-pci, the others of its group have no driver
#   kernel_bound  stays with its kernel driver, alone in its group
#   set           PATH=VALUE..., written in the guest before devices are bound
#   topology      the file of tests/topologies that tells of this machine, where the guest has it
#
# row NAME KEY=VALUE...
#   arch          of QEMU, the kernel and the guest's programs
#   kernel        lab: the newest image for arch that `run` finds; debian: the distribution's own;
#                 debian-SERIES: the one of that series from Debian's later suites
#   machine       the value of -machine
#   iommu         QEMU options that make the IOMMU
#   devices       one of the sets above
#   needs         DEVICE PROPERTY that QEMU must know, or the row is skipped
#   set           PATH=VALUE..., written in the guest before devices are bound
#   probed_by     the row that asks the same kernel about an IOMMU of the same kind: this one is asked
#                 by night (run `probe`)
#   nest_parent   yes: the IOMMU has tables that can be below nested ones (SMMUv3's second stage)
#   refusal       the reason why devices are refused as long as the modules' parameters do not
#                 allow unsafe interrupts: the step of that name turns them off, and on again
#   selftest      the backend that is run on the kernel's own test devices, where it has them
#   entries       limit of mappings of a container, for rows on which 65535 take minutes
#   many          mappings where nothing limits them, instead of 200000
#   cases         of conformance only those that match
#   sweep         K/N: of the sweep only every N-th failure, from the K-th on
#   wants         CONFIG_OPTION=VALUE of the kernel, or the row is skipped
#   clock         real: the guest's processors run at the same time, and 100 ms of a device last
#                 100 ms. Else its time is counted in instructions, and no time is spent waiting;
#                 not every kernel boots like that
#   processors    of the guest, instead of 2
#   append        kernel command line, beyond the console
#   backends      of libiommu, each in a guest of its own
#   beside        steps that have one more guest to themselves, beside that of their backend
#   witness       who saw a DMA fault, in the guest and in QEMU: a name in witness.bash
#   timeout       seconds until a guest of the row is given up
#   drives        NAME=SIZE...: empty images, which QEMU's options call by their names
#   modules       what the guest loads beside VFIO, from kernels that have modules, in order
#
# step NAME KEY=VALUE...      of the runs; in arguments @backend@ stands for the backend, and @KEY@ for
#                             a value of the row or its devices
#   program       path in the build; or
#   script        path in tests/lab: a script for the guest's shell
#   arguments     its command line
#   programs      other programs of the build that it needs, beside it in /lab/bin
#   files         other files of tests/lab that it needs, there too
#   tools         PACKAGE:PATH: programs of Debian's packages, there too; of this machine's architecture
#   seconds       of the guest's time, until the step is given up (default: 400)
#
# run NAME KEY=VALUE...       what is not part of every row
#   machines      rows whose machines it takes: each becomes a row NAME-ROW. All keys of rows may be
#                 given another value here, for one of the machines as KEY@ROW=VALUE. ROW:OTHER is the
#                 same under another name, so that a machine may be taken more than once
#   night         yes: only when it is named
#   kernel_steps  steps without libiommu, in order, in the first guest
#   steps         steps for each backend, in order

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

# An NVMe with two virtual functions: four lone devices that go into one address space.
devices functions \
	alone='0000:00:03.0 0000:01:00.0 0000:02:00.1 0000:02:00.2' \
	members='0000:00:05.0 0000:00:05.1' \
	half_bound=0000:00:06.0 \
	kernel_bound=0000:02:00.0 \
	set=/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs=2 \
	qemu='-device edu,addr=3.0,dma_mask=0xffffffffffffffff
		-device pcie-root-port,id=rp1,addr=4.0,slot=1,chassis=1 -device edu,bus=rp1
		-device edu,addr=5.0,multifunction=on -device edu,addr=5.1
		-device edu,addr=6.0,multifunction=on -device nvme,addr=6.1,serial=a
		-device pcie-root-port,id=rp2,addr=9.0,slot=2,chassis=2 -device nvme-subsys,id=sub
		-device nvme,serial=c,subsys=sub,bus=rp2,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5'

row vtd \
	arch=x86_64 kernel=lab machine=q35 \
	iommu='-device intel-iommu,intremap=on,caching-mode=on,aw-bits=48' \
	append='intel_iommu=on,sm_off kunit.enable=0' \
	devices=standard backends='vfio iommufd' selftest=iommufd witness=vtd timeout=900 \
	entries=4096 many=20000 sweep=2/3

row smmuv3 \
	arch=arm64 kernel=lab machine=virt,iommu=smmuv3,gic-version=3 \
	devices=standard backends='vfio iommufd' witness=smmuv3 timeout=900 \
	entries=4096 many=20000 sweep=1/3

row virtio \
	arch=x86_64 kernel=lab machine=q35 \
	iommu='-device virtio-iommu-pci,addr=2.0' \
	append='vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1 kunit.enable=0' \
	refusal=msi-not-isolated \
	devices=standard backends='vfio iommufd' witness=virtio timeout=900 \
	entries=4096 many=20000 sweep=1/6

row stock \
	arch=x86_64 kernel=debian machine=q35 \
	iommu='-device intel-iommu,intremap=on,caching-mode=on,aw-bits=48' \
	append='intel_iommu=on' processors=1 \
	devices=standard backends=vfio beside='sweep dma demo sandbox' witness=vtd timeout=900

row vtd39 \
	arch=x86_64 kernel=lab machine=q35 \
	iommu='-device intel-iommu,intremap=on,caching-mode=on,aw-bits=39' \
	append='intel_iommu=on,sm_off kunit.enable=0' \
	devices=standard backends='vfio iommufd' probed_by=vtd witness=vtd timeout=900 \
	entries=4096 many=20000 sweep=1/3

# Scalable mode with tables of the first stage.
row vtd-fs \
	arch=x86_64 kernel=lab machine=q35 needs='intel-iommu x-flts' \
	iommu='-device intel-iommu,intremap=on,caching-mode=on,x-scalable-mode=on,x-flts=on' \
	append='intel_iommu=on,sm_on kunit.enable=0' \
	devices=standard backends='vfio iommufd' witness=vtd timeout=900 \
	entries=4096 many=20000 sweep=3/6

row smmuv3-s2 \
	arch=arm64 kernel=lab machine=virt,iommu=smmuv3,gic-version=3 needs='arm-smmuv3 stage' \
	iommu='-global arm-smmuv3.stage=2' nest_parent=yes \
	devices=standard backends='vfio iommufd' probed_by=smmuv3-nested witness=smmuv3 timeout=900 \
	entries=4096 many=20000 sweep=2/3

row smmuv3-nested \
	arch=arm64 kernel=lab machine=virt,iommu=smmuv3,gic-version=3 needs='arm-smmuv3 stage' \
	iommu='-global arm-smmuv3.stage=nested' nest_parent=yes \
	devices=standard backends='vfio iommufd' witness=smmuv3 timeout=900 \
	entries=4096 many=20000 sweep=3/3

row two \
	arch=x86_64 kernel=lab machine=q35 \
	iommu='-device intel-iommu,intremap=on,caching-mode=on,aw-bits=48' \
	append='intel_iommu=on,sm_off kunit.enable=0' \
	devices=functions backends='vfio iommufd' probed_by=vtd witness=vtd timeout=900 \
	entries=4096 many=20000 sweep=3/3

# Controllers of the kind that people have: one namespace, blocks of 4 KiB, functions, and one that
# can be taken out.
devices nvme \
	kernel_bound='0000:00:03.0 0000:00:04.0 0000:01:00.0 0000:02:00.0' \
	plain=0000:00:03.0 large_blocks=0000:00:04.0 removable=0000:02:00.0 \
	physical=0000:01:00.0 virtual='0000:01:00.1 0000:01:00.2' \
	qemu='-device nvme,id=plain,addr=3.0,serial=plain,drive=plain
		-device nvme,id=large,addr=4.0,serial=large
		-device nvme-ns,bus=large,drive=large,logical_block_size=4096,physical_block_size=4096
		-device pcie-root-port,id=rp1,addr=5.0,slot=1,chassis=1 -device nvme-subsys,id=sub
		-device nvme,id=functions,serial=functions,subsys=sub,bus=rp1,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5
		-device nvme-ns,bus=functions,drive=functions,nsid=1
		-device pcie-root-port,id=rp2,addr=6.0,slot=2,chassis=2
		-device nvme,id=removable,serial=removable,bus=rp2,drive=removable'

step nvme-kernel script=nvme/kernel.sh seconds=600
step nvme-driver script=nvme/driver.sh arguments=@backend@ \
	programs='examples/nvme/nvme tests/lab/lab-nvme-functions'

run nvme \
	machines='vtd stock smmuv3' devices=nvme clock=real processors=2 timeout=900 \
	drives='plain=256M large=128M functions=64M removable=64M' \
	kernel_steps=nvme-kernel steps=nvme-driver

# The filter of tests/sandbox where the kernel has one: the rows' newer kernel need not. Debian's has it,
# and no iommufd; one that build-kernel made has both.
run sandbox \
	machines='vtd stock' kernel@stock=debian-7.2 clock@stock=real processors=2 beside= \
	wants@vtd=CONFIG_SECCOMP_FILTER=y steps=sandbox

# The page tables that the kernel writes beside those of libiommu's engine. With memory for a page of
# 1 GiB.
devices lone \
	alone=0000:00:03.0 \
	qemu='-m 5G -device edu,addr=3.0,dma_mask=0xffffffffffffffff'

step tables program=tests/lab/lab-tables \
	arguments='--backend @backend@ --device @alone@ --format @format@ --levels @levels@'

step tables-amdv1 program=tests/lab/lab-tables-amdv1 arguments='--backend @backend@' seconds=300

run tables \
	machines='vtd vtd39 vtd-fs' devices=lone backends=iommufd format=vtd-ss levels=4 \
	levels@vtd39=3 format@vtd-fs=x86-64 steps=tables steps@vtd='tables tables-amdv1'

# What libiommu adds to the kernel's work, shown only.
step pair program=tests/lab/lab-pair arguments='--backend @backend@ --device @alone@'

run pair \
	machines='vtd stock' devices=lone clock=real processors=2 steps=pair

# Threads on processors that do run at the same time.
run threads \
	machines='vtd stock' clock=real processors=2 steps=conformance cases=thread*

# As many mappings as the suite makes where nothing limits them, and as type1 allows by itself: rows make
# fewer.
run many \
	machines=vtd many= entries= steps=conformance cases=*entry_limit*

# Every failure on machines of each kind: the rows share them.
run sweep \
	machines='vtd39 smmuv3 virtio vtd-fs' night=yes sweep= steps=sweep

# The kernel is asked on these machines, too, whose rows leave it to another one.
run probe \
	machines='vtd39 smmuv3-s2 two' night=yes backends=vfio kernel_steps=probe

# Topologies whose groups the guest's kernel and the mock have to find alike.
devices topology-q35 \
	topology=/lab/bin/15-qemu-q35.txt \
	qemu='-device VGA,addr=1.0 -device pcie-root-port,id=rp1,addr=2.0,slot=1,chassis=1 -device nvme,bus=rp1,serial=b
		-device edu,addr=3.0 -device e1000e,addr=4.0 -device nvme,addr=5.0,serial=a
		-device e1000,addr=6.0'

devices topology-ports \
	qemu='-device pcie-root-port,id=rp1,addr=3.0,slot=1,chassis=1 -device nvme,bus=rp1,serial=a
		-device ioh3420,id=rp2,addr=4.0,slot=2,chassis=2
		-device e1000e,bus=rp2,addr=0.0,multifunction=on -device e1000e,bus=rp2,addr=0.1
		-device pcie-root-port,id=rp3,addr=5.0,multifunction=on,slot=3,chassis=3
		-device pcie-root-port,id=rp4,addr=5.1,slot=4,chassis=4
		-device e1000e,bus=rp3 -device nvme,bus=rp4,serial=b
		-device pcie-root-port,id=rp5,addr=6.0,slot=5,chassis=5 -device edu,bus=rp5'

devices topology-no-acs \
	qemu='-device pcie-root-port,id=rp1,addr=3.0,slot=1,chassis=1,disable-acs=on
		-device e1000e,bus=rp1,addr=0.0,multifunction=on -device e1000e,bus=rp1,addr=0.1
		-device pcie-root-port,id=rp2,addr=4.0,multifunction=on,slot=2,chassis=2,disable-acs=on
		-device pcie-root-port,id=rp3,addr=4.1,slot=3,chassis=3,disable-acs=on
		-device nvme,bus=rp2,serial=a -device nvme,bus=rp3,serial=b
		-device pcie-root-port,id=rp4,addr=5.0,multifunction=on,slot=4,chassis=4
		-device pcie-root-port,id=rp5,addr=5.1,slot=5,chassis=5,disable-acs=on
		-device nvme,bus=rp4,serial=c -device nvme,bus=rp5,serial=d'

devices topology-switch \
	qemu='-device pcie-root-port,id=rp1,addr=3.0,slot=1,chassis=1 -device x3130-upstream,id=up,bus=rp1
		-device xio3130-downstream,id=d1,bus=up,addr=0.0,slot=11,chassis=11
		-device xio3130-downstream,id=d2,bus=up,addr=1.0,slot=12,chassis=12
		-device xio3130-downstream,id=d3,bus=up,addr=2.0,slot=13,chassis=13,multifunction=on
		-device xio3130-downstream,id=d4,bus=up,addr=2.1,slot=14,chassis=14
		-device nvme,bus=d1,serial=a -device e1000e,bus=d2 -device nvme,bus=d3,serial=b
		-device nvme,bus=d4,serial=c'

devices topology-switch-no-acs \
	qemu='-device pcie-root-port,id=rp1,addr=3.0,slot=1,chassis=1,disable-acs=on
		-device x3130-upstream,id=up,bus=rp1
		-device xio3130-downstream,id=d1,bus=up,addr=0.0,slot=11,chassis=11
		-device xio3130-downstream,id=d2,bus=up,addr=1.0,slot=12,chassis=12
		-device nvme,bus=d1,serial=a -device e1000e,bus=d2 -device nvme,addr=4.0,serial=b'

devices topology-pcie-pci \
	qemu='-device pcie-root-port,id=rp1,addr=3.0,slot=1,chassis=1 -device pcie-pci-bridge,id=b1,bus=rp1
		-device e1000,bus=b1,addr=1.0 -device edu,bus=b1,addr=2.0
		-device pcie-root-port,id=rp2,addr=4.0,slot=2,chassis=2,disable-acs=on
		-device pcie-pci-bridge,id=b2,bus=rp2 -device e1000,bus=b2,addr=1.0
		-device pci-bridge,id=b3,bus=b2,addr=2.0,chassis_nr=9 -device edu,bus=b3,addr=1.0
		-device pcie-pci-bridge,id=b4,addr=5.0 -device edu,bus=b4,addr=1.0'

devices topology-pci-bridge \
	qemu='-device i82801b11-bridge,id=b1,addr=1e.0 -device pci-bridge,id=b2,bus=b1,addr=1.0,chassis_nr=2
		-device e1000,bus=b1,addr=2.0 -device e1000,bus=b2,addr=1.0 -device edu,bus=b2,addr=2.0
		-device pci-bridge,id=b3,addr=4.0,chassis_nr=3 -device edu,bus=b3,addr=1.0'

devices topology-multifunction \
	qemu='-device edu,addr=3.0,multifunction=on -device edu,addr=3.1
		-device e1000e,addr=4.0,multifunction=on -device e1000e,addr=4.1
		-device nvme,addr=5.0,serial=a,multifunction=on -device nvme,addr=5.1,serial=b
		-device nvme,addr=6.0,serial=c,multifunction=on -device edu,addr=6.1 -device e1000e,addr=6.2'

devices topology-sriov \
	set='/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs=2 /sys/bus/pci/devices/0000:02:00.0/sriov_numvfs=2' \
	qemu='-device pcie-root-port,id=rp1,addr=3.0,slot=1,chassis=1 -device nvme-subsys,id=s1
		-device nvme,serial=a,subsys=s1,bus=rp1,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5
		-device pcie-root-port,id=rp2,addr=4.0,slot=2,chassis=2,disable-acs=on -device nvme-subsys,id=s2
		-device nvme,serial=b,subsys=s2,bus=rp2,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5'

devices topology-pxb \
	qemu='-device pxb-pcie,id=pxb,bus_nr=0x40,addr=3.0 -device pcie-root-port,id=rp1,bus=pxb,addr=0.0,slot=1,chassis=1
		-device nvme,bus=rp1,serial=a -device pcie-root-port,id=rp2,bus=pxb,addr=1.0,slot=2,chassis=2,disable-acs=on
		-device e1000e,bus=rp2,addr=0.0,multifunction=on -device e1000e,bus=rp2,addr=0.1
		-device nvme,bus=pcie.0,addr=4.0,serial=b'

devices topology-virt \
	topology=/lab/bin/16-qemu-virt.txt \
	qemu='-device pcie-root-port,id=rp1,addr=3.0,slot=1,chassis=1 -device nvme,bus=rp1,serial=a
		-device pcie-root-port,id=rp2,addr=4.0,slot=2,chassis=2,disable-acs=on
		-device e1000e,bus=rp2,addr=0.0,multifunction=on -device e1000e,bus=rp2,addr=0.1
		-device pcie-root-port,id=rp3,addr=5.0,slot=3,chassis=3 -device pcie-pci-bridge,id=b1,bus=rp3
		-device edu,bus=b1,addr=1.0 -device edu,bus=b1,addr=2.0
		-device edu,addr=6.0,multifunction=on -device edu,addr=6.1'

step topology program=tests/lab/lab-topology arguments=@topology@ \
	files='../topologies/15-qemu-q35.txt ../topologies/16-qemu-virt.txt'

run topology \
	machines='vtd:q35 vtd:ports vtd:no-acs vtd:switch vtd:switch-no-acs vtd:pcie-pci vtd:pci-bridge
		vtd:multifunction vtd:sriov vtd:pxb virtio:virtio stock:stock smmuv3:virt' \
	devices@q35=topology-q35 devices@ports=topology-ports devices@no-acs=topology-no-acs \
	devices@switch=topology-switch devices@switch-no-acs=topology-switch-no-acs \
	devices@pcie-pci=topology-pcie-pci devices@pci-bridge=topology-pci-bridge \
	devices@multifunction=topology-multifunction devices@sriov=topology-sriov \
	devices@pxb=topology-pxb devices@virtio=topology-ports devices@stock=topology-no-acs \
	devices@virt=topology-virt backends=vfio kernel_steps=topology timeout=300

# Ports to plug devices into, one of them with a device that is taken out while it is in use.
devices hotplug \
	alone='0000:00:02.0 0000:01:00.0' kernel_bound=0000:03:00.0 \
	qemu='-device edu,addr=2.0,dma_mask=0xffffffffffffffff
		-device pcie-root-port,id=rp1,addr=4.0,slot=1,chassis=1
		-device edu,id=one,bus=rp1,dma_mask=0xffffffffffffffff
		-device pcie-root-port,id=rp2,addr=5.0,slot=2,chassis=2
		-device pcie-root-port,id=rp3,addr=6.0,slot=3,chassis=3 -device nvme,id=disk,serial=disk,bus=rp3
		-device pcie-root-port,id=rp4,addr=7.0,slot=4,chassis=4
		-device pcie-root-port,id=rp5,addr=8.0,slot=5,chassis=5 -device nvme-subsys,id=sub
		-device nvme,serial=c,subsys=sub,bus=rp5,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5
		-device pcie-root-port,id=rp6,addr=9.0,slot=6,chassis=6
		-device edu,bus=rp6,addr=0.0,multifunction=on -device edu,bus=rp6,addr=0.1
		-device pcie-root-port,id=rp7,addr=a.0,slot=7,chassis=7
		-device edu,bus=rp7,addr=0.0,multifunction=on -device nvme,bus=rp7,addr=0.1,serial=guarded
		-device pcie-root-port,id=rp8,addr=b.0,slot=8,chassis=8
		-device edu,bus=rp8,addr=0.0,multifunction=on,dma_mask=0xffffffffffffffff
		-device edu,bus=rp8,addr=0.1,multifunction=on'

step hotplug-twin program=tests/lab/lab-hotplug-twin seconds=300
step hotplug program=tests/lab/lab-hotplug \
	arguments='--backend @backend@ --device 0000:00:02.0 --device 0000:01:00.0' seconds=600

run hotplug \
	machines=vtd devices=hotplug timeout=600 kernel_steps=hotplug-twin steps=hotplug

# The monitor and a udev, which wants a kernel with inotify.
step hotplug-udev script=hotplug/udev.sh arguments='--backend @backend@ --device 0000:00:02.0' \
	programs=tests/lab/lab-hotplug-udev tools=udev:bin/udevadm

run udev \
	machines=stock devices=hotplug kernel@stock=debian-7.2 clock=real processors=2 beside= \
	steps=hotplug-udev

# The same steps on the kernel's test devices and on the mock.
step same program=tests/same/same arguments='--backend @backend@ --against /lab/bin/same.txt' files=same.txt

run same \
	machines=vtd devices=lone backends=iommufd steps=same

# Tables that lie below others, where there are any.
step stages program=tests/lab/lab-stages \
	arguments='--backend @backend@ --reason @second_stage@ --device @alone@'

run stages \
	machines='vtd smmuv3 smmuv3-s2 smmuv3-nested' devices=lone backends=iommufd steps=stages \
	second_stage=no second_stage@smmuv3-s2=yes second_stage@smmuv3-nested=yes

# A physical function that user space owns, and who may have its virtual ones.
devices tokens \
	alone='0000:01:00.0 0000:00:03.0' set=/sys/module/vfio_pci/parameters/enable_sriov=Y \
	qemu='-device edu,addr=3.0
		-device pcie-root-port,id=rp1,addr=4.0,slot=1,chassis=1 -device nvme-subsys,id=sub
		-device nvme,serial=c,subsys=sub,bus=rp1,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5'

step tokens program=tests/lab/lab-tokens \
	arguments='--backend @backend@ --device 0000:01:00.0 --device 0000:00:03.0'

run tokens machines=vtd devices=tokens steps=tokens
