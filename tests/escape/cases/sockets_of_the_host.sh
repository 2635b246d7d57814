# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='sockets that no network namespace holds, or that load modules: AF_VSOCK, audit, AF_ALG'

setup() { bring attempt; }

attack() { attempt vsock audit af_alg; }

verdict() { verdict_of_attempts; }
