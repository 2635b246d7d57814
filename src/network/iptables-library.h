/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libiptc/xtcshared.h>
#include <stdint.h>

#include "error.h"

/* libip4tc and libip6tc, opened with dlopen(3): a machine without a network of its own does not pay for them. For iptables-table.c. */

/* What differs between the families, but for the entries themselves. */
typedef struct IptablesProgram {
        const char *name;    /* for people */
        const char *library, *package;
        const char *prefix;  /* of the library's functions */
        const char *core;    /* the module below all tables, and */
        const char *module;  /* a table's, with its name behind */
        const char *names;   /* the file that lists tables of this namespace */
        const char *without; /* how a machine starts without it */
        const char *instead; /* likewise without its tables */
} IptablesProgram;

/* For AF_INET or AF_INET6. */
const IptablesProgram *iptables_program(int family);

/* Its functions are the same in both libraries, but for names and the entries that they point to. */
typedef struct Iptc {
        struct xtc_handle *(*init)(const char *table);
        void (*free)(struct xtc_handle *h);
        int (*commit)(struct xtc_handle *h);
        const char *(*strerror)(int error);
        int (*is_chain)(const char *chain, struct xtc_handle *h);
        int (*create_chain)(const char *chain, struct xtc_handle *h);
        int (*delete_chain)(const char *chain, struct xtc_handle *h);
        const uint8_t *(*first_rule)(const char *chain, struct xtc_handle *h);
        const uint8_t *(*next_rule)(const uint8_t *before, struct xtc_handle *h);
        const char *(*get_target)(const uint8_t *entry, struct xtc_handle *h);
        const char *(*get_policy)(const char *chain, struct xt_counters *counters, struct xtc_handle *h);
        int (*insert)(const char *chain, const uint8_t *entry, unsigned number, struct xtc_handle *h);
        int (*append)(const char *chain, const uint8_t *entry, struct xtc_handle *h);
        int (*delete_num)(const char *chain, unsigned number, struct xtc_handle *h);
} Iptc;

/* 0; or -EOPNOTSUPP where the library is not installed, or is another than it was. */
int iptc_load(const IptablesProgram *program, Iptc *ret, Error **reterr);
