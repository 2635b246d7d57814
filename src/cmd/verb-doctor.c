/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What stands in the way of machines on this host, or of some of them. What is wrong is on stdout, for it is what was asked for. */

#include <string.h>

#include "doctor-patient.h"
#include "log.h"
#include "mount.h"
#include "table.h"
#include "verb-list.h"

enum {
        ID_ALL = 'a',
};

const VerbOption doctor_options[] = {
        { { "all", .letter = 'a' }, ID_ALL, "Show what was looked at and is right, too" },
        {},
};

static const char *const headings[] = {
        [FOUND_STOPS] = "Stops machines",
        [FOUND_TAKES] = "Takes something away",
        [FOUND_ADVICE] = "Advice",
};

static const char *const colors[] = { [FOUND_STOPS] = "\x1b[1;31m", [FOUND_TAKES] = "\x1b[1;33m", [FOUND_ADVICE] = "\x1b[1;34m" };

/* How often each check ran and was left out, beside what it found. */
typedef struct Rounds {
        size_t ran, left_out;
} Rounds;

static void run_all(Doctor *d, const DoctorCheck *(*iterate)(size_t *i), Rounds *rounds) {
        const DoctorCheck *check;

        for (size_t i = 0; (check = iterate(&i));)
                if (doctor_run(d, check))
                        rounds->ran++;
                else
                        rounds->left_out++;
}

static void look_at_images(Doctor *d, char **names, Rounds *rounds) {
        for (char **name = names; *name; name++) {
                Patient patient;

                patient_open(&patient, *name);
                d->patient = &patient;
                run_all(d, doctor_image_check_iterate, rounds);
                d->patient = NULL;
                patient_done(&patient);
        }
}

static void print_finding(const Finding *f) {
        bool color = colors_wanted(STDOUT_FILENO);

        printf("  %s%s%s  [%s]\n", f->machine ?: "", f->machine ? ": " : "", f->text, f->check->name);
        if (f->means)
                printf("      %s%s\n", f->means, f->means[strlen(f->means) - 1] == '.' ? "" : ".");
        if (f->command)
                printf("      %s%s%s\n", color ? "\x1b[1m" : "# ", f->command, color ? "\x1b[0m" : "");
}

static size_t print_severity(const Doctor *d, FoundSeverity severity) {
        bool color = colors_wanted(STDOUT_FILENO);
        size_t n = 0;

        for (size_t i = 0; i < d->n_findings; i++) {
                if (d->findings[i].severity != severity)
                        continue;
                if (n++ == 0)
                        printf("%s%s:%s\n", color ? colors[severity] : "", headings[severity], color ? "\x1b[0m" : "");
                print_finding(d->findings + i);
        }
        return n;
}

static bool has_found(const Doctor *d, const DoctorCheck *check) {
        for (size_t i = 0; i < d->n_findings; i++)
                if (d->findings[i].check == check)
                        return true;
        return false;
}

static void print_right(const Doctor *d, const DoctorCheck *(*iterate)(size_t *i)) {
        const DoctorCheck *check;

        for (size_t i = 0; (check = iterate(&i));)
                if (!has_found(d, check))
                        printf("  %s: %s  [%s]\n", check->needs_root && !d->is_root ? "not looked at without root" : "nothing is wrong", check->what, check->name);
}

static void print_all(const Doctor *d, const Rounds *rounds, bool with_right, bool with_images) {
        size_t stops = 0;

        for (FoundSeverity s = FOUND_STOPS; s <= FOUND_ADVICE; s++) {
                size_t n = print_severity(d, s);

                if (s == FOUND_STOPS)
                        stops = n;
        }
        if (with_right) {
                puts("Looked at:");
                print_right(d, doctor_check_iterate);
                if (with_images)
                        print_right(d, doctor_image_check_iterate);
        }
        if (stops == 0)
                printf("Nothing stops machines here (%zu checks).\n", rounds->ran);
        if (rounds->left_out > 0)
                printf("%zu checks need root: sudo nbox doctor\n", rounds->left_out);
}

static json_t *finding_to_json(const Finding *f) {
        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "check", f->check->name, "severity", found_severity_name(f->severity), "machine",
                         json_text(f->machine), "text", json_text(f->text), "means", json_text(f->means), "command", json_text(f->command));
}

static void checks_to_json(json_t *all, const Doctor *d, const DoctorCheck *(*iterate)(size_t *i)) {
        const DoctorCheck *check;

        for (size_t i = 0; (check = iterate(&i));)
                json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "check", check->name, "what", check->what, "result",
                                                     check->needs_root && !d->is_root ? "unknown" : has_found(d, check) ? "found" : "right"));
}

static int print_json(const Doctor *d, bool stops, bool with_images, Error **reterr) {
        json_t *findings = json_array(), *checks = json_array();

        for (size_t i = 0; i < d->n_findings; i++)
                json_array_append_new(findings, finding_to_json(d->findings + i));
        checks_to_json(checks, d, doctor_check_iterate);
        if (with_images)
                checks_to_json(checks, d, doctor_image_check_iterate);
        return json_print(json_pack("{s:b, s:o, s:o}", "stops", (int) stops, "findings", findings, "checks", checks), reterr);
}

static bool stops_any(const Doctor *d) {
        for (size_t i = 0; i < d->n_findings; i++)
                if (d->findings[i].severity == FOUND_STOPS)
                        return true;
        return false;
}

/* 0, or 1 where something stops machines. */
int verb_doctor(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        bool all = false, stops;
        Rounds rounds = {};
        Doctor doctor;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                all |= r == ID_ALL;
        if (r < 0)
                return r;
        doctor_begin(&doctor);
        run_all(&doctor, doctor_check_iterate, &rounds);
        if (args.n_operands > 0 && doctor.is_root && (r = mount_own_namespace()) < 0)
                r = error_errno(reterr, r, "Cannot make a mount namespace");
        if (r >= 0)
                look_at_images(&doctor, args.operands, &rounds);
        stops = stops_any(&doctor);
        if (doctor.out_of_memory)
                r = error_oom(reterr);
        else if (r >= 0 && args.json)
                r = print_json(&doctor, stops, args.n_operands > 0, reterr);
        else if (r >= 0)
                print_all(&doctor, &rounds, all, args.n_operands > 0);
        doctor_done(&doctor);
        return r < 0 ? r : stops;
}
