// SPDX-License-Identifier: GPL-2.0-only
//
// Nothing but the headers that the tests precompile.
