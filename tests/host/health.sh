# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Health: checks of a machine, made again and again; who is told, what is done, and guests that hang, lie and write without end.

. "$(dirname "${BASH_SOURCE[0]}")/events-words.sh"

QUICK='--health-interval=1 --health-timeout=1 --health-retries=2 --health-start-period=0'

inside() { nbox exec "$GUEST" /bin/busybox "$@"; }
health_is() { [ "$(nbox list --json | jq -r --arg m "$GUEST" '.[] | select(.machine == $m) | .health')" = "$1" ]; }
words_of() { nbox show -p HealthWords "$GUEST"; }
helpers_of() { pgrep -xc -P "$(property "$GUEST" Supervisor)" nbox || true; }

# ill CHECK: with that check alone the machine becomes unhealthy; what it says is in $SAID.
ill() {
        # shellcheck disable=SC2086
        boot "$GUEST" $QUICK --health="$1"
        wait_until 10 health_is unhealthy
        SAID=$(words_of)
}

test_no_checks_no_cost() {
        boot "$GUEST"
        same "health" "$(nbox list --json | jq -c '.[0].health')" null
        has_not "$(nbox status "$GUEST")" 'Health'
        sleep 1.5
        same "processes of the supervisor's" "$(helpers_of)" 0
        terminate "$GUEST"
}

test_well_ill_and_well_again() {
        local before
        before=$(date +%s%6N)
        # shellcheck disable=SC2086
        boot "$GUEST" $QUICK --health='command:/bin/busybox test ! -e /run/ill' --health=port:8080 --health=http:8080/ --health-start-period=60 --ready=life
        health_is starting || fail "it is healthy too early"
        inside mkdir -p /run/www
        inside sh -c 'echo well >/run/www/index.html'
        inside httpd -p 8080 -h /run/www
        status_is 0 nbox wait --for=healthy --timeout=20 "$GUEST"
        status_is 0 setpriv --reuid 65534 --regid 65534 --clear-groups nbox wait --for=healthy "$GUEST"
        has "$(nbox status "$GUEST")" 'Health: healthy'
        inside sh -c 'echo "sick of it" >&2; >/run/ill'
        wait_until 10 health_is unhealthy
        has "$(nbox list)" "$GUEST .*unhealthy"
        has "$(nbox status "$GUEST")" 'Health: unhealthy'
        has "$(nbox status "$GUEST")" 'command:/bin/busybox test ! -e /run/ill: status 1'
        has "$(nbox status "$GUEST")" '[2-9] failures in a row'
        inside rm /run/ill
        status_is 0 nbox wait --for=healthy --timeout=20 "$GUEST"
        has_not "$(nbox list)" unhealthy
        has "$(nbox events --since "@$((before / 1000000))" --json 2>/dev/null || cat /run/nbox/events)" 'unhealthy'
        terminate "$GUEST"
}

test_a_command_that_says_why() {
        ill "command:/bin/busybox sh -c 'echo no disk left; exit 7'"
        has "$SAID" 'status 7: no disk left'
        terminate "$GUEST"
        ill 'command:/no/such/thing'
        has "$SAID" 'cannot be executed'
        terminate "$GUEST"
}

# Each is ended in its time, and nothing is left of it.
test_guests_that_do_not_answer() {
        ill 'command:/bin/busybox sleep 1000'
        has "$SAID" 'no end in time'
        has_not "$(inside ps)" 'sleep 1000.*sleep 1000'
        terminate "$GUEST"
        ill "command:/bin/busybox sh -c 'exec /bin/busybox yes'"
        has "$SAID" 'status|no end'
        terminate "$GUEST"
        # One that hangs in something of its own while others of it go on.
        ill "command:/bin/busybox sh -c '/bin/busybox sleep 30 & exit 3'"
        has "$SAID" 'status 3'
        terminate "$GUEST"
}

# serve PORT PROGRAM: in the machine's network, each connection gets one.
serve() {
        nsenter -n -t "$(property "$GUEST" Leader)" socat "TCP-LISTEN:$1,fork,reuseaddr" "$2" 2>/dev/null &
        SERVERS="$SERVERS $!"
}

