// SPDX-License-Identifier: GPL-2.0-only
// A source for the target whose precompiled header the tests use.
