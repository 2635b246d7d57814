# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Words for tests of `nbox metrics`: one figure out of all, HTTP by hand, and a Prometheus that asks.

METRICS_PORT=16269

# figure NAME [LABELS]: its value, LABELS as they stand there; nothing where there is none.
figure() { nbox metrics | awk -v sample="$1${2+"{$2}"}" '$1 == sample { print $2 }'; }
of() { figure "$1" "machine=\"$2\"${3+,$3}"; }

# A difference of N at most. near WHAT GOT WANTED N
near() {
        awk -v a="$2" -v b="$3" -v n="$4" 'BEGIN { d = a - b; exit !(a != "" && (d < 0 ? -d : d) <= n) }' || fail "$1 is '$2', not about '$3'"
}

# say_http [PORT]: what stands on standard input, to whoever listens; prints the answer.
say_http() { timeout "$((20 * PATIENCE))" socat -t 15 - "TCP:127.0.0.1:${1-$METRICS_PORT}"; }

# request LINE [FIELD...]: with what must be there, and the answer without its ends of lines.
request() {
        { printf '%s\r\n' "$1" 'Host: localhost' "${@:2}"; printf '\r\n'; } | say_http | tr -d '\r'
}
request_of() { printf 'GET %s HTTP/1.0\r\n\r\n' "$2" | say_http "$1"; } # PORT TARGET
status_line() { head -n 1; }
body() { sed '1,/^$/d'; }

answers() { request 'GET / HTTP/1.1' | grep -q '^HTTP/1.1 200'; }

# A Prometheus of this test's own, that asks every second. ask_prometheus EXPRESSION: the one value.
PROMETHEUS_PORT=16290
prometheus_starts() {
        mkdir "$SCRATCH/prometheus"
        printf '%s\n' 'global:' '  scrape_interval: 1s' '  scrape_timeout: 1s' 'scrape_configs:' '  - job_name: nbox' '    static_configs:' \
                "      - targets: ['127.0.0.1:$METRICS_PORT']" >"$SCRATCH/prometheus.yml"
        promtool check config "$SCRATCH/prometheus.yml" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
        prometheus --config.file="$SCRATCH/prometheus.yml" --storage.tsdb.path="$SCRATCH/prometheus" --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" \
                >"$SCRATCH/prometheus.log" 2>&1 &
        PROMETHEUS=$!
        wait_until 20 has_asked
}
prometheus_ends() {
        kill "$PROMETHEUS"
        wait "$PROMETHEUS" || [ $? = 143 ]
}
ask_prometheus() { promtool query instant "http://127.0.0.1:$PROMETHEUS_PORT" "$1" | sed -n 's/.* => \([^ ]*\) @.*/\1/p'; }

# While one waits, by hand: promtool takes a second of processor time each time. Every byte of the question is encoded.
prometheus_has() {
        local question
        question=$(printf %s "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' %)
        [ "$(request_of "$PROMETHEUS_PORT" "/api/v1/query?query=$question" | sed -n 's/.*"value":\[[^,]*,"\([^"]*\)"\].*/\1/p')" = "$2" ]
}
has_asked() { prometheus_has 'up{job="nbox"}' 1; }
