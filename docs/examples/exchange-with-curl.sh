#!/bin/sh
# One exchange with a hub, as JSON, with nothing but curl and openssl.
#
#   exchange-with-curl.sh NODE-FOLDER [REQUEST.json]
#
# Signs with the key of a joined node, sends the request, checks the hub's
# signature and prints the reply. Without a request file it asks for
# everything the device may see, and sends nothing. The grammar of what is
# signed and of the JSON is in schemas/wire/grammar.md.
#
# Needs curl, openssl 3 and GNU coreutils. Exit 0 when the answer is the
# hub's and its status is 200, 1 otherwise.
set -eu

folder=${1:?"usage: exchange-with-curl.sh NODE-FOLDER [REQUEST.json]"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

field() { sed -n "s/^ *\"$1\" : \"\(.*\)\",*\$/\1/p" "$folder/node.json"; }
hub=$(field hub)
hub_key=$(field hub_public_key)
path=/sync/v1/exchange

# The request. An incarnation is one continuous life of whoever saves: this
# script must never use the node's own, whose sequences the node counts.
if [ $# -gt 1 ]; then
    cp "$2" "$work/body"
else
    printf '{"incarnation":"%s","epoch":null,"positions":{}}' \
        "$(cat /proc/sys/kernel/random/uuid)" >"$work/body"
fi

# The key id: 10 bytes of SHA-256 of the 32 public bytes, Crockford's Base32.
fingerprint() {
    openssl dgst -sha256 -binary | head -c 10 | base32 | tr 'A-Z2-7' '0-9A-HJKMNP-TV-Z'
}
key_id=$(openssl pkey -in "$folder/key.pem" -pubout -outform DER | tail -c 32 | fingerprint)
nonce=$(openssl rand -base64 16)
digest="sha-256=:$(openssl dgst -sha256 -binary "$work/body" | base64 -w 0):"

# The signature base of RFC 9421: one line for each part, no line end after
# the last.
parts='("@method" "@path" "@query" "content-digest")'
parameters="$parts;created=$(date +%s);nonce=\"$nonce\";keyid=\"$key_id\";tag=\"fieldgrid-1\""
printf '"@method": POST\n"@path": %s\n"@query": ?\n"content-digest": %s\n"@signature-params": %s' \
    "$path" "$digest" "$parameters" >"$work/base"
openssl pkeyutl -sign -rawin -inkey "$folder/key.pem" -in "$work/base" -out "$work/signature"
signature=$(base64 -w 0 "$work/signature")

status=$(curl --silent --show-error --output "$work/answer" --dump-header "$work/head" \
    --write-out '%{http_code}' --header 'content-type: application/json' \
    --header "content-digest: $digest" --header "signature-input: fieldgrid=$parameters" \
    --header "signature: fieldgrid=:$signature:" --data-binary "@$work/body" "$hub$path")

# The answer counts only when the hub's key made its signature, over this
# request's signature, and over the body as it arrived.
header() { tr -d '\r' <"$work/head" | sed -n "s/^$1: //Ip"; }
answer_digest="sha-256=:$(openssl dgst -sha256 -binary "$work/answer" | base64 -w 0):"
answer_parameters=$(header signature-input | sed 's/^fieldgrid=//')
header signature | sed 's/^fieldgrid=:\(.*\):$/\1/' | base64 -d >"$work/answer-signature"
printf '"@status": %s\n"content-digest": %s\n"signature";req;key="fieldgrid": :%s:\n"@signature-params": %s' \
    "$status" "$answer_digest" "$signature" "$answer_parameters" >"$work/answer-base"
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'
    printf '%s' "$hub_key" | base64 -d; } >"$work/hub-key"
openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/hub-key" \
    -in "$work/answer-base" -sigfile "$work/answer-signature" >"$work/verdict" || {
    echo "The answer (status $status) is not signed by the hub; nothing in it counts." >&2
    exit 1
}

cat "$work/answer"
echo
[ "$status" = 200 ]
