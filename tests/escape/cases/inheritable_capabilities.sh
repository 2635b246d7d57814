# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# A program with inheritable file capabilities, executed by a user whose inheritable set is full, has them.
WHAT='CVE-2022-27649, 2022-27650: inheritable capabilities of init and of what joins, for a user of the machine to gain'

setup() { bring caps; }

attack() { caps; }

meanwhile() { machine_join /escape/caps >>"$OUT" </dev/null || true; }

verdict() {
        if printed '^gained'; then
                works "$(grep -m 1 ^gained "$OUT")"
        elif [ "$(grep -c '^CapInh: 0$' "$OUT")" = 2 ]; then
                blocked "CapInh is 0, of init and of what joins"
        else
                blocked "$(grep -v 'CapInh: 0' "$OUT" | head -n 1), but nothing gained"
        fi
}

# As podman, runc and others started what is inside.
control() {
        if setpriv --inh-caps +net_raw,+sys_admin chroot "$TREE" /escape/caps | grep -q ^gained; then works "gained"; else blocked "by the control"; fi
}
