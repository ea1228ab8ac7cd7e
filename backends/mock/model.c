/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/model.h"

#include <string.h>

/* Configuration space and nothing behind it. */
const struct mock_model mock_model_none = {
	.name = "none",
};

const struct mock_model *mock_model_find(const char *name)
{
	static const struct mock_model *const models[] = { &mock_model_none, &mock_model_edu,
							   &mock_model_nvme };

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		if (strcmp(models[i]->name, name) == 0)
			return models[i];
	}
	return NULL;
}
