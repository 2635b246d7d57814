/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Load a kernel module with what it depends on, as modprobe does. 0 also when it is built in, loaded already, or
 * not there at all: whoever needs the feature finds out by using it. -errno when the kernel refused it. */
int module_load(const char *name);
