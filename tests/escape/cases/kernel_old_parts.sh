# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='parts of the kernel that nobody needs any more, with a record of holes: segments for 16-bit programs, key sockets of old IPsec'

setup() { bring attempt; }

attack() { attempt modify_ldt af_key; }

verdict() { verdict_of_attempts; }
