# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Limits of images by quotas of projects, which not every kernel that runs these tests has.

. "$(dirname "${BASH_SOURCE[0]}")/limits-words.sh"

test_limit_on_ext4() {
        export -f limits_hold fill
        on_file_system ext4 prjquota bash -ec limits_hold
}

test_limit_on_layers() {
        export -f limits_hold_on_layers fill
        on_file_system ext4 prjquota bash -ec limits_hold_on_layers
}
