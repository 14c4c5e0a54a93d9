# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab as a second process sees it: a Unix socket in the run directory takes one order and answers it.

An order is a JSON object in one line, ``{"order": "state"}`` at its simplest. The answer is ``{"done": ...}``, or
``{"refused": "why"}``.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

Order = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Carries an order out; a ValueError or KeyError says why it can't."""

_SOCKET: Final = "state.sock"
_ANSWER_SECONDS: Final = 30.0
_MAX_ORDER_BYTES: Final = 1 << 16


class OrderRefused(Exception):
    """The lab does not do what it was told to."""


@contextmanager
def _address(run_dir: Path) -> Iterator[str]:
    """A name of the socket that is short enough for any run directory: sun_path takes 107 bytes (unix(7))."""
    directory = os.open(run_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{_SOCKET}"
    finally:
        os.close(directory)


async def serve_orders(run_dir: Path, orders: Mapping[str, Order]) -> asyncio.Server:
    """Take one order of every connection, answer it and close the connection."""
    (run_dir / _SOCKET).unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        writer.write(json.dumps(_carried_out(line, orders), ensure_ascii=False).encode())
        await writer.drain()
        writer.close()

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _address(run_dir) as address:
        listener.bind(address)
    return await asyncio.start_unix_server(serve, sock=listener, limit=_MAX_ORDER_BYTES)


def _carried_out(line: bytes, orders: Mapping[str, Order]) -> dict[str, Any]:
    try:
        told = json.loads(line)
        return {"done": orders[told["order"]](told)}
    except (ValueError, TypeError) as error:
        return {"refused": str(error)}
    except KeyError as error:
        return {"refused": f"there is no {error}"}


def give_order(run_dir: Path, order: str, **more: Any) -> dict[str, Any]:
    """Tell the lab that runs in a directory to do something; gives its answer.

    Raises:
        OSError: no lab runs there.
        OrderRefused: it can't do that.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client, _address(run_dir) as address:
        client.settimeout(_ANSWER_SECONDS)
        client.connect(address)
        client.sendall(json.dumps({"order": order, **more}).encode() + b"\n")
        pieces = []
        while piece := client.recv(1 << 16):
            pieces.append(piece)
    answer: dict[str, Any] = json.loads(b"".join(pieces))
    if "refused" in answer:
        raise OrderRefused(str(answer["refused"]))
    done: dict[str, Any] = answer["done"]
    return done


def read_state(run_dir: Path) -> dict[str, Any]:
    """Ask the lab that runs in a directory for its state.

    Raises:
        OSError: no lab runs there.
    """
    return give_order(run_dir, "state")
