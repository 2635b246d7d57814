/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-end.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "parse.h"

static const struct {
        const char *word, *phrase;
} ends[_END_MAX] = {
        [END_UNKNOWN] = { "unknown", "ended without a word: its supervisor was killed, or the host went down" },
        [END_POWEROFF] = { "poweroff", "powered off" },
        [END_REBOOT] = { "reboot", "rebooted" },
        [END_EXIT] = { "exit", "exited with status" },
        [END_SIGNAL] = { "signal", "was killed by" },
        [END_MEMORY] = { "memory", "was killed for want of memory" },
        [END_MEMORY_STOP] = { "memory-stop", "was powered off, for processes of it were killed for want of memory" },
        [END_KILLED] = { "killed", "was killed by request" },
        [END_TIMEOUT] = { "timeout", "did not end in time, and was killed" },
        [END_CANCELLED] = { "cancelled", "was asked to end before it ran" },
        [END_FAILED] = { "failed", "could not be started" },
};

const char *machine_end_word(MachineEndKind kind) {
        return ends[kind].word;
}

bool machine_end_has_text(MachineEndKind kind) {
        return kind == END_FAILED || kind == END_MEMORY || kind == END_MEMORY_STOP;
}

const char *machine_end_format(const MachineEnd *end, char *line, size_t size) {
        if (end->kind == END_EXIT || end->kind == END_SIGNAL)
                snprintf(line, size, "%s %d", ends[end->kind].word, end->code);
        else if (machine_end_has_text(end->kind) && *end->text)
                snprintf(line, size, "%s %s", ends[end->kind].word, end->text);
        else
                snprintf(line, size, "%s", ends[end->kind].word);
        return line;
}

void machine_end_parse(const char *line, MachineEnd *ret) {
        size_t n = strcspn(line, " ");
        const char *rest = line[n] ? line + n + 1 : "";
        uint64_t code;

        *ret = (MachineEnd){};
        for (size_t i = 0; i < _END_MAX; i++)
                if (strlen(ends[i].word) == n && memcmp(ends[i].word, line, n) == 0)
                        ret->kind = (MachineEndKind) i;
        if (parse_u64(rest, 255, &code) >= 0)
                ret->code = (int) code;
        if (machine_end_has_text(ret->kind))
                snprintf(ret->text, sizeof(ret->text), "%s", rest);
}

const char *machine_end_phrase(const MachineEnd *end, char *buf, size_t size) {
        const char *phrase = ends[end->kind].phrase;
        char signal[SIGNAL_TEXT_MAX];

        switch (end->kind) {
        case END_EXIT:
                snprintf(buf, size, "%s %d", phrase, end->code);
                break;
        case END_SIGNAL:
                snprintf(buf, size, "%s %s", phrase, signal_to_text(end->code, signal));
                break;
        case END_FAILED:
                snprintf(buf, size, "%s: %s", phrase, end->text);
                break;
        case END_MEMORY:
        case END_MEMORY_STOP:
                if (*end->text)
                        snprintf(buf, size, "%s (%s)", phrase, end->text);
                else
                        snprintf(buf, size, "%s", phrase);
                break;
        default:
                snprintf(buf, size, "%s", phrase);
        }
        return buf;
}
