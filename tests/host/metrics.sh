# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# `nbox metrics`: what it says is what happened, and those that collect it can read it.

. "$(dirname "${BASH_SOURCE[0]}")/metrics-words.sh"

families_of_page() { MANWIDTH=2000 man --nh --nj -P cat nbox 2>/dev/null | sed 's/−/-/g; s/‐/-/g' | awk '/^METRICS/ { inside = 1; next } /^[^ ]/ { inside = 0 } inside && $1 ~ /^nbox_/ { print $1 }'; }

# The names under which the samples are kept, of either form.
names_of() { grep -v '^#' | sed 's/[{ ].*//' | sort -u; }

test_those_who_collect_can_read_it() {
        local said
        # Nobody there is a figure, too.
        same 'machines' "$(figure nbox_machines)" 0
        nbox metrics | "$HERE/metrics-check" >"$SCRATCH/families"
        boot "$GUEST" --network-zone=lab -p tcp:8081:80
        nbox metrics >"$SCRATCH/open"
        "$HERE/metrics-check" <"$SCRATCH/open" >"$SCRATCH/families" || fail "$(cat "$SCRATCH/open")"
        has "$(cat "$SCRATCH/families")" '^nbox_machine_cpu_seconds counter seconds 2$'
        has "$(cat "$SCRATCH/families")" '^nbox_machine_state stateset - 5$'
        same 'the last line' "$(tail -n 1 "$SCRATCH/open")" '# EOF'
        nbox metrics --format=prometheus >"$SCRATCH/plain"
        said=$(promtool check metrics <"$SCRATCH/plain" 2>&1) || fail "$said"
        same 'what promtool says' "$said" ''
        same 'names in both forms' "$(names_of <"$SCRATCH/plain")" "$(names_of <"$SCRATCH/open")"
        # It is not one form for both: that parser does not take the other one.
        ! promtool check metrics <"$SCRATCH/open" 2>/dev/null || fail 'the older parser reads OpenMetrics now'
        # What comes is in the page, and what is in the page may come.
        same 'families that the page does not have' "$(comm -23 <(names_of <"$SCRATCH/open") <(families_of_page | sort -u))" ''
        [ "$(families_of_page | wc -l)" -ge 30 ] || fail "few families: $(families_of_page)"
        terminate "$GUEST"
        nbox zone remove lab
}

test_anybody_may_ask() {
        boot "$GUEST"
        same 'what nobody is told' "$(setpriv --reuid=65534 --regid=65534 --clear-groups nbox metrics | names_of)" "$(nbox metrics | names_of)"
        terminate "$GUEST"
}

# A label is a guest's own word, as its os-release has it.
test_hostile_words() {
        tree_with odd
        printf 'PRETTY_NAME="a \\\\ \\" b\xff\xc3\xa9"\n' >"$MACHINES/odd/etc/os-release"
        boot odd --network=none
        nbox metrics >"$SCRATCH/open"
        "$HERE/metrics-check" <"$SCRATCH/open" >/dev/null || fail "$(cat "$SCRATCH/open")"
        nbox metrics --format=prometheus | promtool check metrics
        has "$(cat "$SCRATCH/open")" 'os="a '
        terminate odd
        remove_tree odd
}

