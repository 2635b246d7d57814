/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "oci-image.h"
#include "store.h"
#include "unpack.h"

/* The layers of an image in a store. */

typedef struct OciLayersWish {
        int directory;          /* the image's */
        const char *name;       /* of the image that they are made for */
        uint64_t size_max;      /* as of OciImport */
        const CopyWatch *watch; /* or NULL */
        void (*expect)(uint64_t bytes, void *userdata); /* likewise */
        void *userdata;
} OciLayersWish;

typedef struct OciLayers {
        Layer **chain; /* topmost first, all held */
        size_t n, n_shared;
        UnpackResult result;
} OciLayers;

/* The caller is in a mount namespace of its own, in which it has opened the store. */
int oci_layers_make(const OciLayersWish *wish, const OciImage *image, const Store *s, OciLayers *ret, Error **reterr);
