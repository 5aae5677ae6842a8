#!/usr/bin/env bash
# Holds a running server against its own OpenAPI document, with PyPI's schemathesis:
#   tests/foreign/check_api.sh http://ADDRESS TOKEN [options of `schemathesis run`]
#
# Streams are left out: they have no end that a request could wait for. Everything is generated from a fixed seed.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
url=$1 token=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
tool="$here/../../target/venv/bin/schemathesis"
"$tool" --config-file "$here/schemathesis.toml" run "$url/openapi.json" --header "Authorization: Bearer $token" \
    --checks all --exclude-path-regex '/events$' --generation-deterministic \
    --suppress-health-check all --output-sanitize false --no-color "$@"
