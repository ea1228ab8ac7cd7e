/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel fails by itself: its n-th allocation, or another step that can fail, in the calls that
 * the library makes from now on. Only what runs inside of ioctls is counted.
 */
#ifndef SELFTEST_NTH_H
#define SELFTEST_NTH_H

#include <stdbool.h>

/* @return false when this kernel cannot */
bool nth_init(void);
/* @param n from 1 on; 0: no more */
void nth_arm(unsigned int n);
/* Since it was armed: has a step failed? */
bool nth_fired(void);
/* Around each ioctl. */
void nth_enter(void);
void nth_leave(void);

#endif
