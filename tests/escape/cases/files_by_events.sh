# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# The tree lies on a file system of the host's: whoever gets all events of that has the host's files, open.
WHAT='every event of the file system that the tree is on (fanotify), each with a file of the host'"'"'s, open'

setup() { bring attempt; }

attack() { attempt fanotify; }

verdict() { verdict_of_attempts; }
