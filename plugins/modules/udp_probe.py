#!/usr/bin/python
# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a stub: the code is the action plugin of the same name.
# The documentation is udp_probe.yml beside this file.
