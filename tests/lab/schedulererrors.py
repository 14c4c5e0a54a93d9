# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Task Scheduler refuses to do, with the HRESULT that Windows gives (winerror.h, [MS-TSCH] 2.3.14)."""

from __future__ import annotations

from typing import Final

ACCESS_DENIED: Final = 0x80070005
FILE_NOT_FOUND: Final = 0x80070002
ALREADY_EXISTS: Final = 0x800700B7
INVALID_NAME: Final = 0x8007007B
BLOCKED_BY_POLICY: Final = 0x800704EC
NO_SUCH_ACCOUNT: Final = 0x80070534
LOGON_FAILED: Final = 0x8007052E
SERVICE_NOT_AVAILABLE: Final = 0x80041322
TASK_DISABLED: Final = 0x80041326
START_ON_DEMAND: Final = 0x80041328

_TEXTS: Final = {
    ACCESS_DENIED: "Access is denied.",
    FILE_NOT_FOUND: "The system cannot find the file specified.",
    ALREADY_EXISTS: "Cannot create a file when that file already exists.",
    INVALID_NAME: "The filename, directory name, or volume label syntax is incorrect.",
    BLOCKED_BY_POLICY: "This program is blocked by group policy. For more information, contact your administrator.",
    NO_SUCH_ACCOUNT: "No mapping between account names and security IDs was done.",
    LOGON_FAILED: "The user name or password is incorrect.",
    SERVICE_NOT_AVAILABLE: "The Task Scheduler service is not available.",
    TASK_DISABLED: "The task is disabled.",
    START_ON_DEMAND: "The task does not allow to be started on demand.",
}


class SchedulerError(Exception):
    """A refusal; ``code`` is the HRESULT."""

    def __init__(self, code: int, text: str | None = None) -> None:
        super().__init__(text or _TEXTS[code])
        self.code = code
