/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "oci-blob.h"
#include "oci-config.h"

/* One image of those that a directory has: its config, and where its layers are, lowest first. */

typedef struct OciLayer {
        OciDescriptor blob; /* OCI's: its digest and size are to be those of its file. Docker's: the digest is "" */
        char *path;         /* Docker's: its file, beneath the directory; else NULL */
} OciLayer;

typedef struct OciImage {
        char *reference; /* its name there, or NULL */
        OciConfig *config;
        OciLayer *layers;
        size_t n_layers;
} OciImage;

void oci_image_free(OciImage *i);
DEFINE_CLEANUP(OciImage *, oci_image_free);

/* The one that is meant (oci-pick.h), with its config read and as many layers as that has diff ids. */
int oci_layout_image(int directory, const char *reference, OciImage **ret, Error **reterr);
int docker_archive_image(int directory, const char *reference, OciImage **ret, Error **reterr);

/* What both end with: what the config says fits what there is. */
int oci_image_check(const OciImage *i, Error **reterr);
