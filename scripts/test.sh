#!/bin/sh
# What `npm test` runs, also from a fresh clone: install, build, types, format, lint and layering, then every quick
# test. Arguments go to vitest: npm test -- test/alerting
set -eu
cd "$(dirname "$0")/.."
sh scripts/install.sh
PATH="$PWD/node_modules/.bin:$PATH"
export PATH

echo 'weir: types' >&2
tsc --noEmit
tsc -p ui
echo 'weir: format, lint and layering' >&2
biome check .
echo "weir: tests on Node $(node -v)" >&2
exec vitest run "$@"
