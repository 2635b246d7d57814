/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Text to values: the whole text must be the value (no trailing junk, no sign, no white space).
 * 0 or -EINVAL / -ERANGE; *ret is untouched on failure. */

int parse_bool(const char *s, bool *ret);                            /* yes/no true/false on/off 1/0 y/n t/f */
int parse_u64(const char *s, uint64_t max, uint64_t *ret);           /* decimal */
int parse_pid(const char *s, pid_t *ret);                            /* >= 1 */
int parse_size(const char *s, uint64_t *ret);                        /* bytes, K M G T suffix, powers of 1024 */
int parse_byte_rate(const char *s, uint64_t *ret);                   /* the same in powers of 1000; or infinity: UINT64_MAX */
int parse_percent(const char *s, uint64_t max, uint64_t *ret);       /* "50%", "12.5%", as hundredths of a per cent; max likewise */
int parse_port(const char *s, uint16_t *ret);                        /* 1..65535 */
int parse_id128(const char *s, uint8_t ret[16]);                     /* 32 hex digits, or the form with dashes */

/* And back: 32 hex digits, as sd_id128_to_string() has them. Returns ret. */
char *id128_to_text(const uint8_t id[16], char ret[33]);

/* A signal's number by name ("SIGTERM", "TERM", "RTMIN+3") or number. -EINVAL if there is none. */
int parse_signal(const char *s, int *ret);

/* The other way round, as it is shown: "SIGTERM", "SIGRTMIN+4". Returns buf. */
#define SIGNAL_TEXT_MAX 24
const char *signal_to_text(int sig, char buf[SIGNAL_TEXT_MAX]);
