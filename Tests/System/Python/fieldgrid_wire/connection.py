"""Sections 1, 10 and 11: a signed conversation with one hub over HTTP."""

import base64
import http.client
import json
from urllib.parse import urlsplit

from .signing import EnrolmentCode, SignatureError, SignedRequest, fingerprint, single

EXCHANGE = "application/vnd.fieldgrid.exchange"
JSON = "application/json"
OCTETS = "application/octet-stream"
PIECE = 1 << 20


class Refused(Exception):
    """A refusal that the hub signed."""

    def __init__(self, status, document):
        super().__init__(f"{document['code']}: {document['message']} {document['hint']}")
        self.status, self.document, self.code = status, document, document["code"]


class Connection:
    """Sends requests as one device, and believes only answers that its hub signed."""

    def __init__(self, url, key, hub=None):
        self.parts = urlsplit(url)
        self.key, self.hub = key, hub
        self.sent = self.received = 0

    def call(self, method, path, query="", body=b"", media=None):
        """The body of an answer whose signature was checked.

        A clock that is more than 5 minutes wrong costs one more request: the refusal has the hub's
        time.
        """
        try:
            return self.call_at(None, method, path, query, body, media)
        except Refused as refused:
            if refused.code != "signature.wrong-time":
                raise
            return self.call_at(
                refused.document["time"] // 1000, method, path, query, body, media)

    def call_at(self, seconds, method, path, query, body, media):
        signed = SignedRequest(self.key, (method, path, query), body, seconds)
        headers = dict(signed.headers)
        if media:
            headers["Content-Type"] = media
        link = http.client.HTTPConnection(self.parts.hostname, self.parts.port, timeout=60)
        try:
            link.request(method, path + ("?" + query if query else ""), body, headers)
            answer = link.getresponse()
            data = answer.read()
        finally:
            link.close()
        self.sent += len(body)
        self.received += len(data)
        hub = self.hub or self.introduced(answer.getheaders())
        signed.check(answer.status, answer.getheaders(), data, hub)
        if answer.status != 200:
            raise Refused(answer.status, json.loads(data))
        return data

    def introduced(self, headers):
        """The hub's key as it introduces itself, if it is the one that the code named."""
        hub = base64.b64decode(single(headers, "fieldgrid-hub-key"), validate=True)
        if fingerprint(hub) != self.expected:
            raise SignatureError("the hub's key is not the one that the code names")
        return hub

    def enrol(self, code, name, platform):
        """Introduces the key with a one-time code; from then on the hub's key is known."""
        code = EnrolmentCode(code)
        self.expected = code.hub_fingerprint
        body = json.dumps(code.introduction(self.key.public, name, platform)).encode()
        answer = json.loads(self.call("POST", "/sync/v1/enrol", body=body, media=JSON))
        hub = base64.b64decode(answer["hub_public_key"], validate=True)
        if fingerprint(hub) != self.expected:
            raise SignatureError("the hub's key is not the one that the code names")
        self.hub = hub
        return answer

    def exchange(self, frame):
        return self.call("POST", "/sync/v1/exchange", body=frame, media=EXCHANGE)

    def exchange_json(self, document):
        body = json.dumps(document).encode()
        return json.loads(self.call("POST", "/sync/v1/exchange", body=body, media=JSON))

    def download(self, path):
        """A whole file by ranges of at most 1 MiB; fewer bytes than asked for are the last."""
        data = b""
        while True:
            piece = self.call("GET", path, f"from={len(data)}&length={PIECE}")
            data += piece
            if len(piece) < PIECE:
                return data

    def snapshot(self):
        """The offer of a first copy and its bytes, or nothing."""
        offer = json.loads(self.call("POST", "/sync/v1/snapshot")).get("snapshot")
        if offer is None:
            return None, b""
        return offer, self.download("/sync/v1/snapshot/" + offer["id"])

    def upload(self, name, data, piece=PIECE):
        """Sends a file by ranges from where the hub stands; returns its last answer."""
        path = "/sync/v1/attachment/" + name
        answer = self.offer(path, 0, data, b"")
        while not answer["complete"]:
            start = answer["have"]
            answer = self.offer(path, start, data, data[start:start + piece])
        return answer

    def offer(self, path, start, data, piece):
        query = f"from={start}&size={len(data)}"
        return json.loads(self.call("POST", path, query, piece, OCTETS))
