/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "store.h"

/* The names that a store is made of, as text and back. Nothing of it is believed: what does not have the very form is not one. */

#define LAYER_INFO_MAX 4096 /* bytes of an info file */

bool layer_id_is_valid(const char *id);
int layer_id_new(char ret[LAYER_ID_SIZE]);

/* The text of an image's link, ".#nbox/layers/ID/tree", and of a snapshot's, "../../layers/ID". */
#define LAYER_LINK_MAX 64
void layer_link(const char *id, char ret[LAYER_LINK_MAX]);
bool layer_from_link(const char *text, char ret[LAYER_ID_SIZE]);
void layer_snapshot_link(const char *id, char ret[LAYER_LINK_MAX]);
bool layer_from_snapshot_link(const char *text, char ret[LAYER_ID_SIZE]);

/* Read one of these links: 1; 0 where name in dir is something else, or nothing; -errno. */
int layer_read_link(int dir, const char *name, char ret[LAYER_ID_SIZE]);
int layer_read_snapshot_link(int dir, const char *name, char ret[LAYER_ID_SIZE]);

/* An info file's text into parent, made_usec and from, which are as a new Layer has them. Lines whose first word is unknown are left
 * out; a line whose first word is known must be right, and there once. The text is torn apart. -EBADMSG, -ENOMEM. */
int layer_info_parse(Layer *l, char *text);
char *layer_info_format(const Layer *l); /* NULL on out of memory */
