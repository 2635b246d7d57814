# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Terminals: the guest's gettys as its packages set them up, what passes through a terminal, and what happens when either end of it
# goes away.

# The guest, booted. There is no name server in this world, which finit's login would ask.
up() {
        forget_marks "$GUEST"
        boot "$GUEST" --resolv-conf=off
        wait_until 30 marked "$GUEST" up 1
}

# terminals SCRIPT...: with the words of tty.tcl.
terminals() {
        { cat "$HERE/tty.tcl" && cat; } | NAME=$GUEST SCRATCH=$SCRATCH PATIENCE=$PATIENCE timeout "$((100 * PATIENCE))" expect -f - || fail "see above"
}

# How many of three logins find a getty of the guest's own.
gettys() {
        case $GUEST in
        busybox) echo 0 ;;
        s6 | script | openrc-init) echo 1 ;;
        debian) echo 2 ;; # as container_ttys= says
        *) echo 3 ;;
        esac
}

# With gettys of its own or without: everyone has a terminal for himself.
test_three_logins_at_once() {
        up
        terminals <<'EOT'
foreach n {1 2 3} { set id($n) [on 24 80 nbox login $machine] }
foreach n {1 2 3} {
        prompt $id($n) 4
        log_in $id($n)
        regexp {/dev/(tty|pts/)[0-9]+} [run $id($n) tty] tty($n)
}
if {$tty(1) eq $tty(2) || $tty(2) eq $tty(3) || $tty(1) eq $tty(3)} { fail "two on one terminal: $tty(1) $tty(2) $tty(3)" }
foreach n {1 2 3} { answer $id($n) "echo here-\$(tty)" "here-$tty($n)" }
# A logout, and the next one finds a terminal.
type $id(1) "exit\r"
set next [on 24 80 nbox login $machine]
prompt $next 4
log_in $next
foreach n {2 3} { leave $id($n) }
set again [on 24 80 nbox login $machine]
prompt $again 4
log_in $again
answer $next "echo undisturbed" undisturbed
EOT
        is_listed "$GUEST" || fail "leaving a login ended the machine"
        terminate "$GUEST"
}

# A getty of nbox's own would throw out whoever has logged in, or be thrown out, when the guest's comes.
test_login_while_booting_waits_for_the_getty() {
        forget_marks "$GUEST"
        boot "$GUEST" --resolv-conf=off
        GETTYS=$(gettys) terminals <<'EOT'
foreach n {1 2 3} { set id($n) [on 24 80 nbox login $machine] }
foreach n {1 2 3} {
        prompt $id($n) 30
        log_in $id($n)
}
# Who has started a session: the guest's init, or, for what came from outside, nobody. See gettys().
set by_init 0
foreach n {1 2 3} {
        set text [run $id($n) {p=$$; while [ "$p" -gt 1 ]; do set -- $(cat /proc/$p/stat); p=$4; done; echo "root-$p"}]
        if {[regexp {root-1} $text]} { incr by_init }
}
if {$by_init != $env(GETTYS)} { fail "$by_init logins are on gettys of the guest's own" }
# And nobody is thrown out when the boot goes on.
after 3000
foreach n {1 2 3} { answer $id($n) "echo undisturbed" undisturbed }
EOT
        terminate "$GUEST"
}

# Later ones wait for a getty that is started anew: a supervisor of services does so once a second, and Debian's agetty then sleeps for one.
test_a_prompt_within_two_seconds() {
        up
        sleep "$((2 * SLOW))"
        terminals <<'EOT'
foreach n {1 2 3} {
        set id [on 24 80 nbox login $machine]
        prompt $id [expr {$n == 1 ? 2 : 4}]
        leave $id
}
EOT
        terminate "$GUEST"
}

