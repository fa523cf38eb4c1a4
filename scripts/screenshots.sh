#!/usr/bin/env bash
# A Darkroom in a temporary folder, the demo in it, the pictures of it.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
home=$(mktemp -d)
export STUDIO_HOME="$home" STUDIO_PORT="${STUDIO_PORT:-8793}" STUDIO_ADMIN_TOKEN=screenshots
$python manage.py up >"$home/output.txt" 2>&1 &
studio=$!
trap 'kill "$studio" 2>/dev/null || true; wait "$studio" 2>/dev/null || true; rm -rf "$home"' EXIT
$python manage.py demo
PYTHONPATH=. $python scripts/screenshots.py "http://127.0.0.1:$STUDIO_PORT/sign-in/?token=$STUDIO_ADMIN_TOKEN" "$@"
