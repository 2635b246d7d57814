# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# The same calls by the numbers of 32-bit programs and of x32, of which a filter may not think.
WHAT='a filter that looks at the numbers of one architecture: open_by_handle_at, kexec, add_key, swapon by int 0x80 and as x32'

setup() { bring abis; }

attack() { abis; }

verdict() { verdict_of_attempts; }
