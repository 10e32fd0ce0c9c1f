#!/bin/sh
# SPDX-License-Identifier: MIT
# smime_keys.sh DIR: a small PKI for S/MIME tests, made by openssl. A root (root.crt), an intermediate CA (ca.crt), and for
# each NAME below NAME.key, NAME.crt and NAME.p12 (passphrase "secret", with the chain). Addresses are NAME@smime.test.
set -e
cd "$1"
exec >make.log 2>&1

cat >ext.cnf <<'CNF'
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[both]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment, keyAgreement
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:$ENV::ADDRESS
[sign]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:$ENV::ADDRESS
[encrypt]
basicConstraints = CA:FALSE
keyUsage = critical, keyEncipherment, keyAgreement
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:$ENV::ADDRESS
[server]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:$ENV::ADDRESS
[cbconly]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:$ENV::ADDRESS
1.2.840.113549.1.9.15 = ASN1:SEQUENCE:cbc
[cbc]
a = SEQUENCE:aes256
b = SEQUENCE:aes128
[aes256]
a = OID:aes-256-cbc
[aes128]
a = OID:aes-128-cbc
[international]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = @mailboxes
[mailboxes]
otherName = 1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:grün@xn--bcher-kva.test
CNF
cat >crl.cnf <<'CNF'
[ca]
default_ca = issuing
[issuing]
database = index.txt
default_md = sha256
default_crl_days = 3000
CNF
export ADDRESS=none@smime.test

openssl genrsa -out root.key 2048
openssl req -new -key root.key -subj "/O=mimeseal tests/CN=Root" -out root.csr
openssl x509 -req -in root.csr -signkey root.key -days 3650 -set_serial 1 -extfile ext.cnf -extensions root -out root.crt
openssl genrsa -out ca.key 2048
openssl req -new -key ca.key -subj "/O=mimeseal tests/CN=Issuing CA" -out ca.csr
openssl x509 -req -in ca.csr -CA root.crt -CAkey root.key -days 3650 -set_serial 2 -extfile ext.cnf -extensions ca -out ca.crt
cat ca.crt root.crt >chain.pem

serial=100
# certify NAME EXTENSIONS [x509 options]: NAME.key must be there.
certify() {
  name=$1; extensions=$2; shift 2
  serial=$((serial + 1))
  export ADDRESS="$name@smime.test"
  openssl pkey -in "$name.key" -pubout -out "$name.pub"
  # A key that cannot sign cannot sign a request either: another asks for it, and its public key is put in.
  openssl req -new -key ca.key -subj "/O=mimeseal tests/CN=$name" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -force_pubkey "$name.pub" -CA ca.crt -CAkey ca.key -days 3000 -set_serial $serial \
    -extfile ext.cnf -extensions "$extensions" -out "$name.crt" "$@"
  openssl pkcs12 -export -inkey "$name.key" -in "$name.crt" -certfile chain.pem -passout pass:secret -out "$name.p12"
}

openssl genrsa -out rsa.key 2048 && certify rsa both
openssl genrsa -out rsa4096.key 3456 && certify rsa4096 both
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out rsapss.key && certify rsapss sign
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha384 \
  -pkeyopt rsa_pss_keygen_mgf1_md:sha384 -pkeyopt rsa_pss_keygen_saltlen:48 -out rsapss384.key && certify rsapss384 sign
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha256 \
  -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:64 -out rsapsssalt.key && certify rsapsssalt sign
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha1 \
  -pkeyopt rsa_pss_keygen_mgf1_md:sha1 -pkeyopt rsa_pss_keygen_saltlen:20 -out rsapss1.key && certify rsapss1 sign
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha256 \
  -pkeyopt rsa_pss_keygen_mgf1_md:sha1 -pkeyopt rsa_pss_keygen_saltlen:32 -out rsapssmask.key && certify rsapssmask sign
for curve in P-256 P-384 P-521 brainpoolP256r1; do
  name=$(echo $curve | tr -d - | tr '[:upper:]' '[:lower:]')
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$curve -out "$name.key" && certify "$name" both
done
cp p256.key p256sign.key && certify p256sign sign
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out secp256k1.key && certify secp256k1 both
for kind in ed25519 ed448; do openssl genpkey -algorithm $kind -out $kind.key && certify $kind sign; done
for kind in x25519 x448; do openssl genpkey -algorithm $kind -out $kind.key && certify $kind encrypt; done
openssl genrsa -out weak.key 1024 && certify weak both
cp rsa.key server.key && certify server server
cp rsa.key cbconly.key && certify cbconly cbconly
cp rsa.key international.key && certify international international
cp rsa.key revoked.key && certify revoked both
cp rsa.key signonly.key && certify signonly sign
openssl genrsa -out encryptonly.key 2048 && certify encryptonly encrypt

# One person's two certificates in one file; the same in PEM armour, locked in an old way, and with nothing to unlock.
cat signonly.crt signonly.key encryptonly.crt encryptonly.key chain.pem >two.pem
openssl pkcs12 -export -inkey rsa.key -in rsa.crt -passout pass:secret -legacy -out legacy.p12
{ echo "-----BEGIN PKCS12-----"; openssl base64 -in rsa.p12; echo "-----END PKCS12-----"; } >armoured.pem
openssl pkcs12 -export -inkey rsa.key -in rsa.crt -passout pass: -out open.p12
openssl pkcs12 -export -inkey rsa.key -in rsa.crt -passout pass:secret -nomac -out nomac.p12
openssl pkcs8 -topk8 -in rsa.key -passout pass:secret -out rsa.locked.key
openssl pkcs8 -topk8 -in rsa.key -passout pass:secret -v1 PBE-MD5-DES -provider default -provider legacy -out rsa.old.key
openssl rsa -in rsa.key -aes256 -passout pass:secret -traditional -out rsa.traditional.key
openssl x509 -in rsa.crt -outform DER -out rsa.der
openssl pkey -in rsa.key -outform DER -out rsa.key.der
openssl crl2pkcs7 -nocrl -certfile rsa.crt -certfile chain.pem -out rsa.p7c -outform DER

# A revocation list of the issuing CA that names revoked.
: >index.txt
openssl ca -config crl.cnf -revoke revoked.crt -cert ca.crt -keyfile ca.key
openssl ca -config crl.cnf -gencrl -cert ca.crt -keyfile ca.key -out ca.crl
