/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "parcel.h"

/* Warn of all that a copy has left out or could not keep (verb-copy.c). */
void copy_say_all(const ParcelTally *t);
