# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How the actions reach a host, and with which rights."""

    DOCUMENTATION = r"""
options: {}
notes:
  - The host is reached with the task's own settings for P(ansible.builtin.winrm#connection) or
    P(ansible.builtin.psrp#connection), including user, authentication, TLS, proxy and timeouts. Other connections are
    refused.
  - Before ansible-core 2.16.11, and in 2.17.0 to 2.17.3, Ansible drops variables such as C(ansible_winrm_ca_trust_path)
    where the connection is given as C(ansible.builtin.winrm). Write C(winrm) with these versions.
  - Speaks WS-Management CIM. No PowerShell is started and nothing is installed on the host.
  - A host that can't be reached, refuses the credentials or is lost in between makes the task unreachable, not failed.
    Every failed or unreachable result has the key C(error) with the parts C(code), C(subject), C(seen), C(expected) and
    C(next_step). C(code) is a stable word to branch on.
  - Reading needs an account that may use WMI over WinRM in the namespaces C(root/standardcimv2) and C(root/cimv2).
    Changing needs an account of the host's Administrators group; a local one other than the built-in Administrator also
    needs C(LocalAccountTokenFilterPolicy) set to 1 on the host.
requirements:
  - Python 3.11 or later on the controller
  - pywinrm for the connection winrm, pypsrp for the connection psrp
  - Windows 8, Windows Server 2012 or later
"""