test_what_happened() {
        local cpu group kernel received
        boot "$GUEST" --network-zone=lab
        same 'machines' "$(figure nbox_machines)" 1
        same 'its state' "$(of nbox_machine_state "$GUEST" 'nbox_machine_state="running"')" 1
        same 'another state' "$(of nbox_machine_state "$GUEST" 'nbox_machine_state="stopping"')" 0
        same 'ready' "$(of nbox_machine_ready "$GUEST")" 1
        same 'frozen' "$(of nbox_machine_frozen "$GUEST")" 0
        same 'reboots' "$(of nbox_machine_reboots_total "$GUEST")" 0
        near 'its start' "$(of nbox_machine_start_time_seconds "$GUEST")" "$(date +%s)" 60
        group=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)$(property "$GUEST" ControlGroup)
        near 'tasks' "$(of nbox_machine_tasks "$GUEST")" "$(wc -l <"$group/cgroup.threads")" 2
        # A second of work is one.
        cpu=$(of nbox_machine_cpu_seconds_total "$GUEST" 'mode="user"')
        nbox exec "$GUEST" /bin/busybox timeout 2 /bin/busybox sh -c 'while :; do :; done' || [ $? = 143 ]
        kernel=$(awk '$1 == "user_usec" { print $2 / 1000000 }' "$group/cpu.stat")
        near 'CPU time as the kernel has it' "$(of nbox_machine_cpu_seconds_total "$GUEST" 'mode="user"')" "$kernel" 0.5
        awk -v a="$cpu" -v b="$(of nbox_machine_cpu_seconds_total "$GUEST" 'mode="user"')" 'BEGIN { exit !(b - a > 0.3) }' || fail "no CPU time since $cpu"
        # So are bytes that arrive: 10 answers of 1400 bytes, and their heads.
        received=$(of nbox_machine_network_receive_bytes_total "$GUEST")
        nbox exec "$GUEST" /bin/busybox ping -q -c 10 -i 0.1 -s 1400 "$(gateway_of "$GUEST")" >/dev/null
        near 'bytes received' "$(($(of nbox_machine_network_receive_bytes_total "$GUEST") - received))" 14420 1500
        nbox reboot --wait "$GUEST"
        wait_until 10 is_state "$GUEST" running
        same 'reboots' "$(of nbox_machine_reboots_total "$GUEST")" 1
        terminate "$GUEST"
        same 'machines' "$(figure nbox_machines)" 0
        same 'zones' "$(figure nbox_zones)" "$(find /var/lib/nbox/zones -type f | wc -l)"
        nbox zone remove lab
}

test_health() {
        boot "$GUEST" --network=none
        same 'that of a machine without checks' "$(nbox metrics | grep '^nbox_machine_health{' || true)" ''
        terminate "$GUEST"
        boot "$GUEST" --network=none --health='command:/bin/busybox test ! -e /tmp/ill' --health-interval=1s --health-retries=1
        wait_until 10 eval '[ "$(of nbox_machine_health "$GUEST" "nbox_machine_health=\"healthy\"")" = 1 ]'
        nbox exec "$GUEST" /bin/busybox touch /tmp/ill
        wait_until 10 eval '[ "$(of nbox_machine_health "$GUEST" "nbox_machine_health=\"unhealthy\"")" = 1 ]'
        same 'well' "$(of nbox_machine_health "$GUEST" 'nbox_machine_health="healthy"')" 0
        # Frozen, nobody asks, and nothing runs.
        nbox freeze "$GUEST"
        same 'frozen' "$(of nbox_machine_frozen "$GUEST")" 1
        nbox thaw "$GUEST"
        same 'frozen' "$(of nbox_machine_frozen "$GUEST")" 0
        terminate "$GUEST"
}

test_into_a_file() {
        boot "$GUEST" --network=none
        (umask 077 && nbox metrics --output="$SCRATCH/figures.prom" --format=prometheus)
        same 'its mode' "$(stat -c %a "$SCRATCH/figures.prom")" 644
        promtool check metrics <"$SCRATCH/figures.prom"
        # Many at a time, and one who reads: always a whole one.
        for _ in 1 2 3 4; do (for _ in $(seq 10); do nbox metrics -o "$SCRATCH/figures.prom"; done) & done
        for _ in $(seq 30); do same 'the last line' "$(tail -n 1 "$SCRATCH/figures.prom" | grep -v '^nbox_collect')" '# EOF' || true; sleep 0.01; done &
        wait
        same 'what is beside it' "$(cd "$SCRATCH" && echo figures*)" figures.prom
        # What one that was killed left is written over.
        echo half >"$SCRATCH/figures.prom.tmp"
        nbox metrics -o "$SCRATCH/figures.prom"
        same 'what is beside it' "$(cd "$SCRATCH" && echo figures*)" figures.prom
        terminate "$GUEST"
}

