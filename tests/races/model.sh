# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Eight who do everything with the same few machines, at once, against a model of what must come of it (see model).

: "${SEEDS:=1}" "${ROUNDS:=8}"

# Its httpd shows who it is.
base_image() {
        tree_with base
        echo base >"$MACHINES/base/value"
        printf '#!/bin/sh\nhttpd -p 80 -h /\n/sbin/mark up\n' >"$MACHINES/base/etc/init.d/rcS"
}

all_end() {
        # shellcheck disable=SC2046
        timeout "$((30 * PATIENCE))" xargs -r nbox terminate -qw < <(nbox list -q)
        timeout "$((30 * PATIENCE))" xargs -r nbox remove -q --settings=remove < <(nbox images -q | grep -vx "$GUEST")
        remove_store
}

test_model() {
        local seed
        for seed in $SEEDS; do
                host_snapshot "$SCRATCH/before-the-model"
                base_image
                mkdir "$SCRATCH/model"
                PATIENCE=$PATIENCE "$HOST_TOOLS/../races/model" "$seed" "$ROUNDS" "$SCRATCH/model" ${WORKERS+"$WORKERS"} | tee -a "$HOST_TOOLS/../../races.log"
                rm -r "$SCRATCH/model"
                all_end
                host_compare "$SCRATCH/before-the-model"
        done
}
