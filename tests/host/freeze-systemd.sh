# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Frozen machines and the host's systemd: what it freezes is thawed by nbox, and what nbox freezes is ended by it.

. "$HOST_TOOLS/freeze-words.sh"

freezer_of() { unit_of "$1" FreezerState; }
has_ended() { is_dead nbox@ice.service && is_dead machine-ice.scope && is_gone ice; }

# freezing WAY: by nbox, the kernel's file, or systemd on the scope or on the slice.
freezing() {
        case $1 in
        nbox) nbox freeze ice ;;
        file) echo 1 >"$(group_of ice)/cgroup.freeze" ;;
        scope | slice) systemctl freeze "machine-ice.$1" ;;
        esac
        wait_until 5 is_frozen ice
}

test_whoever_froze_it() {
        local way
        tree_with ice
        nbox start ice
        ticking ice
        for way in nbox file scope slice; do
                freezing "$way"
                has "$(nbox list)" '^ice .* frozen '
                at_once nbox exec ice true
                systemctl daemon-reload
                systemctl daemon-reexec
                systemctl set-property --runtime machine-ice.slice TasksMax=5000
                is_frozen ice
                stands_still ice
                nbox thaw ice
                is_thawed ice
                goes_on_ticking ice
                same "the scope, of $way" "$(freezer_of machine-ice.scope)" running
                same "the slice, of $way" "$(freezer_of machine-ice.slice)" running
        done
        nbox freeze ice
        systemctl thaw machine-ice.scope # and the other way round
        is_thawed ice
        goes_on_ticking ice
        nbox freeze ice # of which nbox has seen
        is_frozen ice
        nbox thaw ice
        systemctl revert machine-ice.slice >/dev/null 2>&1
        rm -rf /run/systemd/system.control/machine-ice.slice.d
        systemctl daemon-reload
        systemctl stop nbox@ice
        remove_tree ice
}

# A slice of others' is not thawed behind their back.
test_a_slice_of_others() {
        tree_with ice
        boot ice --network=none --slice=others.slice
        systemctl freeze others.slice
        wait_until 5 is_frozen ice
        refused nbox thaw ice
        has "$REFUSAL" '/others.slice, which is frozen'
        has "$REFUSAL" 'systemctl thaw others.slice'
        systemctl thaw others.slice
        nbox exec ice true
        terminate ice
        systemctl stop others.slice
        remove_tree ice
}

# It ends in order by each of systemd's ways; of what systemd has frozen itself, as far as it lets itself be asked.
test_systemd_ends_it() {
        local way how
        tree_with ice
        for way in nbox scope slice; do
                for how in 'systemctl stop nbox@ice' 'systemctl stop machine-ice.scope' 'machinectl terminate ice' 'machinectl poweroff ice' \
                        'nbox poweroff ice' 'nbox terminate ice' 'nbox stop ice'; do
                        case $way:$how in # systemd 257 refuses the others of what it has frozen itself
                        nbox:* | s*:*nbox@ice | s*:nbox\ poweroff*) ;;
                        *) continue ;;
                        esac
                        nbox start ice
                        forget_marks ice
                        freezing "$way"
                        # shellcheck disable=SC2086
                        timeout "$((20 * PATIENCE))" $how || fail "$how, frozen by $way: status $?"
                        wait_until 20 has_ended || fail "$how, frozen by $way"
                        case $how in
                        *terminate*) ;;
                        *) marked ice down 1 || fail "not in order: $how, frozen by $way" ;;
                        esac
                        systemctl reset-failed 2>/dev/null || true
                done
        done
        nbox start ice
        nbox freeze ice
        timeout "$((20 * PATIENCE))" systemctl restart nbox@ice
        timeout "$((10 * PATIENCE))" nbox exec ice true
        forget_marks ice
        nbox freeze ice
        timeout "$((20 * PATIENCE))" machinectl reboot ice
        wait_until 20 marked ice up 1
        wait_until 10 is_state ice running
        same "after a reboot" "$(property ice Frozen)" no
        systemctl stop nbox@ice
        remove_tree ice
}

# SIGKILL for the supervisor of a frozen machine: it ends with its unit.
test_its_unit_is_killed() {
        local way
        tree_with ice
        for way in nbox scope; do
                nbox start ice
                freezing "$way"
                kill -KILL "$(unit_of nbox@ice.service MainPID)"
                wait_until 15 has_ended
                systemctl reset-failed 2>/dev/null || true
                nbox gc
        done
        nbox start ice
        timeout "$((10 * PATIENCE))" nbox exec ice true
        systemctl stop nbox@ice
        remove_tree ice
}

# A user whom polkit lets manage units freezes by systemd; who is not let is told.
test_who_is_not_root() {
        tree_with ice
        nbox start ice
        refused setpriv --reuid=65534 --clear-groups nbox --no-ask-password freeze ice
        is_thawed ice
        systemctl stop nbox@ice
        remove_tree ice
}
