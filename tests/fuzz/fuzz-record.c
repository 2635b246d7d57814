/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "bind-changes.h"
#include "device-changes.h"
#include "record.h"
#include "record-nic.h"

/* A machine's record, and what stands in it once more as text of its own. What is taken is written again as the same. */

static void check_parts(const MachineRecord *r) {
        RecordNic nic;
        DeviceList devices = {};
        BindList binds = {};

        for (size_t i = 0; record_nic(r, i, &nic); i++) {
                _cleanup_free_ char *text = record_nic_format(&nic);

                fuzz_check(text && nic.kind[0]);
        }
        fuzz_check(devices_from_text(r->devices, &devices) >= 0 && binds_from_text(r->binds, &binds) >= 0);
        for (size_t i = 0; i < devices.n; i++) {
                _cleanup_free_ char *text = device_format(&devices.items[i]);
                MachineDevice again = {};

                fuzz_check(text && device_parse(text, &again) >= 0 && strcmp(again.destination, devices.items[i].destination) == 0);
                device_done(&again);
        }
        for (size_t i = 0; i < binds.n; i++) {
                _cleanup_free_ char *text = bind_format(&binds.items[i]);
                MachineBind again = {};

                fuzz_check(text && bind_parse(text, &again) >= 0 && strcmp(again.destination, binds.items[i].destination) == 0 &&
                           strcmp(again.source, binds.items[i].source) == 0);
                bind_done(&again);
        }
        device_list_done(&devices);
        bind_list_done(&binds);
}

void fuzz_record(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        size_t n;
        _cleanup_free_ char *text = fuzz_rest(&in, &n), *written = NULL, *twice = NULL;
        _cleanup_(record_freep) MachineRecord *record = NULL, *again = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int r = record_parse(text, n, &record, &error);

        fuzz_check_error(r, error);
        if (r < 0)
                return;
        check_parts(record);
        if (record->version > RECORD_VERSION || record_format(record, &written, &error) < 0)
                return;
        fuzz_check(record_parse(written, strlen(written), &again, &error) >= 0);
        fuzz_check(record_format(again, &twice, &error) >= 0 && strcmp(written, twice) == 0);
}