test_servers_that_are_no_good() {
        SERVERS=
        ill http:8081/
        has "$SAID" 'refused'
        serve 8081 'EXEC:sleep 1000'
        wait_until 10 eval 'words_of | grep -q "no answer in time"'
        terminate "$GUEST"
        # One byte at a time, and never a whole line.
        ill http:8082/
        serve 8082 "SYSTEM:while printf H; do sleep 0.2; done"
        wait_until 10 eval 'words_of | grep -q "no answer in time"'
        terminate "$GUEST"
        ill http://127.0.0.1:8083/
        serve 8083 EXEC:yes
        wait_until 10 eval 'words_of | grep -q "does not speak HTTP"'
        terminate "$GUEST"
        # Of an answer without end the first line is enough.
        ill http:8084/
        printf '#!/bin/sh\nprintf "HTTP/1.1 500 No\\r\\n"; exec cat /dev/zero\n' >"$SCRATCH/endless"
        chmod +x "$SCRATCH/endless"
        serve 8084 "EXEC:$SCRATCH/endless"
        wait_until 10 eval 'words_of | grep -q "500 No"'
        terminate "$GUEST"
        # shellcheck disable=SC2086
        kill $SERVERS 2>/dev/null || true
        wait
}

test_a_page_that_is_not_there() {
        ill http:8085/none
        inside mkdir -p /run/www
        inside httpd -p 8085 -h /run/www
        wait_until 10 eval 'words_of | grep -q "404"'
        inside sh -c 'echo >/run/www/none'
        wait_until 10 health_is healthy
        terminate "$GUEST"
}

test_stop_and_kill() {
        # shellcheck disable=SC2086
        boot "$GUEST" $QUICK --health='command:/bin/busybox false' --health-on-failure=stop
        wait_until 15 is_gone "$GUEST"
        # shellcheck disable=SC2086
        boot "$GUEST" $QUICK --health='command:/bin/busybox false' --health-on-failure=kill
        wait_until 15 is_gone "$GUEST"
}

# It is started again, and not for ever.
test_restart() {
        # shellcheck disable=SC2086
        boot "$GUEST" $QUICK --health-retries=1 --health='command:/bin/busybox false' --health-on-failure=restart
        wait_until 40 eval '[ "$(property "$GUEST" HealthRestarts)" = 5 ]'
        wait_until 15 eval '[ "$(property "$GUEST" Reboots)" = 5 ]'
        wait_until 15 health_is unhealthy
        same "reboots" "$(property "$GUEST" Reboots)" 5
        sleep 2
        same "reboots" "$(property "$GUEST" Reboots)" 5
        terminate "$GUEST"
}

# Who kills the process that asks has not made the machine ill; one that stands still is not asked.
test_it_goes_on() {
        local asks
        # shellcheck disable=SC2086
        boot "$GUEST" $QUICK --health-timeout=20 --health='command:/bin/busybox sleep 15'
        wait_until 10 eval '[ "$(helpers_of)" = 1 ]'
        asks=$(pgrep -x -P "$(property "$GUEST" Supervisor)" nbox)
        kill -9 "$asks"
        wait_until 15 eval '[ "$(pgrep -x -P "$(property "$GUEST" Supervisor)" nbox)" -gt 0 ] && [ "$(pgrep -x -P "$(property "$GUEST" Supervisor)" nbox)" != "$asks" ]'
        same "failures" "$(property "$GUEST" HealthFailures)" 0
        terminate "$GUEST"
}

test_what_is_refused() {
        refused nbox boot -d --health=https:443/ "$GUEST"
        has "$REFUSAL" 'TLS'
        refused nbox boot -d --health=http:80x "$GUEST"
        refused nbox boot -d --health=http://example.com/ "$GUEST"
        refused nbox boot -d --health='http:80/a b' "$GUEST"
        refused nbox boot -d --health-retries=0 "$GUEST"
        refused nbox boot -d --health-interval=1ms "$GUEST"
        refused nbox run --health=init "$GUEST" /bin/busybox true
        has "$(nbox boot --dry-run --health=http:80/x --health-on-failure=restart "$GUEST")" 'health_on_failure restart'
}
