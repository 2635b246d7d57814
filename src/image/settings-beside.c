/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings-beside.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "settings.h"

#define DISK_SUFFIX ".raw"

int settings_beside(const char *image_path, char **ret) {
        size_t n = strlen(image_path), suffix = strlen(DISK_SUFFIX);

        if (n > suffix && strcmp(image_path + n - suffix, DISK_SUFFIX) == 0 && image_path[n - suffix - 1] != '/')
                n -= suffix;
        return asprintf(ret, "%.*s.nspawn", (int) n, image_path) < 0 ? -ENOMEM : 0;
}

int settings_beside_copy(const char *from_image, const char *to_image, Error **reterr) {
        _cleanup_free_ char *from = NULL, *to = NULL, *text = NULL;
        struct stat st;
        size_t size;
        int r;

        if (settings_beside(from_image, &from) < 0 || settings_beside(to_image, &to) < 0)
                return error_oom(reterr);
        r = settings_read_file(from, false, &text, &size, reterr);
        if (r <= 0 || lstat(to, &st) >= 0)
                return r < 0 ? r : 0;
        r = file_replace_data(AT_FDCWD, to, text, size, 0644);
        return r < 0 ? error_errno(reterr, r, "Cannot write the settings file %s", to) : 0;
}
