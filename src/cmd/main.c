/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dispatch.h"

int main(int argc, char **argv) {
        return dispatch(argc, argv);
}
