# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='out of the root by a second chroot, by descriptors of an old root, by ..'
CONTROL=chroot

setup() {
        bring breakout
        secret >/dev/null
}

attack() { breakout srv/escape/secret; }

verdict() {
        if grep -qF "$(secret)" "$OUT"; then works "a file of the host's was read"; else blocked "$(tail -n 1 "$OUT")"; fi
}