test_files_that_are_not_replaced() {
        ln -s /etc/passwd "$SCRATCH/link"
        refused nbox metrics --output="$SCRATCH/link"
        refused nbox metrics --output=/dev/null
        [ -c /dev/null ] || fail '/dev/null is gone'
        refused nbox metrics --output="$SCRATCH"
        refused nbox metrics --output="$SCRATCH/none/file"
        refused nbox metrics --output=
        refused nbox metrics --format=xml
        refused nbox metrics --serve --output=/tmp/x
        refused nbox metrics web
        # Nor is what somebody has put where the new one is made.
        echo secret >"$SCRATCH/secret"
        ln "$SCRATCH/secret" "$SCRATCH/figures.tmp"
        refused nbox metrics --output="$SCRATCH/figures"
        rm "$SCRATCH/figures.tmp"
        ln -s "$SCRATCH/secret" "$SCRATCH/figures.tmp"
        refused nbox metrics --output="$SCRATCH/figures"
        same 'the other file' "$(cat "$SCRATCH/secret")" secret
        # A disk that is full.
        mkdir "$SCRATCH/full"
        mount -t tmpfs -o size=4k,mode=0755 tmpfs "$SCRATCH/full"
        nbox metrics --output="$SCRATCH/full/a" || true
        head -c 4096 /dev/zero >"$SCRATCH/full/b" 2>/dev/null || true
        refused nbox metrics --output="$SCRATCH/full/c"
        same 'what is left there' "$(cd "$SCRATCH/full" && echo c*)" 'c*'
        umount "$SCRATCH/full"
}

file_is_collected() { socat -t 5 - TCP:127.0.0.1:16291 <<<$'GET /metrics HTTP/1.0\r\n\r' >"$SCRATCH/collected" && grep -q '^nbox_machine_ready{machine=' "$SCRATCH/collected"; }

test_the_node_exporter_collects_the_file() {
        local exporter
        mkdir "$SCRATCH/text"
        boot "$GUEST" --network=none
        nbox metrics --format=prometheus --output="$SCRATCH/text/nbox.prom"
        prometheus-node-exporter --collector.disable-defaults --collector.textfile --collector.textfile.directory="$SCRATCH/text" \
                --web.listen-address=127.0.0.1:16291 >"$SCRATCH/exporter.log" 2>&1 &
        exporter=$!
        wait_until 10 file_is_collected
        has "$(cat "$SCRATCH/collected")" '^node_textfile_scrape_error 0'
        has "$(cat "$SCRATCH/collected")" "^nbox_machine_ready\\{machine=\"$GUEST\"\\} 1"
        has "$(cat "$SCRATCH/collected")" '^# TYPE nbox_machine_cpu_seconds_total counter'
        kill "$exporter"
        wait "$exporter" || [ $? = 143 ]
        terminate "$GUEST"
}

# --- HTTP: the program that would be the unit's, behind systemd's own tool for that -----------------------------------------

serve_metrics() {
        systemd-socket-activate --accept --inetd -l "127.0.0.1:$METRICS_PORT" nbox metrics --serve 2>"$SCRATCH/activate.log" &
        SERVER=$!
        wait_until 5 answers
}
serve_no_more() {
        kill "$SERVER"
        wait "$SERVER" || [ $? = 143 ]
}
nobody_is_served() { ! pgrep -f 'metrics --serve$' | grep -vqx "$SERVER"; }

