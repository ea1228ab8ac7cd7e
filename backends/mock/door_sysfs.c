/* SPDX-License-Identifier: BSD-2-Clause */
/* mock.h: the machine as a folder that looks like /sys. */
#include "backends/mock/door.h"
#include "backends/mock/sysfs.h"
#include "lib/error.h"

struct libiommu_mock_machine *libiommu_mock_machine_of(struct libiommu_ctx *ctx)
{
	struct mock_ctx *data = ctx ? libiommu_backend_ctx(ctx, "mock") : NULL;

	return data ? (struct libiommu_mock_machine *)data->machine : NULL;
}

int libiommu_mock_write_sysfs(struct libiommu_mock_machine *machine, const struct libiommu_sys *sys,
			      int directory, struct libiommu_error **err)
{
	struct mock_machine *inner = (struct mock_machine *)machine;
	struct libiommu_failure failure;
	struct mock_image image;
	int error;

	libiommu_error_clear(err);
	libiommu_failure_init(&failure);
	if (!machine)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (sys && sys->size < sizeof(*sys))
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, NULL,
					  "A table of hooks is too short.");
	mock_image_init(&image, inner->mem);
	pthread_mutex_lock(&inner->lock);
	error = mock_sysfs_describe(inner, &image, &failure);
	pthread_mutex_unlock(&inner->lock);
	if (!error)
		error = mock_sysfs_write(sys ? sys : libiommu_sys_default(), directory, &image,
					 &failure);
	mock_image_free(&image);
	return error ? libiommu_error_raise(err, libiommu_allocator_default(), error, &failure) : 0;
}
