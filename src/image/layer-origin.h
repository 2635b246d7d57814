/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "store.h"

/* Where a layer's tree came from, for whoever would make the same one again, and shares it instead: lines "WORD VALUE" in a file layers/ID/origin.
 * It is written once, when all of the tree is on disk: a layer that has it is whole, and sealed. It is no more than a way to find one; what no
 * image stands on is garbage with it or without. */

#define ORIGIN_LINES_MAX 32U
#define ORIGIN_LINE_MAX 4096U

#define ORIGIN_OCI "oci"           /* 64 hexadecimal digits: which layers of an OCI image lie here, down to the base (oci-layer.h) */
#define ORIGIN_URL "url"           /* of an archive that was pulled, as it was asked for */
#define ORIGIN_ETAG "etag"         /* what its server called this version of it; */
#define ORIGIN_MODIFIED "modified" /* and when it was made, in its words */
#define ORIGIN_SHA256 "sha256"     /* of the archive */

/* Put all of its file system on disk, then write it. -EINVAL: a line has no word and value, or control characters. -EEXIST. */
int layer_origin_write(const Layer *l, char *const *lines, Error **reterr);

/* 1, or 0: it has none. What is not right in it is left out. *ret is the caller's. */
int layer_origin_read(const Layer *l, char ***ret, Error **reterr);

/* What a word says, within lines; NULL: it is not there. */
const char *layer_origin_get(char *const *lines, const char *word);

/* A layer of which a word says this, and all that it stands on is there: 1, and it is held, the newest of several; 0: none. */
int layer_origin_find(const Store *s, const char *word, const char *value, Layer **ret, Error **reterr);

/* Of an image on layers: what the first of these that has that word came from, from the top down: 1, or 0. */
int image_origin(const Image *image, const char *word, char ***ret, Error **reterr);
