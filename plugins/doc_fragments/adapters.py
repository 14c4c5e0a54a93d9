# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import ClassVar


class ModuleDocFragment:
    """Selecting adapters, and adding to what is known about them."""

    DOCUMENTATION = r"""
options:
  adapters:
    description:
      - Which adapters are meant. An adapter is selected when every key that is given fits it; of several values of one
        key, one must fit.
      - Letter case is ignored. C(*) stands for any text and C(?) for one character.
      - A C(name), C(guid) or C(mac) without these stands for one adapter, and it is an error if the host has no such
        adapter. A pattern, a class, a query and every other key may fit none, and then there is nothing to do.
      - Windows translates display names. C(guid), C(mac), C(pci) and C(driver) are the same in every language.
    type: dict
    suboptions:
      name:
        description: Names of the connections, such as C(Ethernet).
        type: list
        elements: str
      description:
        description: Descriptions of the interfaces, such as C(*I211*).
        type: list
        elements: str
      guid:
        description: Interface GUIDs, with or without braces.
        type: list
        elements: str
      mac:
        description: Permanent MAC addresses, in any of the usual forms.
        type: list
        elements: str
      driver:
        description: File names of drivers, such as C(e1r68x64.sys).
        type: list
        elements: str
      pci:
        description: PCI vendor and device as C(vendor:device) in hexadecimal, such as C(8086:1539).
        type: list
        elements: str
      class:
        description: Classes of the assessment.
        type: list
        elements: str
        choices: [confirmed, suspected, unaffected, unknown]
      toward:
        description:
          - IPv4 addresses. Fits the adapter that the host's routes to one of them lead through. Where that is a virtual
            switch or a team, it fits the physical adapters below it.
        type: list
        elements: str
      query:
        description:
          - A JMESPath expression over the facts of the host's adapters, the list C(windows_nics) that
            M(remediation.windows_nic.nic_facts) returns. Its result must be made of elements of that list.
          - Needs the Python package jmespath on the controller.
        type: str
  rules:
    description:
      - Further knowledge about adapters, which wins over the built-in lines. The first line that fits decides.
      - A line with the C(id) of a built-in line replaces it.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: A name for the line.
        type: str
        required: true
      pci:
        description: Patterns of C(vendor:device) in hexadecimal.
        type: list
        elements: str
        required: true
      subsystem_not:
        description: Subsystem vendors (four digits) or whole subsystems (eight digits) that the line does not speak of.
        type: list
        elements: str
      driver:
        description: Patterns of driver files. Any driver if omitted.
        type: list
        elements: str
      class:
        description: What the line says about the adapter.
        type: str
        required: true
        choices: [confirmed, suspected, unaffected, unknown]
      reason:
        description: Why, in words for people.
        type: str
        required: true
      source:
        description: Where this is known from.
        type: str
        required: true
"""

    # The annotation keeps ansible-test from looking for a literal here.
    REQUIRED: ClassVar[str] = DOCUMENTATION.replace("    type: dict\n", "    type: dict\n    required: true\n", 1)
