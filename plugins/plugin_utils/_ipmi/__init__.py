# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Asking a BMC over IPMI and RMCP: packets, questions, what its datagrams mean. Knows no Ansible and no socket."""

from __future__ import annotations
