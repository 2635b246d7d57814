/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whose a rule is: its comment, in every kind of ruleset, ours and others'. Kept for good: a newer nbox cleans up after an older one. */

#define TAG_MAX 96 /* the longest prefix and a machine's name */
#define MACHINE_TAG "nbox:machine:"
#define ZONE_TAG "nbox:zone:"

void machine_tag(char tag[TAG_MAX], const char *name);
void zone_tag(char tag[TAG_MAX], const char *name);

/* The rest of a tag behind `prefix`, or NULL. */
const char *tag_name(const char *tag, const char *prefix);
