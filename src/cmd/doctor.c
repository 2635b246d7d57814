/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "file.h"
#include "registration.h"
#include "text.h"

#define TEXT_MAX (8 * 1024 * 1024) /* of a file that is looked into */

/* In the order in which they are shown, where they weigh the same. */
static const DoctorCheck *const tables[] = {
        kernel_checks, cgroup_checks, sysctl_checks, systemd_checks, network_checks, label_checks, image_directory_checks, id_checks, tool_checks,
        install_checks,
};

static const DoctorCheck *nth(const DoctorCheck *const *list, size_t n, size_t i) {
        for (size_t t = 0; t < n; t++)
                for (const DoctorCheck *c = list[t]; c->name; c++)
                        if (i-- == 0)
                                return c;
        return NULL;
}

const DoctorCheck *doctor_check_iterate(size_t *i) {
        return nth(tables, ELEMENTSOF(tables), (*i)++);
}

const DoctorCheck *doctor_image_check_iterate(size_t *i) {
        return nth((const DoctorCheck *const[]){ machine_checks }, 1, (*i)++);
}

const char *found_severity_name(FoundSeverity severity) {
        static const char *const names[] = { [FOUND_STOPS] = "stops", [FOUND_TAKES] = "takes", [FOUND_ADVICE] = "advice" };

        return names[severity];
}

/* What cannot be listed is looked at by itself (doctor-images.c). */
void doctor_begin(Doctor *d) {
        *d = (Doctor){ .distribution = distribution_of_host(), .is_root = geteuid() == 0 };
        (void) host_bus_open(&d->bus, &d->bus_error);
        (void) image_list(&d->images, &d->n_images, NULL);
}

void doctor_done(Doctor *d) {
        for (size_t i = 0; i < d->n_findings; i++) {
                free(d->findings[i].machine);
                free(d->findings[i].text);
                free(d->findings[i].means);
                free(d->findings[i].command);
        }
        free(d->findings);
        image_list_free(d->images, d->n_images);
        error_free(d->bus_error);
        sd_bus_flush_close_unref(d->bus);
}

bool doctor_run(Doctor *d, const DoctorCheck *check) {
        if (check->needs_root && !d->is_root)
                return false;
        d->check = check;
        check->run(d);
        return true;
}

/* Names and paths may have anything in them. */
static void clean(char *s) {
        size_t length, n;

        for (; *s; s += n ?: length) {
                n = text_control(s, &length);
                memset(s, '?', n);
        }
}

static void set(Doctor *d, char **where, const char *fmt, va_list ap) _printf_(3, 0);

static void set(Doctor *d, char **where, const char *fmt, va_list ap) {
        char *text;

        if (vasprintf(&text, fmt, ap) < 0) {
                d->out_of_memory = true;
                return;
        }
        clean(text);
        free(*where);
        *where = text;
}

void doctor_found(Doctor *d, FoundSeverity severity, const char *fmt, ...) {
        Finding *more = realloc(d->findings, (d->n_findings + 1) * sizeof(Finding));
        va_list ap;

        if (!more) {
                d->out_of_memory = true;
                return;
        }
        d->findings = more;
        more += d->n_findings++;
        *more = (Finding){ .check = d->check, .severity = severity };
        if (d->patient && string_set(&more->machine, doctor_patient_name(d->patient)) < 0)
                d->out_of_memory = true;
        va_start(ap, fmt);
        set(d, &more->text, fmt, ap);
        va_end(ap);
}

void doctor_means(Doctor *d, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        if (d->n_findings > 0)
                set(d, &d->findings[d->n_findings - 1].means, fmt, ap);
        va_end(ap);
}

void doctor_mend(Doctor *d, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        if (d->n_findings > 0)
                set(d, &d->findings[d->n_findings - 1].command, fmt, ap);
        va_end(ap);
}

void doctor_found_error(Doctor *d, FoundSeverity severity, const Error *e) {
        doctor_found(d, severity, "%s", e ? e->message : "Out of memory");
        if (e && e->hint)
                doctor_means(d, "%s", e->hint);
}

/* A file of its own, behind those of the distribution's: 99-sysctl.conf is sysctl.conf. */
void doctor_mend_sysctl(Doctor *d, const char *key, unsigned long long value) {
        doctor_mend(d, "echo %s=%llu >/etc/sysctl.d/99-zz-%s.conf && sysctl -p /etc/sysctl.d/99-zz-%s.conf", key, value, key, key);
}

void doctor_mend_package(Doctor *d, const Package *package) {
        _cleanup_free_ char *command = distribution_install(d->distribution, package);

        if (command)
                doctor_mend(d, "%s", command);
}

void doctor_mend_kernel_argument(Doctor *d, const char *argument) {
        _cleanup_free_ char *command = distribution_kernel_argument(d->distribution, argument);

        if (command)
                doctor_mend(d, "%s", command);
}

char *doctor_text(const char *path) {
        char *text = NULL;

        return file_read(AT_FDCWD, path, TEXT_MAX, &text) < 0 ? NULL : text;
}

long long doctor_number(const char *path) {
        _cleanup_free_ char *text = doctor_text(path);
        char *end;
        long long n = text ? strtoll(text, &end, 10) : -1;

        return text && end != text ? n : -1;
}

bool doctor_has_program(const char *name) {
        static const char *const places[] = { "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/sbin", "/bin" };
        char path[128];

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                snprintf(path, sizeof(path), "%s/%s", places[i], name);
                if (access(path, X_OK) >= 0)
                        return true;
        }
        return false;
}
