#!/bin/bash
# Builds the documentation of the library `Fieldgrid`: its articles, and every public symbol.
#
# The toolchain's own tools do it, so the package needs no plugin for it. A link that leads
# nowhere is an error. Say where it goes as the first argument; the default is .build/documentation.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${FIELDGRID_BUILD:-.build/debug}
output=${1:-.build/documentation}

stop() {
    echo "docs: $*" >&2
    exit 1
}

tools=$(dirname "$(readlink -f "$(command -v swift)")")
for tool in docc swift-symbolgraph-extract; do
    [[ -x $tools/$tool ]] || stop "the toolchain at $tools has no $tool; install the whole of" \
        "Swift from https://www.swift.org/install/linux/ and repeat."
done
[[ -f $build/Modules/Fieldgrid.swiftmodule ]] ||
    stop "the library is not built in $build; run 'swift build --target Fieldgrid', then repeat."

graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT
maps=()
for map in Sources/C*/module.modulemap .build/checkouts/*/Sources/*/include/module.modulemap \
    .build/checkouts/*/Sources/*/module.modulemap "$build"/*.build/module.modulemap; do
    [[ -f $map ]] && maps+=(-Xcc "-fmodule-map-file=$map")
done
"$tools/swift-symbolgraph-extract" -module-name Fieldgrid -I "$build/Modules" "${maps[@]}" \
    -target "$(uname -m)-unknown-linux-gnu" -minimum-access-level public -output-dir "$graphs"
rm -rf "$output"
mkdir -p "$(dirname "$output")"
"$tools/docc" convert Sources/Fieldgrid/Fieldgrid.docc --additional-symbol-graph-dir "$graphs" \
    --fallback-display-name Fieldgrid --fallback-bundle-identifier org.fieldgrid \
    --warnings-as-errors --output-path "$output"
echo "docs: $output; look at it with: $tools/docc preview, or any web server"
