/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SELFTEST_CASES_H
#define SELFTEST_CASES_H

void case_joins(void);
void case_replace(void);
void case_ranges(void);
void case_failures(void);
void case_stages(void);
/* @param name, edu: a device on the PCI bus, an edu */
void case_hardware(const char *edu);
void case_drivers(const char *name);

#endif
