#!/bin/sh
# Send events of another system, signed. Needs openssl and curl.
#   ./send.sh https://scrm.example.com/ingest/v1/lake-gates whsec_... events.json
set -eu
url=$1 secret=${2#whsec_} file=$3
id="sha-$(openssl dgst -sha256 -r "$file" | cut -c1-40)"
stamp=$(date +%s)
key=$(printf %s "$secret" | openssl base64 -d -A | od -An -tx1 | tr -d ' \n')
signature=$( { printf '%s.%s.' "$id" "$stamp"; cat "$file"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl -sS --fail-with-body --max-time 15 -X POST "$url" -H 'Content-Type: application/json' \
    -H "webhook-id: $id" -H "webhook-timestamp: $stamp" -H "webhook-signature: v1,$signature" --data-binary "@$file"
