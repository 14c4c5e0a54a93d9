# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks the code on purpose: where no test fails, the tests don't look at what the code does.

Two kinds of faults. ``generate`` makes small ones by the hundred with mutmut's mutations, applied to whole files, with
the tables and properties that mutmut's own runner leaves alone. ``by_hand`` makes the ones that would hurt most, from
the table in ``faults.toml``. Each must make a test fail.
"""
