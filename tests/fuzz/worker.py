# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One target in a process of its own, driven by atheris: ``python -m tests.fuzz.worker TARGET LIBFUZZER-OPTIONS``.

libFuzzer ends the process by itself. It keeps an input that reached new code in the corpus, and leaves one that raised
behind as a file.
"""

from __future__ import annotations

import importlib
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import atheris

if TYPE_CHECKING:
    from tests.fuzz.target import Target

PRODUCT: Final = "ansible_collections.remediation.windows_nic"
"""Only what is fuzzed is watched; the lab and the tests would lead the search astray."""
_MESSAGE_ID: Final = uuid.UUID(int=0)


def load(name: str) -> Target:
    """The target, with every branch of the collection's code watched."""
    with atheris.instrument_imports(include=[PRODUCT], enable_loader_override=False):
        targets: Mapping[str, Target] = importlib.import_module("tests.fuzz.targets").TARGETS
    return targets[name]


def main(name: str, options: Sequence[str], corpus: Path) -> None:
    """Fuzz; does not return."""
    target = load(name)
    # libFuzzer tries what the code compares its input with: a message id must be the same in every run.
    uuid.uuid4 = lambda: _MESSAGE_ID
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed{number:02d}").write_bytes(seed)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        chance = Random(seed)
        # A third by libFuzzer itself, which knows what the code has compared the input with.
        changed = target.mutate(data, chance) if chance.randrange(3) else atheris.Mutate(data, max_size)
        return bytes(changed[:max_size])

    arguments = [sys.argv[0], f"-max_len={target.most_bytes}", *options, str(corpus)]
    atheris.Setup(arguments, target.feed, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3:], Path(sys.argv[2]))
