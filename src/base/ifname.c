/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ifname.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

#define HASH_DIGITS 5 /* of base 32: one name in 33 million is another's, and then there is a next attempt */

bool ifname_is_valid(const char *name, unsigned max) {
        return *name && strlen(name) <= max && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strpbrk(name, "/: \t") &&
                string_is_clean(name);
}

bool ifname_fit(const char *prefix, const char *name, unsigned attempt, char ret[IFNAME_SIZE]) {
        static const char digits[32] = "abcdefghijklmnopqrstuvwxyz234567";
        char whole[256], salted[sizeof(whole) + 16];
        unsigned long long hash;

        snprintf(whole, sizeof(whole), "%s%s", prefix, name);
        if (attempt == 0 && strlen(whole) < IFNAME_SIZE) {
                memcpy(ret, whole, strlen(whole) + 1);
                return false;
        }
        snprintf(salted, sizeof(salted), attempt > 0 ? "%s %u" : "%s", whole, attempt);
        hash = string_hash(salted);
        snprintf(ret, IFNAME_SIZE - HASH_DIGITS, "%s", whole);
        for (size_t n = strlen(ret), end = n + HASH_DIGITS; n < end; n++, hash >>= 5) {
                ret[n] = digits[hash & 31];
                ret[n + 1] = 0;
        }
        return true;
}
