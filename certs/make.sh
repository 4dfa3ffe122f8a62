#!/usr/bin/env bash
# Makes the certificates of both ends with mkcert, into certs/out.
#
#     certs/make.sh CLIENT_NAME SERVER_NAME
#
# CAROOT chooses the authority's directory; without it mkcert's own is used, and made on first use.
set -euo pipefail

if [ $# -ne 2 ] || [ -z "$1" ] || [ -z "$2" ]; then
  echo "usage: $0 CLIENT_NAME SERVER_NAME, e.g. $0 foo.example.org bar.example.org" >&2
  exit 2
fi
client=$1
server=$2

if [ "$client" = "$server" ]; then
  echo "$0: the two ends need names of their own; both are $client" >&2
  exit 2
fi
if ! command -v mkcert > /dev/null; then
  echo "$0: mkcert is missing; on Debian and Ubuntu: apt-get install mkcert" >&2
  exit 1
fi

out=$(cd "$(dirname "$0")" && pwd)/out
umask 077
mkdir -p "$out"

mkcert -client -cert-file "$out/$client.pem" -key-file "$out/$client-key.pem" "$client"
mkcert -cert-file "$out/$server.pem" -key-file "$out/$server-key.pem" "$server"
cp "$(mkcert -CAROOT)/rootCA.pem" "$out/rootCA.pem"

chmod 600 "$out/$client-key.pem" "$out/$server-key.pem"
chmod 644 "$out/$client.pem" "$out/$server.pem" "$out/rootCA.pem"

cat << END

Copy, over a channel that you trust:

  to the client's host:  rootCA.pem  $client.pem  $client-key.pem
  to the server's host:  rootCA.pem  $server.pem  $server-key.pem

They are in $out. The authority's own key stays where it is: $(mkcert -CAROOT)
END
