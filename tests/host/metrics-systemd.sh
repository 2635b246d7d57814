# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The units of `nbox metrics`: the socket that a Prometheus asks at, and the file that is written again and again.

. "$(dirname "${BASH_SOURCE[0]}")/metrics-words.sh"

served() { systemctl list-units --no-legend --state=active,activating 'nbox-metrics@*' | wc -l; }
all_are_taken() { [ "$(served)" = 16 ]; }
nobody_is_served() { [ "$(served)" = 0 ]; }

socket_starts() {
        systemctl start nbox-metrics.socket
        wait_until 5 answers
}
socket_stops() {
        systemctl stop nbox-metrics.socket
        wait_until 20 nobody_is_served
        # None of those that it started is left in systemd's memory.
        same 'units left' "$(systemctl list-units --all --no-legend 'nbox-metrics@*')" ''
}

test_units_are_well_made() {
        local unit
        for unit in nbox-metrics.socket nbox-metrics-file.timer; do
                same "$unit" "$(systemctl is-enabled "$unit")" disabled || [ $? = 1 ]
        done
        systemd-analyze verify --man=no nbox-metrics.socket nbox-metrics@1.service nbox-metrics-file.timer nbox-metrics-file.service
        # 10 is as bad as it gets.
        systemd-analyze security --no-pager --threshold=20 nbox-metrics@1.service >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
        systemd-analyze security --no-pager --threshold=30 nbox-metrics-file.service >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
}

test_prometheus_asks() {
        local before
        socket_starts
        prometheus_starts
        same 'machines' "$(ask_prometheus nbox_machines)" 0
        nbox start "$GUEST"
        wait_until 20 prometheus_has "nbox_machine_state{machine=\"$GUEST\",nbox_machine_state=\"running\"}" 1
        has "$(request_of "$PROMETHEUS_PORT" /api/v1/metadata?metric=nbox_machine_state)" '"type":"stateset"'
        near 'its start' "$(ask_prometheus "nbox_machine_start_time_seconds{machine=\"$GUEST\"}")" "$(date +%s)" 120
        # Two seconds of work on one processor, as a graph would show it.
        before=$(ask_prometheus "sum(nbox_machine_cpu_seconds_total{machine=\"$GUEST\"})")
        nbox exec "$GUEST" /bin/busybox timeout 3 /bin/busybox sh -c 'while :; do :; done' || [ $? = 143 ]
        wait_until 10 prometheus_has "sum(nbox_machine_cpu_seconds_total{machine=\"$GUEST\"}) > bool $before + 0.5" 1
        nbox reboot --wait "$GUEST"
        wait_until 20 prometheus_has "nbox_machine_reboots_total{machine=\"$GUEST\"}" 1
        nbox stop "$GUEST"
        wait_until 10 prometheus_has nbox_machines 0
        prometheus_ends
        socket_stops
}

# Whoever answers is nobody, and says nothing of it in the journal.
test_who_answers() {
        local pid
        socket_starts
        wait_until 5 nobody_is_served
        exec 5<>"/dev/tcp/127.0.0.1/$METRICS_PORT"
        wait_until 4 pgrep -f 'metrics --serve$'
        pid=$(pgrep -f 'metrics --serve$')
        [ "$(stat -c %u "/proc/$pid")" -ge 61184 ] || fail "it is uid $(stat -c %u "/proc/$pid")"
        same 'its capabilities' "$(sed -n 's/^Cap\(Eff\|Prm\|Bnd\|Amb\):\t0*$/\1/p' "/proc/$pid/status" | sort | tr '\n' ' ')" 'Amb Bnd Eff Prm '
        same 'its filter' "$(sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")" 2
        exec 5>&-
        same 'what nobody is told' "$(request_of "$METRICS_PORT" /metrics | tr -d '\r' | body | sed 's/[{ ].*//' | sort -u)" \
                "$(nbox metrics --format=prometheus | sed 's/[{ ].*//' | sort -u)"
        socket_stops
        same 'what the journal has of it' "$(journalctl -q -o cat -u 'nbox-metrics@*' --since=-1min)" ''
}

