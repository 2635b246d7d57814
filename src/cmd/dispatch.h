/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Run the command line; returns the exit status. Errors are printed here and nowhere below. */
int dispatch(int argc, char **argv);
