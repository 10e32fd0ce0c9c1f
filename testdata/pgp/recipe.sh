#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the OpenPGP keys of the tests with gpg itself: recipe.sh FOLDER
# FOLDER gets NAME.pub.asc and NAME.sec.asc for each key; the home they were made in is removed. Nothing here is a secret.
#   alice     Ed25519 + Curve25519, two user ids, no passphrase
#   bob       the same, passphrase "bob's passphrase"
#   rita      RSA-2048 + RSA-2048
#   subs      RSA-2048 that only certifies, with subkeys to sign (Ed25519) and to encrypt (Curve25519)
#   short     RSA-1024
#   dsa       DSA-1024 + ElGamal-1024
#   expired   Ed25519 + Curve25519, 2020-01-01 to 2021-01-01
#   subexp    its encryption subkey lasted from 2020-01-01 to 2021-01-01
#   revoked   Ed25519 + Curve25519, revoked
#   signonly  Ed25519 without an encryption subkey
set -eu
out=$1
mkdir -p "$out"
GNUPGHOME=$(mktemp -d /tmp/mspgp-XXXXXX)
export GNUPGHOME
echo 's2k-count 65536' >"$GNUPGHOME/gpg-agent.conf"
trap 'gpgconf --kill all >/dev/null 2>&1 || :; rm -rf "$GNUPGHOME"' EXIT INT TERM
exec 3>&2 2>"$GNUPGHOME/log"
gpg() { command gpg --batch --quiet --no-tty --pinentry-mode loopback --passphrase "$pass" "$@" 3>&-; }
fpr() { command gpg --batch --with-colons --list-keys "=$1" 2>/dev/null | sed -n '/^fpr:/{s/^fpr:*//;s/:*$//;p;q;}'; }
both() { # NAME FINGERPRINT
  gpg --armor --export "$2" >"$out/$1.pub.asc"
  gpg --armor --export-secret-keys "$2" >"$out/$1.sec.asc"
}
elliptic() { # NAME EXPIRY [gpg options]
  name=$1 expiry=$2
  shift 2
  gpg "$@" --quick-generate-key "$name <$name@pgp.example>" ed25519 sign,cert "$expiry"
  id=$(fpr "$name <$name@pgp.example>")
  gpg "$@" --quick-add-key "$id" cv25519 encr "$expiry"
}

pass=''
elliptic alice never
gpg --quick-add-uid "$id" 'Alice Example <Alice.Other@pgp.example>'
both alice "$id"

pass="bob's passphrase"
elliptic bob never
both bob "$id"
pass=''

gpg --quick-generate-key 'rita <rita@pgp.example>' rsa2048 sign,cert never
id=$(fpr 'rita <rita@pgp.example>')
gpg --quick-add-key "$id" rsa2048 encr never
both rita "$id"

gpg --quick-generate-key 'subs <subs@pgp.example>' rsa2048 cert never
id=$(fpr 'subs <subs@pgp.example>')
gpg --quick-add-key "$id" ed25519 sign never
gpg --quick-add-key "$id" cv25519 encr never
both subs "$id"

gpg --quick-generate-key 'short <short@pgp.example>' rsa1024 sign,cert never
id=$(fpr 'short <short@pgp.example>')
gpg --quick-add-key "$id" rsa1024 encr never
both short "$id"

gpg --quick-generate-key 'dsa <dsa@pgp.example>' dsa1024 sign,cert never
id=$(fpr 'dsa <dsa@pgp.example>')
gpg --quick-add-key "$id" elg1024 encr never
both dsa "$id"

elliptic expired 20210101T000000 --faked-system-time 20200101T000000!
both expired "$id"

gpg --faked-system-time 20200101T000000! --quick-generate-key 'subexp <subexp@pgp.example>' ed25519 sign,cert never
id=$(fpr 'subexp <subexp@pgp.example>')
gpg --faked-system-time 20200101T000000! --quick-add-key "$id" cv25519 encr 20210101T000000
both subexp "$id"

elliptic revoked never
both revoked "$id"
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$id.rev" | gpg --import
gpg --armor --export "$id" >"$out/revoked.pub.asc"
cp "$out/revoked.sec.asc" "$out/revoked-before.sec.asc"
gpg --armor --export-secret-keys "$id" >"$out/revoked.sec.asc"

gpg --quick-generate-key 'signonly <signonly@pgp.example>' ed25519 sign,cert never
both signonly "$(fpr 'signonly <signonly@pgp.example>')"
