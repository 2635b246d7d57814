/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "doctor-distribution.h"
#include "error.h"
#include "find.h"
#include "libsystemd.h"

/* What on this host stands in the way of machines. A check is one function that looks at one thing and changes nothing, in a table of one
 * of the files doctor-*.c:
 *
 *     static void check_pids(Doctor *d) {
 *             if (number_of("/proc/sys/kernel/pid_max") < PIDS_WANTED) {
 *                     doctor_found(d, FOUND_ADVICE, "The host has few process ids");
 *                     doctor_means(d, "Many machines at once will use them up");
 *                     doctor_mend_sysctl(d, "kernel.pid_max", PIDS_WANTED);
 *             }
 *     }
 *     …
 *     { "pids", "how many processes there can be", check_pids },
 *
 * A finding is what is wrong, what that means for the user, and the command that mends it, as he would type it: no placeholders. Where no
 * command mends it, the second sentence says what would. */

typedef enum FoundSeverity {
        FOUND_STOPS,  /* no machine, or not the one that was asked about, can start */
        FOUND_TAKES,  /* machines start, and something does not work, or is not safe */
        FOUND_ADVICE, /* all works as it is */
} FoundSeverity;

/* "stops", "takes", "advice". Static. */
const char *found_severity_name(FoundSeverity severity);

typedef struct Doctor Doctor;

typedef struct DoctorCheck {
        const char *name; /* one word, for programs and for who looks it up in nbox(1) */
        const char *what; /* what is looked at, in a few words */
        void (*run)(Doctor *d);
        bool needs_root;  /* nothing can be told without */
} DoctorCheck;

typedef struct Finding {
        const DoctorCheck *check;
        FoundSeverity severity;
        char *machine; /* whose it is; NULL: the host's */
        char *text, *means;
        char *command; /* NULL: there is none */
} Finding;

/* The image that is asked about, opened. */
typedef struct Patient Patient;
const char *doctor_patient_name(const Patient *p);

struct Doctor {
        Distribution distribution;
        sd_bus *bus;            /* NULL: no systemd, or none that answers; why not is `bus_error` */
        Error *bus_error;
        Image **images;         /* all that boot by name */
        size_t n_images;
        bool is_root;
        const Patient *patient; /* NULL while the host itself is looked at */
        const DoctorCheck *check; /* that runs */
        Finding *findings;
        size_t n_findings;
        bool out_of_memory;
};

void doctor_begin(Doctor *d); /* zeroed or not */
void doctor_done(Doctor *d);

/* All checks of the host, one table after the other; NULL at the end. */
const DoctorCheck *doctor_check_iterate(size_t *i);
/* Those of one image: `patient` is set meanwhile. */
const DoctorCheck *doctor_image_check_iterate(size_t *i);

/* Run one, unless it needs root and we are not: false. */
bool doctor_run(Doctor *d, const DoctorCheck *check);

/* For the checks. A finding begins with doctor_found(), the others say more of that one. Control characters are replaced. */
void doctor_found(Doctor *d, FoundSeverity severity, const char *fmt, ...) _printf_(3, 4);
void doctor_means(Doctor *d, const char *fmt, ...) _printf_(2, 3);
void doctor_mend(Doctor *d, const char *fmt, ...) _printf_(2, 3);

/* What another part of nbox found out: its message, and its hint. */
void doctor_found_error(Doctor *d, FoundSeverity severity, const Error *e);

/* Set it now and for each boot of the host. */
void doctor_mend_sysctl(Doctor *d, const char *key, unsigned long long value);

/* Install it, where we know what it is called here. */
void doctor_mend_package(Doctor *d, const Package *package);

/* A word on the host's kernel command line, for the next boot of the host. */
void doctor_mend_kernel_argument(Doctor *d, const char *argument);

/* Tables end with an empty check. */
extern const DoctorCheck kernel_checks[], sysctl_checks[], cgroup_checks[], systemd_checks[], network_checks[], label_checks[], image_directory_checks[],
        id_checks[], tool_checks[], install_checks[], machine_checks[];

/* What several of them ask: a number in a file of /proc, -1 where there is none; a whole small file or NULL; a program in the usual places. */
long long doctor_number(const char *path);
char *doctor_text(const char *path);
bool doctor_has_program(const char *name);
