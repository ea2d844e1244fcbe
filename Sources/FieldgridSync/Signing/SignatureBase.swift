/// One header field, its name in lower case.
package struct HeaderField: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [HeaderField] {
    /// The value of the only field of that name: two would let two readers
    /// take different ones.
    func only(_ name: String) throws(SignatureProblem) -> String {
        let values = filter { $0.name == name }
        guard let first = values.first else { throw .missing("\(name) header") }
        guard values.count == 1 else { throw .altered("there are \(values.count) \(name) headers") }
        return first.value
    }
}

/// What is signed: the lines of RFC 9421 section 2.5.
package struct SignatureBase: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        /// As it is signed, quoted, with its parameters.
        package var identifier: String
        package var value: String

        package init(_ identifier: String, _ value: String) {
            self.identifier = identifier
            self.value = value
        }
    }

    package var lines: [Line]
    /// The inner list with its parameters, as `Signature-Input` has it.
    package var parameters: String

    package init(lines: [Line], parameters: String) {
        self.lines = lines
        self.parameters = parameters
    }

    package var text: String {
        (lines + [Line("\"@signature-params\"", parameters)])
            .map { "\($0.identifier): \($0.value)" }
            .joined(separator: "\n")
    }

    package var bytes: [UInt8] { Array(text.utf8) }
}

/// The parameters of our signatures: who signed, when, and once.
package struct SignatureParameters: Hashable, Sendable {
    package static let tag = "fieldgrid-1"
    /// The name of our member in `Signature-Input` and `Signature`.
    package static let label = "fieldgrid"
    private static let nonceBytes = 8...64

    /// Seconds since 1970.
    package var created: Int64
    package var nonce: String
    package var keyID: String

    package init(created: Int64, nonce: String, keyID: String) {
        self.created = created
        self.nonce = nonce
        self.keyID = keyID
    }

    package func text(components: [String]) -> String {
        "(\(components.joined(separator: " ")));created=\(created);nonce=\"\(nonce)\""
            + ";keyid=\"\(keyID)\";tag=\"\(Self.tag)\""
    }

    /// Reads what ``text(components:)`` writes, the parameters in any order.
    ///
    /// Which parts are covered is never the sender's choice, so the list must
    /// be the one given; and the algorithm belongs to the key, so there is no
    /// parameter for it.
    package init(_ text: some StringProtocol, components: [String]) throws(SignatureProblem) {
        let list = "(\(components.joined(separator: " ")))"
        guard text.hasPrefix(list) else { throw .altered("other parts are signed than \(list)") }
        var found: [Substring: Substring] = [:]
        let rest = Substring(text).dropFirst(list.count)
        guard rest.first == ";" else { throw .altered("it has no parameters") }
        for part in rest.dropFirst().split(separator: ";", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, found.updateValue(pair[1], forKey: pair[0]) == nil else {
                throw .altered("parameter “\(part.prefix(40))”")
            }
        }
        guard found.count == 4, let created = found["created"].flatMap(Self.number),
            let nonce = found["nonce"].flatMap(Self.quoted),
            Self.nonceBytes.contains(nonce.utf8.count),
            let keyID = found["keyid"].flatMap(Self.quoted),
            found["tag"].flatMap(Self.quoted) == Self.tag
        else { throw .altered("its parameters are not created, nonce, keyid and our tag") }
        self.init(created: created, nonce: nonce, keyID: keyID)
    }

    private static func number(_ text: Substring) -> Int64? {
        guard (1...15).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int64(text)
    }

    /// A string of the characters that our values need; none of them has to
    /// be escaped.
    private static func quoted(_ text: Substring) -> String? {
        guard text.utf8.count > 2, text.first == "\"", text.last == "\"" else { return nil }
        let value = text.dropFirst().dropLast()
        let isPlain = value.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "+/=_-".contains($0))
        }
        return isPlain ? String(value) : nil
    }
}
