/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-image.h"

void oci_image_free(OciImage *i) {
        if (!i)
                return;
        free(i->reference);
        oci_config_free(i->config);
        for (size_t k = 0; k < i->n_layers; k++) {
                oci_descriptor_done(&i->layers[k].blob);
                free(i->layers[k].path);
        }
        free(i->layers);
        free(i);
}

int oci_image_check(const OciImage *i, Error **reterr) {
        size_t n = strv_length(i->config->diff_ids);

        if (i->n_layers == 0)
                return error_set(reterr, EBADMSG, "The image has no layers: there is no tree in it");
        if (n != i->n_layers)
                return error_set(reterr, EBADMSG, "The image has %zu layers, and its config is for %zu", i->n_layers, n);
        return 0;
}
