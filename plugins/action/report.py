# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints the summary of a fleet, writes it to a file, and fails where the run did not succeed on every host."""

from __future__ import annotations

import json
import typing as t
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._report import fleet_row, lay_out

_WORDS = {
    "lost": "lost or unreachable",
    "failed": "failed",
    "undone": "cut off and brought back by a guard",
    "not_cured": "not cured",
    "not_reached": "not reached",
}


class ActionModule(NicAction):
    argument_spec: t.ClassVar[Mapping[str, Mapping[str, t.Any]]] = {
        "rows": {"type": "list", "elements": "dict", "required": True},
        "title": {"type": "str", "default": "Summary"},
        "path": {"type": "path"},
        "width": {"type": "int"},
        "stories": {"type": "bool", "default": False},
        "fail_on": {"type": "list", "elements": "str", "default": []},
    }

    def needs_windows_host(self, arguments: Mapping[str, t.Any]) -> bool:
        return False

    def execute(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        rows = arguments["rows"]
        _check(rows)
        # Width of the terminal as the main process found it; a worker process has none.
        width = arguments["width"] or self._display.columns + 1
        text = lay_out(rows, width, arguments["title"], stories=arguments["stories"])
        self._display.display(f"\n{text}\n")
        if arguments["path"]:
            _write(Path(arguments["path"]), {"title": arguments["title"], "hosts": rows})
        counts = dict(Counter(row["verdict"] or row["attention"] for row in rows))
        _refuse(rows, arguments["fail_on"], counts)
        return {"changed": False, "counts": counts}


def _check(rows: Sequence[Mapping[str, t.Any]]) -> None:
    """Refuse rows that the filter did not make.

    Raises:
        NicError: ``rows_invalid``.
    """
    wanted = fleet_row("", {}).keys()
    for number, row in enumerate(rows, start=1):
        missing = sorted(wanted - row.keys())
        if missing:
            raise NicError(
                "rows_invalid",
                f"row {number}",
                f"no {', '.join(missing)}",
                "rows as the filter remediation.windows_nic.fleet_rows makes them",
                "Give the task rows: ansible_play_hosts_all | remediation.windows_nic.fleet_rows(hostvars)",
            )


def _refuse(rows: Sequence[Mapping[str, t.Any]], fail_on: Sequence[str], counts: dict[str, int]) -> None:
    """Fail where a run did not succeed on a host, or a host has a verdict that the task doesn't accept.

    Raises:
        NicError: ``hosts_need_attention``.
    """
    reasons = {
        row["host"]: _WORDS[row["attention"]] if row["attention"] else row["title"]
        for row in rows
        if row["attention"] or row["verdict"] in fail_on
    }
    if not reasons:
        return
    listed = (f"{count} {word}" for word, count in Counter(reasons.values()).items())
    error = NicError(
        "hosts_need_attention",
        f"{len(reasons)} of {len(rows)} hosts",
        ", ".join(listed),
        "every host to end well",
        "The summary above says for each of them what to do.",
    )
    error.partial = {"counts": counts, "attention": reasons}
    raise error


def _write(path: Path, content: Mapping[str, t.Any]) -> None:
    """Write the file whole or not at all. A device or a pipe is written to: a file must not take its place.

    Raises:
        NicError: ``report_not_written``.
    """
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_text(text, encoding="utf-8")
            return
        try:
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise NicError(
            "report_not_written",
            f"the report {path}",
            error.strerror or type(error).__name__,
            "a folder on the controller that can be written to",
            "Correct the path; the summary was printed all the same.",
        ) from error
