# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What task keywords do with these actions; each action states its support."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode, where it changes nothing and predicts what it would change.
  diff_mode:
    description: Returns what changed, or in check mode would change, when diff mode is on.
  idempotent:
    description: A second run with the same options changes nothing.
  facts:
    description: Returns C(ansible_facts) of its own.
    support: none
  action:
    description: Runs on the controller as an action plugin. Nothing is copied to the host.
    support: full
  async:
    description: Can run in the background with the task keyword C(async).
    support: none
    details:
      - The work is done on the controller, so that there is nothing to leave running on the host.
  become:
    description: Can be used with the task keyword C(become).
    support: none
    details:
      - No process is started that could become another user. Use an account with the rights that are needed.
  platform:
    description: Systems that it works with.
    support: full
    platforms: windows
  action_group:
    description: Is in action groups, for which C(module_defaults) can be set at once.
    support: full
    membership:
      - remediation.windows_nic.all
"""
