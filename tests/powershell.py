# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Windows PowerShell 5.1 understands of a script, by a grammar that others wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_PARSER: Final = Parser(Language(tree_sitter_powershell.language()))

COMMANDS: Final = {
    "ConvertFrom-Json": {"-InputObject"},
    "ConvertTo-Json": {"-Compress", "-InputObject"},
    "ForEach-Object": set[str](),
    "Where-Object": set[str](),
}
"""Commands that Windows PowerShell 5.1 has, with those of their parameters that it has."""
TYPES: Final = {
    "array",
    "bitconverter",
    "byte",
    "byte[]",
    "char",
    "collections.arraylist",
    "console",
    "convert",
    "diagnostics.eventing.reader.eventlogreader",
    "diagnostics.eventing.reader.pathtype",
    "diagnostics.stopwatch",
    "environment",
    "hashtable",
    "int",
    "io.file",
    "io.fileaccess",
    "io.filemode",
    "io.fileoptions",
    "io.fileshare",
    "io.filestream",
    "io.path",
    "io.stringwriter",
    "long",
    "math",
    "net.endpoint",
    "net.ipaddress",
    "net.ipendpoint",
    "net.sockets.socket",
    "net.sockets.socketexception",
    "ref",
    "scriptblock",
    "security.principal.windowsbuiltinrole",
    "security.principal.windowsidentity",
    "security.principal.windowsprincipal",
    "string",
    "void",
}
"""Types that .NET Framework 4.5 and PowerShell 5.1 have, as the scripts may name them."""
METHODS: Final = {
    "Add",
    "Bind",
    "Close",
    "Combine",
    "Contains",
    "Create",
    "Delete",
    "Dispose",
    "Exists",
    "GetBaseException",
    "GetCurrent",
    "GetType",
    "IsInRole",
    "Min",
    "ReadEvent",
    "ReceiveFrom",
    "Select",
    "SendTo",
    "SetOut",
    "StartNew",
    "ToByte",
    "ToString",
    "ToUniversalTime",
    "Trim",
    "WriteLine",
    "new",
}
"""Methods that these types have there; ``new`` came with PowerShell 5.0."""


def nodes(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in node.children:
        yield from nodes(child)


def text(node: Node) -> str:
    """The script's own text of a node."""
    return (node.text or b"").decode("utf-8")


def misfits(script: str) -> list[str]:
    """What of a script Windows PowerShell 5.1 would not understand, or may not know. Programs are called with ``&``."""
    found = []
    root = _PARSER.parse(script.encode("utf-8")).root_node
    own = {text(node) for node in nodes(root) if node.type == "function_name"}
    for node in nodes(root):
        if node.is_error or node.is_missing:
            found.append(f"no syntax of 5.1: {text(node)!r}")
        elif node.type == "pipeline_chain_tail":
            found.append(f"operator of 7: {text(node)}")
        elif node.type == "command":
            found += unknown_command(node, own)
        elif node.type == "type_spec" and text(node).casefold() not in TYPES:
            found.append(f"unknown type: {text(node)}")
        elif node.type == "member_name" and is_called(node) and text(node) not in METHODS:
            found.append(f"unknown method: {text(node)}")
    return found


def is_called(member: Node) -> bool:
    """Whether a member is a method."""
    return member.parent is not None and member.parent.type == "invokation_expression"


def unknown_command(node: Node, own: set[str]) -> list[str]:
    """*own* are the functions of the script itself."""
    name = next((text(child) for child in node.children if child.type in ("command_name", "command_name_expr")), "")
    if node.children[0].type == "command_invokation_operator":
        return []
    if name in own:
        return []
    if name not in COMMANDS:
        return [f"unknown command: {name}"]
    parameters = {text(child) for child in nodes(node) if child.type == "command_parameter"}
    return [f"unknown parameter: {name} {each}" for each in sorted(parameters - COMMANDS[name])]