# A hundred at once, and some who hold the line: each is answered or hung up on, and then the next one is served as the first.
test_many_at_once() {
        local n served began
        boot "$GUEST" --network=none
        socket_starts
        for n in $(seq 100); do (request_of "$METRICS_PORT" /metrics >"$SCRATCH/answer.$n" 2>/dev/null || true) & done
        wait
        served=$(grep -l '^HTTP/1.1 200' "$SCRATCH"/answer.* | wc -l)
        [ "$served" -ge 16 ] || fail "only $served of 100 were answered"
        for n in "$SCRATCH"/answer.*; do
                [ ! -s "$n" ] || same "the length of $n" "$(tr -d '\r' <"$n" | sed -n 's/^Content-Length: //p')" "$(tr -d '\r' <"$n" | body | wc -c)"
        done
        began=$SECONDS
        for n in $(seq 100); do (sleep 8 | socat -u - "TCP:127.0.0.1:$METRICS_PORT" 2>/dev/null || true) & done
        wait_until 10 all_are_taken
        [ "$(served)" -le 16 ] || fail 'more than 16 at a time'
        wait_until 12 answers
        is_active nbox-metrics.socket
        [ $((SECONDS - began)) -le $((12 * PATIENCE)) ]
        wait
        # Five hundred who only knock.
        for n in $(seq 500); do : 2>/dev/null <>"/dev/tcp/127.0.0.1/$METRICS_PORT" || true; done
        is_active nbox-metrics.socket
        wait_until 15 answers
        socket_stops
        terminate "$GUEST"
}

test_elsewhere() {
        mkdir -p /etc/systemd/system/nbox-metrics.socket.d
        printf '[Socket]\nListenStream=\nListenStream=[::]:16280\nListenStream=/run/metrics-test.sock\n' >/etc/systemd/system/nbox-metrics.socket.d/override.conf
        systemctl daemon-reload
        systemctl start nbox-metrics.socket
        for at in TCP4:127.0.0.1:16280 'TCP6:[::1]:16280' "TCP6:[$HOST_ADDRESS6]:16280" UNIX-CONNECT:/run/metrics-test.sock; do
                has "$(printf 'GET /metrics HTTP/1.0\r\n\r\n' | socat -t 10 - "$at")" '^nbox_machines 0'
        done
        ! answers 2>/dev/null || fail 'there is somebody at the old place'
        systemctl stop nbox-metrics.socket
        rm -r /etc/systemd/system/nbox-metrics.socket.d /run/metrics-test.sock
        systemctl daemon-reload
        wait_until 10 nobody_is_served
}

FIGURES_FILE=/var/lib/prometheus/node-exporter/nbox.prom
file_is_newer() { [ "$FIGURES_FILE" -nt "$1" ]; }

test_the_file() {
        # Without the directory it says what is wrong.
        ! systemctl start nbox-metrics-file.service 2>/dev/null || fail 'there was no such directory'
        has "$(journalctl -q -o cat -u nbox-metrics-file.service)" 'Cannot make .*No such file'
        systemctl reset-failed nbox-metrics-file.service
        mkdir -p "${FIGURES_FILE%/*}"
        chown 65534 "${FIGURES_FILE%/*}" # it may be the collector's
        boot "$GUEST" --network=none
        mkdir -p /etc/systemd/system/nbox-metrics-file.timer.d
        printf '[Timer]\nOnBootSec=\nOnUnitActiveSec=\nOnActiveSec=0\nOnUnitActiveSec=1s\nAccuracySec=100ms\n' >/etc/systemd/system/nbox-metrics-file.timer.d/often.conf
        systemctl daemon-reload
        systemctl start nbox-metrics-file.timer
        wait_until 10 test -s "$FIGURES_FILE"
        promtool check metrics <"$FIGURES_FILE"
        has "$(cat "$FIGURES_FILE")" "^nbox_machine_ready\\{machine=\"$GUEST\"\\} 1"
        same 'its mode' "$(stat -c %a "$FIGURES_FILE")" 644
        touch "$SCRATCH/now"
        wait_until 10 file_is_newer "$SCRATCH/now"
        systemctl stop nbox-metrics-file.timer
        wait_until 10 is_dead nbox-metrics-file.service
        same 'what is beside it' "$(ls "${FIGURES_FILE%/*}")" nbox.prom
        rm -r /etc/systemd/system/nbox-metrics-file.timer.d /var/lib/prometheus
        systemctl daemon-reload
        terminate "$GUEST"
}
