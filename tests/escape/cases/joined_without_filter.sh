# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# What an admin runs inside is the guest's to take over (a program of the tree's own, a shared library): it must have no more than init.
WHAT='what joins a machine has more than its init: calls that its filter refuses, limits above its own'
OPTIONS_nbox=(--rlimit=NOFILE=300:400 --system-call-filter=~add_key)

setup() { bring attempt; }

attack() { :; }

meanwhile() { machine_join /escape/attempt swapon acct add_key session-keyring fanotify rlimit >>"$OUT" </dev/null || true; }

verdict() { verdict_of_attempts; }
