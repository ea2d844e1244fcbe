#!/bin/bash
# Installs what a build and the tests of Fieldgrid need on Debian 12, and checks for Swift.
#
# Quick when nothing is missing: one look at dpkg's list and one at `swift --version`.
# When it cannot go on it says so in one sentence on stderr and exits 1.
set -euo pipefail

# The C libraries that Sources/ links, then the programs that only tests call.
packages=(
    pkg-config zlib1g-dev
    libsqlite3-dev libcurl4-openssl-dev libpq-dev libzstd-dev libqrencode-dev libxlsxwriter-dev
    sqlite3 strace faketime util-linux iproute2 nftables
    python3 python3-cryptography python3-zstandard
)
swift_least=6.3

stop() {
    echo "setup: $*" >&2
    exit 1
}

find_missing() {
    local installed name
    # dpkg-query exits 1 when it has never heard of a package; that package is simply missing.
    installed=" $(dpkg-query --show --showformat='${Package}=${db:Status-Status} ' \
        "${packages[@]}" 2>/dev/null || true)"
    for name in "${packages[@]}"; do
        [[ $installed == *" $name=installed "* ]] || echo "$name"
    done
}

# Runs apt-get without questions, also where no terminal is attached.
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null >"$log" 2>&1
}

install_packages() {
    # Fresh containers have no package lists and old ones name versions that are gone: in both
    # cases the first try fails without harm, and is repeated with new lists.
    apt install -y --no-install-recommends "$@" && return
    echo "setup: updating the package lists"
    apt update || true
    apt install -y --no-install-recommends "$@"
}

set_up_packages() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        stop "this system has no dpkg and apt-get; install the equivalents of the Debian" \
            "packages ${packages[*]} by hand and use 'swift build' and 'swift test' directly."

    local missing command_line
    mapfile -t missing < <(find_missing)
    [[ ${#missing[@]} -gt 0 ]] || return 0
    command_line="apt-get update && apt-get install -y ${missing[*]}"

    as_root=()
    if [[ $(id -u) -ne 0 ]]; then
        command -v sudo >/dev/null && sudo -n true </dev/null >/dev/null 2>&1 ||
            stop "the Debian packages ${missing[*]} are missing and this user may not install" \
                "them; run this as root, then repeat: $command_line"
        as_root=(sudo -n)
    fi

    echo "setup: installing ${missing[*]}"
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    install_packages "${missing[@]}" ||
        stop "apt-get could not install ${missing[*]}" \
            "($(grep -m1 '^E: ' "$log" || tail -n1 "$log"));" \
            "put that right, or run this as root, then repeat: $command_line"
    echo "setup: done"
}

check_swift() {
    local found how
    how="install Swift $swift_least or newer from https://www.swift.org/install/linux/"
    how+=" and put it on PATH, then repeat."
    command -v swift >/dev/null || stop "the command 'swift' is not on PATH; $how"
    found=$(swift --version 2>/dev/null || true)
    [[ $found =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]] ||
        stop "'swift --version' names no version; $how"
    found=${BASH_REMATCH[1]}.${BASH_REMATCH[2]}
    # Components compared as numbers, so that 6.10 is newer than 6.3.
    ((${found%.*} > ${swift_least%.*} ||
        (${found%.*} == ${swift_least%.*} && ${found#*.} >= ${swift_least#*.}))) ||
        stop "this is Swift $found; $how"
}

set_up_packages
check_swift
