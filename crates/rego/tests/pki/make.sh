#!/bin/sh
# Makes these fixtures anew; the serial number of the root is one that no float holds.
set -e
openssl ecparam -genkey -name prime256v1 -noout -out root.key
openssl req -x509 -new -key root.key -subj "/C=CH/O=Example/CN=Example Root" -days 36500 -set_serial 0x7fffffffffffffffffffffffffffffff -addext "basicConstraints=critical,CA:TRUE,pathlen:1" -addext "keyUsage=critical,keyCertSign,cRLSign" -out root.pem
openssl ecparam -genkey -name secp384r1 -noout -out mid.key
openssl req -new -key mid.key -subj "/O=Example/CN=Example Intermediate" -out mid.csr
printf "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n" > mid.ext
openssl x509 -req -in mid.csr -CA root.pem -CAkey root.key -set_serial 2 -days 36500 -sha256 -extfile mid.ext -out mid.pem
openssl genrsa -out leaf.key 2048
openssl req -new -key leaf.key -subj "/C=CH/ST=Bern/L=Bern/O=Example/OU=A/OU=B/CN=www.example.com" -addext "subjectAltName=DNS:www.example.com,email:a@example.com" -out leaf.csr
printf "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:www.example.com,DNS:example.com,IP:192.0.2.7,IP:2001:db8::1,email:a@example.com,URI:https://example.com/x?y=1\ncrlDistributionPoints=URI:http://example.com/c.crl\nauthorityInfoAccess=OCSP;URI:http://ocsp.example.com\n" > leaf.ext
openssl x509 -req -in leaf.csr -CA mid.pem -CAkey mid.key -set_serial 3 -days 36500 -sha384 -extfile leaf.ext -out leaf.pem
openssl pkcs8 -topk8 -nocrypt -in leaf.key -out leaf.p8
openssl genpkey -algorithm ed25519 -out ed.key
