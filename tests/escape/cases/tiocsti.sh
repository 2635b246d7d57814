# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Who joins from a terminal leaves it to what is run inside, unless that gets one of its own: what is pushed into it is read by the
# shell outside.
WHAT='CVE-2017-5226: keys are typed (TIOCSTI, TIOCLINUX) into the terminal from which somebody joins'

setup() { bring typein; }

joining() {
        case $RUNNER in
        nbox*) echo "nbox shell $NAME /escape/typein; nbox exec $NAME /escape/typein" ;;
        lxc*) echo "lxc-attach -n $NAME -- /escape/typein" ;;
        *) echo "nsenter -t $(machine_leader) -a /escape/typein" ;;
        esac
}

meanwhile() {
        JOINING=$(joining) timeout "$((20 * PATIENCE))" expect -f - >"$PREY/terminal" <<'EXPECT' || true
set timeout 60
spawn -noecho sh -i
send "$env(JOINING); echo left-\$((1+1))\r"
expect -re {left-2}
sleep 0.3
EXPECT
}

verdict() {
        if [ -e "$PREY/typed" ]; then
                works "the shell outside has executed it"
        elif grep -q 'typein: ' "$PREY/terminal"; then
                blocked "$(grep -m 1 'typein: ' "$PREY/terminal" | tr -d '\r' | sed 's/.*typein: //')"
        else
                blocked "typed into a terminal of the machine's own"
        fi
}
