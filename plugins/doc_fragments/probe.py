# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How targets are asked over UDP, whatever the protocol."""

    DOCUMENTATION = r"""
options:
  vantage:
    description: Where the questions are sent from.
    type: str
    choices:
      host: The Windows host of the task, through a small PowerShell relay in a WinRM shell.
      controller: The Ansible controller, or the execution environment that the task runs in.
    default: host
  attempts:
    description:
      - How often each target is asked, 3 to 10. Fewer would prove no silence, since one lost datagram is no fault.
    type: int
    default: 3
  interval_ms:
    description: Milliseconds between attempts, 100 to 60000. Old management cards lose quick questions.
    type: int
    default: 1000
  wait_ms:
    description:
      - Milliseconds to wait for answers after the last question, 100 to 60000. A target that answers everything ends
        the wait.
    type: int
    default: 2000
  source_address:
    description:
      - IPv4 address to send from. It must be one of the sending system's own. Left out, the system chooses.
    type: str
  expect:
    description: What makes the task fail. The result is complete in either case.
    type: str
    choices:
      any: Nothing that a target does or does not do.
      answer: A target that did not answer. An answer with an error code is an answer.
      silence: A target that was not silent in all attempts.
    default: any
  reuse_seconds:
    description:
      - For the vantage V(controller), take an answer that the task of another host gathered in the same run of Ansible,
        if it is not older than this and the question was the same. So a play asks each target once and not once per
        host.
      - With V(0), ask in any case.
    type: float
    default: 0
  asked_after:
    description:
      - With O(reuse_seconds), take only answers to questions asked after this time, in seconds since the epoch, such as
        the time of a change that they are to confirm.
    type: float
    default: 0
attributes:
  check_mode:
    description: Can run in check mode, where it changes nothing and predicts what it would change.
    support: full
    details:
      - The probe runs, since it changes nothing.
  diff_mode:
    description: Returns what changed, or in check mode would change, when diff mode is on.
    support: none
    details:
      - There is nothing to show, since nothing changes.
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
  become:
    description: Can be used with the task keyword C(become).
    support: none
    details:
      - No process is started that could become another user. Use an account with the rights that are needed.
      - From the vantage V(controller) it makes no difference.
requirements:
  - Python 3.11 or later on the controller
  - pywinrm for the connection winrm, pypsrp for the connection psrp, on the controller; none for O(vantage=controller)
  - Windows 8, Windows Server 2012 or later, with Windows PowerShell 5.1 and in Full Language Mode, for O(vantage=host)
notes:
  - At most two probes of one target, which is an address and a port, run at a time within one run of Ansible. The
    others wait for their turn, since an old management card drowns in the questions of a fleet. After 15 minutes
    without a turn the outcome is V(probe_unavailable), and the target is not asked.
  - Before the first attempt from a host that has not resolved the neighbour yet, one datagram is sent that nobody waits
    for, one interval ahead. Windows keeps only one while it resolves.
  - From the vantage V(host) the host is reached with the task's own settings for P(ansible.builtin.winrm#connection) or
    P(ansible.builtin.psrp#connection). Other connections are refused.
  - The relay needs an account that may open a WinRM shell, by default a member of the host's Administrators group. It
    runs from memory, listens on a port of its own above 1024, adds no firewall rule, and leaves nothing behind.
  - Where the relay can't run, the outcome is V(probe_unavailable) and the task does not fail. A host that can't be
    reached, or is lost in between, makes the task unreachable.
  - Every failed or unreachable result has the key C(error) with the parts C(code), C(subject), C(seen), C(expected) and
    C(next_step). C(code) is a stable word to branch on.
"""
