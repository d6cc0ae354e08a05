# Vectors made with Python's hashlib and the `cryptography` package: an implementation of its own.
import base64,hashlib,json,sys
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
def make(plain,passphrase,hash_name,length,iterations,seed,name="key_provider.pbkdf2.main",wrap=None):
    salt=hashlib.sha256(seed+b"salt").digest(); nonce=hashlib.sha256(seed+b"nonce").digest()[:12]
    key=hashlib.pbkdf2_hmac(hash_name,passphrase.encode(),salt,iterations,length)
    data=nonce+AESGCM(key).encrypt(nonce,plain,None)
    meta=json.dumps({"salt":base64.b64encode(salt).decode(),"iterations":iterations,"hash_function":hash_name,"key_length":length},separators=(",",":"))
    out=dict(wrap or {}); out.update({"meta":{name:base64.b64encode(meta.encode()).decode()},"encrypted_data":base64.b64encode(data).decode(),"encryption_version":"v0"})
    return json.dumps(out,separators=(",",":"))
state=json.dumps({"version":4,"terraform_version":"1.10.6","serial":7,"lineage":"3f1c6f1e-2b7a-4c09-9d1e-6b2a5d8f7c01","outputs":{},"resources":[{"mode":"managed","type":"aws_s3_bucket","name":"logs","provider":"provider[\"registry.opentofu.org/hashicorp/aws\"]","instances":[{"schema_version":0,"attributes":{"id":"logs","bucket":"logs","acl":"public-read","tags":{"passphrase_canary":"canary-of-the-state"}},"sensitive_attributes":[[{"type":"get_attr","value":"tags"}]]}]}]}).encode()
wrap={"serial":7,"lineage":"3f1c6f1e-2b7a-4c09-9d1e-6b2a5d8f7c01"}
P="correct-horse-battery-staple"
d=sys.argv[1]
open(d+"/sha512.tfstate","w").write(make(state,P,"sha512",32,1000,b"a",wrap=wrap)+"\n")
open(d+"/sha256-192.tfstate","w").write(make(state,P,"sha256",24,1000,b"b",wrap=wrap)+"\n")
open(d+"/sha256-128.tfstate","w").write(make(state,P,"sha256",16,1000,b"c",name="renamed",wrap=wrap)+"\n")
open(d+"/plan.out","w").write(make(b"PK\x03\x04 a plan in OpenTofu's own form",P,"sha512",32,1000,b"d")+"\n")
