#!/usr/bin/env bash
# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sets up what the targets of the Makefile need, on Debian or Ubuntu. Run from the project's root.
#
#   environment.sh python                      print a Python interpreter of version 3.11 or later
#   environment.sh venv DIRECTORY FILE...      virtual environment with the given requirements files
#   environment.sh debian                      the Debian packages named in bindep.txt
#   environment.sh link                        the collection at build/collections, as Ansible expects it
#
# PYTHON chooses the interpreter. As root, missing Debian packages are installed; for anybody else, one line says which.
set -euo pipefail

oldest_minor=11

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# A launcher on PATH may refuse to run (pyenv's shims do), so each candidate is tried, not just looked up.
# Prints the real executable, so that a shim or a virtual environment is left behind.
usable_python() {
    "$1" -c "import sys
if not (3, $oldest_minor) <= sys.version_info[:2] < (4, 0): sys.exit(1)
print(sys._base_executable)" 2>/dev/null
}

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        usable_python "$PYTHON" || fail "PYTHON=$PYTHON does not run as Python 3.$oldest_minor or later"
        return
    fi
    for candidate in python3 python3.11 python3.12 python3.13 python3.14; do
        usable_python "$candidate" && return
    done
    fail "no Python 3.$oldest_minor or later on PATH; install one, or name it: make PYTHON=/path/to/python3"
}

# One run of apt-get for the given packages, or one line that says what to type.
install_packages() {
    if [ "$(id -u)" -ne 0 ]; then
        fail "missing Debian packages; install them with: sudo apt-get install $*"
    fi
    printf 'Installing Debian packages: %s\n' "$*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update --quiet=2 </dev/null
    apt-get install --yes --quiet=2 --no-install-recommends "$@" </dev/null
}

debian_packages() {
    local package missing=()
    command -v dpkg-query >/dev/null || fail "this is not Debian or Ubuntu; the tests need: $(wanted_packages | xargs)"
    for package in $(wanted_packages); do
        [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] || install_packages "${missing[@]}"
}

wanted_packages() {
    sed -n 's/^\([a-z0-9.+-]\+\) .*platform:dpkg.*/\1/p' bindep.txt
}

virtual_environment() {
    local directory=$1 python version
    shift
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    # Debian's python3 comes without ensurepip until its -venv package is there.
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install_packages "python$version-venv"
    if ! "$directory/bin/python" -c 'import sys, pip; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null; then
        printf 'Creating %s with Python %s\n' "$directory" "$version"
        "$python" -m venv --clear "$directory"
    fi
    local arguments=() file
    for file in "$@"; do
        arguments+=(--requirement "$file")
    done
    printf 'Installing Python packages into %s\n' "$directory"
    "$directory/bin/python" -m pip install --quiet --quiet --disable-pip-version-check --no-input "${arguments[@]}"
}

link_collection() {
    local place=build/collections/ansible_collections/remediation
    mkdir -p "$place"
    # Relative, so that the checkout can be moved.
    ln -sfn ../../../.. "$place/windows_nic"
}

case "${1:-}" in
    python) find_python ;;
    venv) shift && virtual_environment "$@" ;;
    debian) debian_packages ;;
    link) link_collection ;;
    *) fail "usage: $0 python | venv DIRECTORY FILE... | debian | link" ;;
esac
