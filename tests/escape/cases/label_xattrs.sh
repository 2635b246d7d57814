# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='attributes that the host goes by, on a file of the machine'"'"'s: labels of Smack and IMA, overlay'"'"'s own'
NEEDS_USERS='they are the host root'"'"'s to set'

setup() { bring xattrs; }

attack() {
        echo file >/root/file
        xattrs /root/file
}

verdict() { verdict_of_attempts; }
