"""Sections 10 and 11: signatures of requests and answers, and what enrols a device."""

import base64
import binascii
import hashlib
import hmac
import os
import re
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PARTS = '("@method" "@path" "@query" "content-digest")'
ANSWER_PARTS = '("@status" "content-digest" "signature";req;key="fieldgrid")'
PARAMETER = re.compile(r';(created|nonce|keyid|tag)=("[^"]*"|[0-9]+)')


class SignatureError(Exception):
    """A message that its sender did not sign, or not as it arrived."""


def base64_text(data):
    return base64.b64encode(data).decode()


def crockford(data):
    bits = int.from_bytes(data, "big")
    return "".join(LETTERS[bits >> at & 31] for at in range(len(data) * 8 - 5, -1, -5))


def fingerprint(public):
    return crockford(hashlib.sha256(public).digest()[:10])


def content_digest(body):
    return f"sha-256=:{base64_text(hashlib.sha256(body).digest())}:"


class Key:
    """A device's Ed25519 key."""

    def __init__(self, private=None):
        self.private = private or ed25519.Ed25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.id = fingerprint(self.public)

    @classmethod
    def from_pem(cls, data):
        return cls(serialization.load_pem_private_key(data, password=None))

    def pem(self):
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())

    def sign(self, message):
        return self.private.sign(message)


def verify(public, signature, message):
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        raise SignatureError("the signature does not fit the message") from None


class SignedRequest:
    """The headers of one request, and the check of the one answer that fits it."""

    def __init__(self, key, target, body, created=None, nonce=None):
        method, path, query = target
        self.nonce = nonce or base64_text(os.urandom(16))
        seconds = int(time.time()) if created is None else created
        digest = content_digest(body)
        parameters = (
            f'{PARTS};created={seconds};nonce="{self.nonce}";keyid="{key.id}";tag="fieldgrid-1"')
        base = "\n".join([
            f'"@method": {method}', f'"@path": {path}', f'"@query": ?{query}',
            f'"content-digest": {digest}', f'"@signature-params": {parameters}'])
        self.signature = base64_text(key.sign(base.encode()))
        self.headers = {
            "Content-Digest": digest, "Signature-Input": "fieldgrid=" + parameters,
            "Signature": f"fieldgrid=:{self.signature}:"}

    def check(self, status, headers, body, hub):
        """Raises unless the hub with this public key gave this answer to this request."""
        digest = single(headers, "content-digest")
        if digest != content_digest(body):
            raise SignatureError("the answer's body is not the one that was signed")
        parameters = single(headers, "signature-input").removeprefix("fieldgrid=")
        if not parameters.startswith(ANSWER_PARTS):
            raise SignatureError(f"the answer signs other parts: {parameters}")
        self.check_parameters(parameters.removeprefix(ANSWER_PARTS), hub)
        found = re.fullmatch("fieldgrid=:([^:]*):", single(headers, "signature"))
        base = "\n".join([
            f'"@status": {status}', f'"content-digest": {digest}',
            f'"signature";req;key="fieldgrid": :{self.signature}:',
            f'"@signature-params": {parameters}'])
        try:
            signature = base64.b64decode(found.group(1), validate=True)
        except (AttributeError, binascii.Error):
            raise SignatureError("the answer's signature is not of the form") from None
        verify(hub, signature, base.encode())

    def check_parameters(self, text, hub):
        found = PARAMETER.findall(text)
        values = dict(found)
        if PARAMETER.sub("", text) or len(found) != 4 or len(values) != 4:
            raise SignatureError(f"the answer's parameters are not the four: {text}")
        wanted = {"nonce": self.nonce, "keyid": fingerprint(hub), "tag": "fieldgrid-1"}
        for name, value in wanted.items():
            if values[name] != f'"{value}"':
                raise SignatureError(f"the answer's {name} is {values[name]}, not {value}")


def single(headers, name):
    values = [value for key, value in headers if key.lower() == name]
    if len(values) != 1:
        raise SignatureError(f"the answer has {len(values)} headers {name}")
    return values[0]


class EnrolmentCode:
    """A one-time code as a person reads it aloud."""

    def __init__(self, code):
        plain = re.sub("[- ]", "", code.upper()).translate(str.maketrans("OIL", "011"))
        if len(plain) != 32 or any(letter not in LETTERS for letter in plain):
            raise ValueError("the code has 32 letters and digits")
        bits = 0
        for letter in plain:
            bits = bits << 5 | LETTERS.index(letter)
        data = bits.to_bytes(20, "big")
        self.secret = data[:10]
        self.hub_fingerprint = crockford(data[10:])

    def introduction(self, public, name, platform, nonce=None):
        """The body of the request that enrols the key."""
        nonce = nonce or os.urandom(16)
        lookup = hashlib.sha256(b"fieldgrid-enrol-id" + self.secret).digest()[:8]
        key = hashlib.sha256(b"fieldgrid-enrol-key" + self.secret).digest()
        proof = hmac.digest(key, public + nonce, "sha256")
        return {
            "public_key": base64_text(public), "lookup": base64_text(lookup),
            "nonce": base64_text(nonce), "proof": base64_text(proof), "name": name,
            "platform": platform}
