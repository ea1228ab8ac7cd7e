# SPDX-License-Identifier: BSD-2-Clause
# The lab's programs for its arm64 rows: Debian's cross compiler, static, and what the environment's
# LIBIOMMU_LAB_SYSROOT has of check. The runner sets it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -L$ENV{LIBIOMMU_LAB_SYSROOT}/usr/lib/aarch64-linux-gnu")
set(CMAKE_C_STANDARD_LIBRARIES "-lsubunit -lrt -lm")
set(ENV{PKG_CONFIG_LIBDIR} "$ENV{LIBIOMMU_LAB_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "$ENV{LIBIOMMU_LAB_SYSROOT}")
