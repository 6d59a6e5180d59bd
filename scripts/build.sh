#!/bin/sh
# Builds what does not run from source: the SDK (JavaScript with types) and the interface (static files).
# A part is built when its output is missing or a file it is made from is newer than the last build.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
mkdir -p node_modules/.weir

# build NAME OUTPUT COMMAND SOURCE...
build() {
  name=$1 output=$2 command=$3
  shift 3
  stamp=node_modules/.weir/$name
  if [ -e "$output" ] && [ -e "$stamp" ] &&
    [ -z "$(find "$@" \( -name node_modules -o -name dist \) -prune -o -type f -newer "$stamp" -print | head -n 1)" ]; then
    return 0
  fi
  # The time of the stamp is taken before the build, so that an edit made during it counts as newer.
  touch "$stamp.new"
  echo "weir: building the $name ..." >&2
  if ! $command >"$stamp.log" 2>&1; then
    cat "$stamp.log" >&2
    echo "weir: building the $name failed; the lines above say why." >&2
    return 1
  fi
  mv "$stamp.new" "$stamp"
}

build sdk sdk/dist 'npm run --silent build -w sdk' sdk package-lock.json
build interface ui/dist/index.html 'npm run --silent ui:build' ui core package-lock.json
