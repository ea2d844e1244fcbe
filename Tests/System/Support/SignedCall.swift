import Foundation

/// Requests to a hub that are made by hand, byte for byte.
///
/// The signature is written from the specification alone (RFC 9421, RFC 9530,
/// RFC 8032), so that it also says whether others can speak to a hub.
struct SignedCall {
    enum Signature: String {
        case none
        case right
        /// Signed, and then one byte of the body is another.
        case bodyAlteredAfterwards
    }

    struct Answer {
        var status: Int
        var contentType: String
        var document: JSON
    }

    let url: String
    /// The device's `key.pem`.
    var keyPath = ""
    var path = "/sync/v1/exchange"
    var contentType = "application/vnd.fieldgrid.exchange"

    func send(_ body: [UInt8], signature: Signature) throws -> Answer {
        let hex = body.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let result = try Fieldgrid.run(
            "/usr/bin/env",
            [
                "python3", "-c", Self.script, url + path, contentType, signature.rawValue, keyPath,
            ], input: hex)
        guard result.status == 0 else { throw ProcessError("signed call: \(result.errors)") }
        let answer = try JSON(result.output)
        let text = answer["body"].text ?? ""
        return Answer(
            status: answer["status"].integer ?? 0, contentType: answer["type"].text ?? "",
            document: (try? JSON(text)) ?? answer["none"])
    }

    private static let script = """
        import base64, hashlib, json, os, sys, time, urllib.error, urllib.parse, urllib.request

        # Ed25519, as in RFC 8032 section 6.
        p = 2**255 - 19
        q = 2**252 + 27742317777372353535851937790883648493
        d = -121665 * pow(121666, p - 2, p) % p
        def add(P, Q):
            A, B = (P[1]-P[0]) * (Q[1]-Q[0]) % p, (P[1]+P[0]) * (Q[1]+Q[0]) % p
            C, D = 2 * P[3] * Q[3] * d % p, 2 * P[2] * Q[2] % p
            E, F, G, H = B-A, D-C, D+C, B+A
            return (E*F, G*H, F*G, E*H)
        def mul(s, P):
            Q = (0, 1, 1, 0)
            while s > 0:
                if s & 1: Q = add(Q, P)
                P = add(P, P)
                s >>= 1
            return Q
        gy = 4 * pow(5, p - 2, p) % p
        def recover(y):
            x2 = (y*y - 1) * pow(d*y*y + 1, p - 2, p)
            x = pow(x2, (p + 3) // 8, p)
            if (x*x - x2) % p != 0: x = x * pow(2, (p - 1) // 4, p) % p
            return p - x if x & 1 else x
        gx = recover(gy)
        G = (gx, gy, 1, gx * gy % p)
        def pack(P):
            z = pow(P[2], p - 2, p)
            x, y = P[0] * z % p, P[1] * z % p
            return int.to_bytes(y | ((x & 1) << 255), 32, "little")
        def number(data): return int.from_bytes(hashlib.sha512(data).digest(), "little") % q
        def secret(seed):
            h = hashlib.sha512(seed).digest()
            a = int.from_bytes(h[:32], "little")
            return (a & ((1 << 254) - 8)) | (1 << 254), h[32:]
        def sign(seed, message):
            a, prefix = secret(seed)
            A = pack(mul(a, G))
            r = number(prefix + message)
            R = pack(mul(r, G))
            s = (r + number(R + A + message) * a) % q
            return R + int.to_bytes(s, 32, "little")

        def key_id(public):
            value = int.from_bytes(hashlib.sha256(public).digest()[:10], "big")
            letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
            return "".join(letters[value >> shift & 31] for shift in range(75, -1, -5))

        url, media, mode, key = sys.argv[1:5]
        body = bytes.fromhex(sys.stdin.read())
        headers = {"content-type": media}
        if mode != "none":
            lines = open(key).read().split()
            seed = base64.b64decode("".join(l for l in lines if len(l) > 30))[-32:]
            b64 = lambda data: base64.b64encode(data).decode()
            digest = "sha-256=:%s:" % b64(hashlib.sha256(body).digest())
            public = pack(mul(secret(seed)[0], G))
            parameters = (
                '("@method" "@path" "@query" "content-digest");created=%d;nonce="%s"'
                ';keyid="%s";tag="fieldgrid-1"'
                % (time.time(), b64(os.urandom(16)), key_id(public)))
            base = "\\n".join([
                '"@method": POST', '"@path": ' + urllib.parse.urlparse(url).path,
                '"@query": ?', '"content-digest": ' + digest,
                '"@signature-params": ' + parameters])
            headers["content-digest"] = digest
            headers["signature-input"] = "fieldgrid=" + parameters
            headers["signature"] = "fieldgrid=:%s:" % b64(sign(seed, base.encode()))
        if mode == "bodyAlteredAfterwards":
            body = body[:-1] + bytes([body[-1] ^ 1])
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        try: answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error: answer = error
        except (urllib.error.URLError, ConnectionError) as error:
            # The hub closed while the body was still on its way.
            print(json.dumps({"status": 0, "type": "", "body": str(error)}))
            sys.exit(0)
        json.dump({"status": answer.status if hasattr(answer, "status") else answer.code,
            "type": answer.headers.get("content-type", ""),
            "body": answer.read().decode("utf-8", "replace")}, sys.stdout)
        """
}
