// SPDX-License-Identifier: BSD-2-Clause
/* The conformance suite: the contract, case by case, against one backend. */
#include "runner.h"

int main(int argc, char **argv)
{
	static const suite_fn suites[] = {
		suite_errors, suite_lifecycle, suite_map,    suite_unmap,   suite_ledger,
		suite_batch,  suite_iova,      suite_attach, suite_pasid,   suite_nesting,
		suite_faults, suite_groups,    suite_claims, suite_regions, suite_dma,
		suite_memory, suite_limits,    suite_input,  suite_kernel,  suite_fork,
		suite_random, suite_threads,
	};

	return run_program(argc, argv, suites, COUNT(suites));
}
