/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record-nic.h"

#include <string.h>

#include "strv.h"

static const struct {
        const char *key;
        size_t offset, size;
} words[] = {
        { "name", offsetof(RecordNic, name), sizeof(((RecordNic *) NULL)->name) },
        { "kind", offsetof(RecordNic, kind), sizeof(((RecordNic *) NULL)->kind) },
        { "zone", offsetof(RecordNic, zone), sizeof(((RecordNic *) NULL)->zone) },
        { "link", offsetof(RecordNic, link), sizeof(((RecordNic *) NULL)->link) },
        { "address", offsetof(RecordNic, address), sizeof(((RecordNic *) NULL)->address) },
        { "address6", offsetof(RecordNic, address6), sizeof(((RecordNic *) NULL)->address6) },
        { "mac", offsetof(RecordNic, mac), sizeof(((RecordNic *) NULL)->mac) },
        { "interface", offsetof(RecordNic, interface), sizeof(((RecordNic *) NULL)->interface) },
};

char *record_nic_format(const RecordNic *nic) {
        _cleanup_strv_ char **list = NULL;

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (*((const char *) nic + words[i].offset) &&
                    strv_appendf(&list, "%s=%s", words[i].key, (const char *) nic + words[i].offset) < 0)
                        return NULL;
        return strv_join(list, " ");
}

static void store(RecordNic *nic, const char *word, size_t length) {
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                size_t n = strlen(words[i].key);

                if (length > n && strncmp(word, words[i].key, n) == 0 && word[n] == '=')
                        snprintf((char *) nic + words[i].offset, words[i].size, "%.*s", (int) (length - n - 1), word + n + 1);
        }
}

/* False when it is none; what it does not say is "". */
static bool parse(const char *text, RecordNic *ret) {
        *ret = (RecordNic){};
        for (const char *word = text; *word;) {
                size_t n = strcspn(word, " ");

                store(ret, word, n);
                word += n + strspn(word + n, " ");
        }
        if (!*ret->kind) /* of an older nbox, which knew zones only */
                snprintf(ret->kind, sizeof(ret->kind), "%s", nic_kind_to_string(NIC_ZONE));
        return ret->name[0];
}

bool record_nic(const MachineRecord *r, size_t i, RecordNic *ret) {
        if (i < strv_length(r->nics))
                return parse(r->nics[i], ret);
        if (i > 0 || r->nics || r->network != NETWORK_OWN || !r->address)
                return false;
        *ret = (RecordNic){ .name = "host0", .kind = "zone" };
        snprintf(ret->zone, sizeof(ret->zone), "%s", r->zone ?: "");
        snprintf(ret->address, sizeof(ret->address), "%s", r->address);
        snprintf(ret->interface, sizeof(ret->interface), "%s", r->interface ?: "");
        return true;
}