test_window_size() {
        up
        terminals <<'EOT'
proc console_size {} {
        catch { inside /bin/busybox sh -c "stty size </dev/console" } text
        return $text
}
set id [on 33 101 nbox login $machine]
prompt $id 4
log_in $id
answer $id "stty size" "33 101"
resize $id 44 111
until 5 { [regexp "44 111" [run $id "stty size"]] }
leave $id
set id [on 22 77 nbox login $machine]
prompt $id 4
log_in $id
answer $id "stty size" "22 77"
leave $id

# From the very start: nothing waits here for a first change.
foreach verb {{exec -t} shell} {
        set id [eval on 31 91 nbox $verb $machine /bin/busybox stty size]
        await $id "31 91" 5
        ended $id
}
set id [on 30 90 nbox shell $machine]
await $id {[#$] (\x1b\[6n)?$}
answer $id "stty size" "30 90"
resize $id 40 95
until 5 { [regexp "40 95" [run $id "stty size"]] }
type $id "exit\r"
ended $id

set id [on 28 88 nbox console $machine]
until 5 { [regexp "28 88" [console_size]] }
resize $id 29 89
until 5 { [regexp "29 89" [console_size]] }
leave $id
set id [on 27 87 nbox console $machine]
until 5 { [regexp "27 87" [console_size]] }
leave $id
EOT
        terminate "$GUEST"
        terminals <<'EOT'
set id [on 26 86 nbox run --network=none $machine /bin/busybox stty size]
await $id "26 86" 10
ended $id
EOT
}

test_a_terminal_that_goes_ends_the_session() {
        up
        terminals <<'EOT'
proc session {id} {
        prompt $id 4
        log_in $id
        regexp {pid-([0-9]+) on (/dev/(tty|pts/)[0-9]+)} [run $id {echo "pid-$$ on $(tty)"}] all pid tty
        type $id "/bin/busybox sleep 4711\r"
        until 5 { [regexp {sleep 4711} [inside /bin/busybox ps]] }
        return $pid
}
proc is_over {pid} {
        until 5 { ![regexp {sleep 4711} [inside /bin/busybox ps]] }
        until 5 { [catch { inside /bin/busybox kill -0 $pid }] }
}
# The client is killed, is told to hang up, or its terminal closes.
foreach end {KILL HUP TERM close} {
        set id [on 24 80 nbox login $machine]
        set pid [session $id]
        # What was typed last is nobody's any more.
        type $id "touch /typed-by-another\r"
        if {$end eq "close"} { close -i $id } else { exec kill -s $end $pids($id) }
        wait -i $id
        is_over $pid
}
foreach verb {shell {exec -t}} {
        foreach end {KILL HUP close} {
                set command [expr {$verb eq "shell" ? {} : {/bin/sh}}]
                set id [eval on 24 80 nbox $verb $machine $command]
                await $id {[#$] (\x1b\[6n)?$}
                regexp {pid-([0-9]+)} [run $id {echo pid-$$}] all pid
                type $id "/bin/busybox sleep 4711\r"
                until 5 { [regexp {sleep 4711} [inside /bin/busybox ps]] }
                if {$end eq "close"} { close -i $id } else { exec kill -s $end $pids($id) }
                wait -i $id
                is_over $pid
        }
}
# And the next one finds all in order.
set id [on 24 80 nbox login $machine]
prompt $id 5
log_in $id
answer $id "test -e /typed-by-another; echo there-\$?" there-1
leave $id
EOT
        is_listed "$GUEST" || fail "the machine has ended with a terminal"
        terminate "$GUEST"
}

test_a_terminal_that_goes_powers_off_what_was_booted_on_it() {
        local end
        for end in HUP close; do
                forget_marks "$GUEST"
                END=$end terminals <<'EOT'
set id [on 24 80 nbox boot --resolv-conf=off $machine]
until 30 { ![catch { exec grep -qx up /var/lib/machines/$machine/var/marks }] }
until 5 { ![catch { inside /bin/busybox sh -c "stty size </dev/console" } text] && [regexp "24 80" $text] }
after 1000
if {$env(END) eq "close"} { close -i $id } else { exec kill -s HUP $pids($id) }
if {$env(END) eq "HUP"} { ended $id 20 } else { wait -i $id }
EOT
                wait_until 20 is_gone "$GUEST"
                same "shutdowns after $end" "$(marks "$GUEST" down)" 1
        done
}

test_keys_and_bytes_pass() {
        up
        terminals <<'EOT'
set id [on 24 80 nbox login $machine]
prompt $id 4
log_in $id
type $id "/bin/busybox sleep 4711\r"
until 5 { [regexp {sleep 4711} [inside /bin/busybox ps]] }
type $id "\x03"
await $id {[#$] (\x1b\[6n)?$} 5
type $id "/bin/busybox sleep 4712\r"
until 5 { [regexp {sleep 4712} [inside /bin/busybox ps]] }
type $id "\x1c"
await $id {[#$] (\x1b\[6n)?$} 5
type $id "/bin/busybox sleep 4713\r"
until 5 { [regexp {sleep 4713} [inside /bin/busybox ps]] }
type $id "\x1a"
await $id {[#$] (\x1b\[6n)?$} 5
answer $id "jobs" "Stopped.*sleep 4713"
run $id "kill -9 %1"
# One ^] alone is the guest's.
type $id "/bin/busybox od -An -tx1 -N3\r"
await $id {N3\r\n}
type $id "a\x1db\r"
await $id {61 1d 62} 5
await $id {[#$] (\x1b\[6n)?$} 5
# ^S holds back, ^Q lets go.
type $id "\x13"
after 500
type $id "echo held-\$((40+2))\r"
expect {
        -i $id -timeout 1 -re {held-42} { fail "^S does not hold" }
        timeout {}
}
type $id "\x11"
await $id {held-42} 5
await $id {[#$] (\x1b\[6n)?$} 5
# Held, and left: the next one on it is not.
type $id "\x13"
after 300
type $id "echo lost\r"
leave $id
set id [on 24 80 nbox login $machine]
prompt $id 5
log_in $id

# Every byte, in raw mode, as an editor has it, both ways.
fconfigure $id -encoding binary -translation binary
run $id "mkdir -p /tmp; S=\$(stty -g)"
type $id "stty raw -echo; echo go; /bin/busybox head -c 256 >/tmp/bytes; stty \$S; echo came-\$((40+2))\r"
await $id {go\n}
after 300
set bytes ""
for {set i 0} {$i < 256} {incr i} { append bytes [format %c $i] }
type $id $bytes
await $id {came-42}
await $id {[#$] (\x1b\[6n)?$}
set f [open $env(SCRATCH)/bytes w]
fconfigure $f -translation binary
puts -nonewline $f $bytes
close $f
set utf8 [encoding convertto utf-8 "grüß-\u4f60-\U1F600"]
type $id "echo '$utf8' >/tmp/utf8\r"
await $id {[#$] (\x1b\[6n)?$}
leave $id
EOT
        nbox exec "$GUEST" cat /tmp/bytes | cmp - "$SCRATCH/bytes"
        has "$(nbox exec "$GUEST" cat /tmp/utf8)" '^grüß-你-'
        # And out again.
        printf '#!/bin/sh\nstty raw\ncat /tmp/bytes\n' | nbox exec "$GUEST" /bin/sh -c 'cat >/tmp/show; chmod 755 /tmp/show'
        # (The end of its own input would be shown, too.)
        sleep 3 | script -qec "nbox exec -t $GUEST /tmp/show 2>/dev/null" /dev/null >"$SCRATCH/out"
        cmp "$SCRATCH/out" "$SCRATCH/bytes" || fail "what came out: $(od -c "$SCRATCH/out" | head -n 40)"
        terminate "$GUEST"
}

test_a_paste_is_not_cut_short() {
        local verb
        up
        for verb in login shell; do
                VERB=$verb terminals <<'EOT'
set id [on 24 80 nbox $env(VERB) $machine]
if {$env(VERB) eq "login"} {
        prompt $id 5
        log_in $id
} else {
        await $id {[#$] (\x1b\[6n)?$}
}
set text ""
for {set i 0} {$i < 2000} {incr i} { append text [format "line %05d of what somebody pastes into it here\n" $i] }
set f [open $env(SCRATCH)/paste w]
puts -nonewline $f $text
close $f
type $id "cat >/tmp/paste\r"
await $id {paste\r\n}
# As a terminal does: as fast as it goes, while it shows what comes back.
set rest $text
while {$rest ne ""} {
        type $id [string range $rest 0 2047]
        set rest [string range $rest 2048 end]
        expect -i $id -timeout 0 -re {.+} {}
}
type $id "\x04"
await $id {[#$] (\x1b\[6n)?$} 30
EOT
                nbox exec "$GUEST" cat /tmp/paste | cmp - "$SCRATCH/paste"
        done
        # By a program that does not read for a while, more than any buffer on the way holds.
        terminals <<'EOT'
set id [on 24 80 nbox login $machine]
prompt $id 5
log_in $id
type $id "stty -echo; sleep 2; cat >/tmp/late\r"
await $id {late\r\n}
after 300
set f [open $env(SCRATCH)/paste]
set text [read $f]
close $f
for {set i 0} {$i < 4} {incr i} { type $id $text }
type $id "\x04"
await $id {[#$] (\x1b\[6n)?$} 30
EOT
        same "lines that came" "$(nbox exec "$GUEST" /bin/busybox wc -l /tmp/late | cut -d' ' -f1)" 8000
        terminate "$GUEST"
}

test_the_caller_gets_his_terminal_back() {
        up
        terminals <<'EOT'
set shell [on 24 80 bash --norc --noprofile -i]
type $shell "PS1='outer> '\r"
await $shell {outer> $}
type $shell "S=\$(stty -g); same() { test \"\$S\" = \"\$(stty -g)\" && echo same-\$((40+2)) || echo raw-\$((40+2)); }\r"
await $shell {outer> $}
foreach verb {login console shell} {
        foreach end {keys TERM INT QUIT HUP TSTP} {
                type $shell "nbox $verb $machine\r"
                await $shell {Press \^\]}
                if {$verb ne "console"} { await $shell {(ogin: |[#$] (\x1b\[6n)?)$} 5 } else { after 300 }
                set client [exec pgrep -n -f "^nbox $verb $machine"]
                if {$end eq "keys"} {
                        type $shell "\x1d\x1d\x1d"
                } else {
                        exec kill -s $end $client
                }
                await $shell {outer> $} 5
                type $shell "same\r"
                if {![regexp same-42 [await $shell {(same|raw)-42}]]} { fail "$verb left by $end: the terminal is not as it was" }
                await $shell {outer> $} 5
                if {$end eq "TSTP"} {
                        # Let go on, it is raw again: ^C is the guest's.
                        type $shell "fg\r"
                        await $shell "nbox $verb"
                        after 300
                        if {![regexp -- {-icanon} [exec stty -a < $slaves($shell)]]} { fail "$verb is not raw after fg" }
                        type $shell "\x1d\x1d\x1d"
                        await $shell {outer> $} 5
                }
        }
}
# The machine ends.
type $shell "nbox login $machine\r"
await $shell {ogin: $} 5
exec nbox terminate $machine
await $shell {outer> $} 10
type $shell "same\r"
await $shell {same-42}
EOT
        wait_until 5 is_gone "$GUEST"
}

# supervisor_ticks: of CPU that it has used, hundredths of a second.
supervisor_ticks() {
        local fields
        read -r -a fields < <(sed 's/.*) //' "/proc/$(nbox show -p supervisor "$GUEST" | grep -Eo '[0-9]+' | tail -n 1)/stat")
        echo $((fields[11] + fields[12]))
}

test_output_that_nobody_sees_costs_little() {
        local before used
        up
        # A getty that dies at once and comes back, without end; and one that writes as fast as it can.
        nbox exec "$GUEST" /bin/busybox sh -c 'setsid sh -c "while :; do echo respawn >/dev/tty5; done" >/dev/null 2>&1 &'
        nbox exec "$GUEST" /bin/busybox sh -c 'setsid sh -c "yes >/dev/tty6" >/dev/null 2>&1 &'
        sleep 1
        before=$(supervisor_ticks)
        sleep 3
        used=$(($(supervisor_ticks) - before))
        [ "$used" -lt 100 ] || fail "$used of 300 ticks for what nobody looks at"
        # And a login works all the same.
        terminals <<'EOT'
set id [on 24 80 nbox login $machine]
prompt $id 5
log_in $id
leave $id
EOT
        terminate "$GUEST"
}

test_term_is_passed() {
        up
        has "$(TERM=xterm-256color script -qec "nbox exec -t $GUEST /bin/sh -c 'echo \$TERM'" /dev/null </dev/null)" 'xterm-256color'
        terminate "$GUEST"
}