test_requests() {
        local answer
        serve_metrics
        answer=$(request 'GET /metrics HTTP/1.1' 'Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5')
        has "$answer" '^Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8$'
        has "$answer" '^Connection: close$'
        same 'its length' "$(sed -n 's/^Content-Length: //p' <<<"$answer")" "$(body <<<"$answer" | wc -c)"
        body <<<"$answer" | "$HERE/metrics-check" >/dev/null
        answer=$(request 'GET /metrics?a=b HTTP/1.1' 'Accept: */*')
        has "$answer" '^Content-Type: text/plain; version=0.0.4; charset=utf-8$'
        body <<<"$answer" | promtool check metrics
        # The length of what is not sent; figures may take a digit more the next time.
        answer=$(request 'HEAD /metrics HTTP/1.0')
        has "$(status_line <<<"$answer")" '^HTTP/1.1 200 OK$'
        [ "$(sed -n 's/^Content-Length: //p' <<<"$answer")" -gt 100 ] || fail "$answer"
        same 'its body' "$(body <<<"$answer")" ''
        has "$(request 'GET / HTTP/1.1' | body)" 'href="/metrics"'
        has "$(request 'GET /other HTTP/1.1' | status_line)" '^HTTP/1.1 404 Not Found$'
        has "$(request 'GET /metrics/../etc/passwd HTTP/1.1' | status_line)" ' 404 '
        answer=$(request 'POST /metrics HTTP/1.1' 'Content-Length: 100000')
        has "$answer" '^HTTP/1.1 405 Method Not Allowed$'
        has "$answer" '^Allow: GET, HEAD$'
        has "$(request 'PRI * HTTP/2.0' | status_line)" ' 505 '
        has "$(request 'GET /metrics' | status_line)" ' 400 '
        has "$(printf 'GET / HTTP/1.1\r\n\r\n' | say_http | status_line)" ' 400 '
        has "$(printf 'GET / HTTP/1.1\r\n' | say_http | status_line)" ' 400 ' # he has hung up in the middle
        has "$(head -c 100000 /dev/urandom | say_http | status_line)" ' (400|431) '
        has "$({ printf 'GET / HTTP/1.1\r\nHost: a\r\n'; yes 'X: y' | head -n 5000; } | say_http | status_line)" ' 431 '
        # A body that nobody reads does not cost him the answer.
        has "$({ printf 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n'; head -c 50000 /dev/zero; } | say_http | status_line)" ' 200 '
        wait_until 5 nobody_is_served
        serve_no_more
        # Pipes do, too.
        has "$(printf 'GET / HTTP/1.0\r\n\r\n' | nbox metrics --serve | status_line)" ' 200 '
        same 'the answer to nothing' "$(nbox metrics --serve </dev/null)" ''
}

# Those who do not ask, who ask by drops, and who do not take the answer.
test_slow_clients() {
        local began=$SECONDS
        serve_metrics
        exec 5<>"/dev/tcp/127.0.0.1/$METRICS_PORT" 6<>"/dev/tcp/127.0.0.1/$METRICS_PORT" 7<>"/dev/tcp/127.0.0.1/$METRICS_PORT"
        printf 'GET /metrics HTTP/1.1\r\n' >&6
        printf 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n' >&7 # and reads none of it
        (trap '' PIPE && for _ in $(seq 40); do printf 'X: y\r\n' >&6 2>/dev/null || break; sleep 0.5; done) &
        has "$(status_line <&5)" ' 408 Request Timeout'
        has "$(status_line <&6)" ' 408 Request Timeout'
        [ $((SECONDS - began)) -le $((15 * PATIENCE)) ] || fail "it took $((SECONDS - began)) s"
        has "$(request 'GET / HTTP/1.1' | status_line)" ' 200 '
        wait_until 20 nobody_is_served
        exec 5>&- 6>&- 7>&-
        kill $! 2>/dev/null || true
        wait $! || true
        serve_no_more
}

test_prometheus_asks() {
        boot "$GUEST" --network=none
        serve_metrics
        prometheus_starts
        wait_until 10 prometheus_has "nbox_machine_ready{machine=\"$GUEST\"}" 1
        same 'its state' "$(ask_prometheus "nbox_machine_state{machine=\"$GUEST\",nbox_machine_state=\"running\"}")" 1
        near 'tasks' "$(ask_prometheus "nbox_machine_tasks{machine=\"$GUEST\"}")" "$(of nbox_machine_tasks "$GUEST")" 3
        # What it asked for is the form that knows more types and units.
        has "$(request_of "$PROMETHEUS_PORT" /api/v1/metadata?metric=nbox_machine_state)" '"type":"stateset"'
        prometheus_ends
        serve_no_more
        terminate "$GUEST"
}
