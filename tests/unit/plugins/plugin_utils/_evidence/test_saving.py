# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.saving import (
    Destination,
    destination,
    write,
)


def refused(path: Path, *, directory: bool = False, files: int = 1) -> NicError:
    with pytest.raises(NicError) as caught:
        destination(str(path), directory=directory, files=files)
    assert caught.value.code == "save_to_unusable"
    assert str(path) in caught.value.subject
    return caught.value


def test_an_existing_directory_gets_one_file_for_each_bmc(tmp_path: Path) -> None:
    found = destination(str(tmp_path), directory=False, files=2)
    assert found == Destination(tmp_path, True)
    assert found.file("192.0.2.10", "192.0.2.20", 623) == tmp_path / "192.0.2.10_192.0.2.20_623.pcap"


def test_a_missing_directory_is_made_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert destination(str(path), directory=True, files=1).is_directory
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_everything_else_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "drop.pcap"
    found = destination(str(path), directory=False, files=1)
    assert found == Destination(path, False)
    assert found.file("host", "192.0.2.20", 623) == path
    assert not path.exists()


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("pc-1.example", "pc-1.example_192.0.2.20_623.pcap"),
        ("2001:db8::1", "2001-db8-1_192.0.2.20_623.pcap"),
        ("../../etc/cron.d/x", "etc-cron.d-x_192.0.2.20_623.pcap"),
        ("..", "host_192.0.2.20_623.pcap"),
        ("", "host_192.0.2.20_623.pcap"),
        ("a\0b\n", "a-b_192.0.2.20_623.pcap"),
        ("x" * 300, f"{'x' * 100}_192.0.2.20_623.pcap"),
    ],
)
def test_no_address_leads_out_of_the_directory(tmp_path: Path, host: str, name: str) -> None:
    file = Destination(tmp_path, True).file(host, "192.0.2.20", 623)
    assert file.name == name
    assert file.parent == tmp_path


def test_one_file_for_two_bmcs_is_refused(tmp_path: Path) -> None:
    assert "one file for 2 BMCs" in refused(tmp_path / "drop.pcap", files=2).seen


def test_a_file_in_a_directory_that_is_missing_is_refused(tmp_path: Path) -> None:
    assert "there is no directory" in refused(tmp_path / "missing" / "drop.pcap").seen


def test_a_file_where_a_directory_is_wanted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file", directory=True).seen == "it is no directory"
    assert "can't be made" in refused(tmp_path / "file" / "below", directory=True).seen


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refused(pipe).seen == "it is neither a file nor a directory"


def test_a_directory_without_the_right_to_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert "no right to write" in refused(tmp_path).seen


def test_a_file_is_written_whole_and_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "drop.pcap"
    path.write_bytes(b"earlier and longer")
    path.chmod(0o644)
    write(path, b"now")
    assert path.read_bytes() == b"now"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["drop.pcap"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.write_bytes(b"precious")
    link = tmp_path / "drop.pcap"
    link.symlink_to(other)
    write(link, b"now")
    assert other.read_bytes() == b"precious"
    assert not link.is_symlink()
    assert link.read_bytes() == b"now"


def test_what_can_not_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "drop.pcap").mkdir()
    with pytest.raises(NicError) as caught:
        write(tmp_path / "drop.pcap", b"now")
    assert caught.value.code == "save_to_unusable"
    assert [each.name for each in tmp_path.iterdir()] == ["drop.pcap"]
