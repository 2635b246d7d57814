/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "man-oci.h"

#include <stdio.h>
#include <string.h>

#include "man-text.h"
#include "oci-fields.h"
#include "oci-command.h"

static void put_option(const VerbOption *o) {
        char letter[3] = { '-', o->spec.letter, 0 };

        puts(".TP");
        if (o->spec.letter) {
                put_bold(letter);
                fputs(", ", stdout);
        }
        fputs("\\fB", stdout);
        put_text("--");
        put_text(o->spec.name);
        fputs("\\fR", stdout);
        if (o->spec.placeholder) {
                fputs("=\\fI", stdout);
                put_text(o->spec.placeholder);
                fputs("\\fR", stdout);
        }
        putchar('\n');
        put_text(o->help);
        puts(".");
}

void man_put_oci_options(void) {
        for (const VerbOption *o = oci_global_options; o->spec.name; o++)
                put_option(o);
}

void man_put_oci_verbs(void) {
        for (const OciVerb *v = oci_verbs; v->name; v++) {
                puts(".TP");
                put_bold(v->name);
                if (*v->arguments)
                        putchar(' ');
                put_paragraph(v->arguments);
                put_text(v->help);
                puts(".");
                if (!v->options->spec.name)
                        continue;
                puts(".RS");
                for (const VerbOption *o = v->options; o->spec.name; o++)
                        put_option(o);
                puts(".RE");
        }
}

/* Of the rows below one, a hook's path and its like, that all say the same in many places: the first place has them. */
static bool said_before(const OciField *f) {
        const char *last = strrchr(f->name, ']');

        for (const OciField *o = oci_fields; last && o < f; o++) {
                const char *other = strrchr(o->name, ']');

                if (other && strcmp(other, last) == 0 && strcmp(o->remark, f->remark) == 0)
                        return true;
        }
        return false;
}

void man_put_oci_fields(void) {
        static const char *const hows[] = { [OCI_HONOURED] = "", [OCI_REFUSED] = "Refused. ", [OCI_NOTED] = "" };

        for (size_t i = 0; i < n_oci_fields; i++) {
                const OciField *f = &oci_fields[i];

                puts(".TP");
                put_bold(f->name);
                putchar('\n');
                fputs(hows[f->how], stdout);
                if (said_before(f))
                        puts("As above.");
                else
                        put_paragraph(f->remark);
        }
}
