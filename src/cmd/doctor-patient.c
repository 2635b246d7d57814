/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor-patient.h"

#include "strv.h"
#include "text.h"

const char *doctor_patient_name(const Patient *p) {
        return p->name ?: p->operand;
}

static MachineConfig *config_of(const Patient *p, StartMode mode, Error **reterr) {
        char *argv[] = { (char *) start_mode_to_string(mode), (char *) p->operand, NULL };
        _cleanup_(config_freep) MachineConfig *c = config_new(START_BOOT);
        int r;

        if (!c) {
                error_oom(reterr);
                return NULL;
        }
        r = config_parse_argv(c, 2, argv, reterr);
        if (r >= 0 && string_set(&c->directory, p->image->path) < 0)
                r = error_oom(reterr);
        c->as_service = mode == START_RUN;
        c->mode = mode;
        if (r >= 0)
                r = config_read_settings(c, reterr);
        return r < 0 ? NULL : TAKE_PTR(c);
}

/* As nbox@NAME.service does it: its init, or what its settings say that it is there for. */
static void read_settings(Patient *p) {
        p->config = config_of(p, START_BOOT, &p->settings_error);
        if (p->config && p->config->boot == 0) {
                config_free(TAKE_PTR(p->config));
                p->config = config_of(p, START_RUN, &p->settings_error);
        }
        if (p->config && config_validate(p->config, &p->settings_error) < 0)
                config_free(TAKE_PTR(p->config));
}

void patient_open(Patient *p, const char *operand) {
        *p = (Patient){ .operand = operand };
        if (image_find(operand, &p->image, &p->missing) < 0)
                return;
        read_settings(p);
        if (!p->config)
                return;
        (void) string_set(&p->name, p->config->machine);
        if (plan_make(p->config, &p->plan, &p->plan_image, &p->stack, &p->plan_error) >= 0)
                (void) tree_os_release(p->stack->look, &p->os);
}

void patient_done(Patient *p) {
        os_release_done(&p->os);
        image_stack_free(p->stack);
        plan_free(p->plan);
        image_free(p->plan_image);
        config_free(p->config);
        image_free(p->image);
        error_free(p->missing);
        error_free(p->settings_error);
        error_free(p->plan_error);
        free(p->name);
}
