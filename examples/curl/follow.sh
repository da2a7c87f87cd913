#!/usr/bin/env bash
# Sends a recording and prints its words as they come, with curl alone: follow.sh FILE [SERVER]
set -euo pipefail
file=$1
server=${2:-http://127.0.0.1:4000}
# Where the server has API keys: curl() { command curl -H "authorization: Bearer $PHONOGRAPH_TOKEN" "$@"; }

transcribe='mutation ($file: File!) { transcribe(input: { media: { upload: $file } }) { ... on TranscribeSuccess { job { id } } ... on Error { code message hint } } }'
answer=$(curl -sS "$server/graphql" -H 'apollo-require-preflight: true' \
  -F operations="{\"query\": \"$transcribe\", \"variables\": {\"file\": null}}" -F map='{"0": ["variables.file"]}' -F 0=@"$file")
id=$(grep -o 'job_[A-Za-z0-9_-]*' <<<"$answer") || { echo "$answer" >&2; exit 1; }
echo "$id" >&2

# Fields come in the order in which they are asked for.
query='subscription ($id: ID!, $after: SafeInt) { jobEvents(id: $id, after: $after) { seq ... on JobSegmentsAdded { segments { index text } } } }'
after=0
follow() {
  curl -sN "$server/graphql" -H 'content-type: application/json' -H 'accept: text/event-stream' \
    -d "{\"query\": \"$query\", \"variables\": {\"id\": \"$id\", \"after\": $after}}"
}

# A stream that ends without `event: complete` was lost: go on after the last number.
until [ "$after" = end ]; do
  while IFS= read -r line; do
    case $line in
      'event: complete') after=end ;;
      'data: {"errors"'*) echo "$line" >&2; exit 1 ;;
      'data: {"data"'*)
        after=$(grep -o '"seq":[0-9]*' <<<"$line" | head -n 1 | cut -d: -f2)
        { grep -o '"index":[0-9]*,"text":"\([^"\\]\|\\.\)*"' <<<"$line" || true; } | sed 's/^"index":\([0-9]*\),"text":"\(.*\)"$/\1\t\2/; s/\\"/"/g'
        ;;
    esac
  done < <(follow)
  [ "$after" = end ] || sleep 0.5
done
