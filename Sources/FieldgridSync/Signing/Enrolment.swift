package import FieldgridModel

/// What `POST /sync/v1/enrol` carries up, as JSON.
///
/// The request is signed with the key that it introduces.
package struct EnrolmentRequest: Hashable, Sendable, Codable {
    /// Base64.
    package var publicKey: String
    /// Base64 of ``EnrolmentCode/lookup``.
    package var lookup: String
    /// Base64 of 16 random bytes.
    package var nonce: String
    /// Base64 of ``EnrolmentKey/proof(of:nonce:)``.
    package var proof: String
    /// What the device calls itself, for the operator's list.
    package var name: String
    package var platform: String

    package enum CodingKeys: String, CodingKey {
        case publicKey = "public_key"
        case lookup, nonce, proof, name, platform
    }

    package init(
        code: EnrolmentCode, publicKey: DevicePublicKey, nonce: [UInt8], name: String,
        platform: String
    ) {
        self.publicKey = publicKey.base64
        self.lookup = Base64.encode(code.lookup)
        self.nonce = Base64.encode(nonce)
        self.proof = Base64.encode(code.key.proof(of: publicKey, nonce: nonce))
        self.name = name
        self.platform = platform
    }

    /// The values the texts stand for; nil when one of them is not Base64 of
    /// the right length.
    package var claim: EnrolmentClaim? {
        guard let publicKey = DevicePublicKey(base64: publicKey),
            let lookup = Base64.decode(lookup), lookup.count == 8,
            let nonce = Base64.decode(nonce), nonce.count == 16,
            let proof = Base64.decode(proof), proof.count == 32,
            name.utf8.count <= 200, platform.utf8.count <= 200
        else { return nil }
        return EnrolmentClaim(
            publicKey: publicKey, lookup: lookup, nonce: nonce, proof: proof, name: name,
            platform: platform)
    }
}

/// A well-formed wish to be enrolled.
///
/// Whether it is granted depends on the code that ``lookup`` names.
package struct EnrolmentClaim: Hashable, Sendable {
    package var publicKey: DevicePublicKey
    package var lookup: [UInt8]
    package var nonce: [UInt8]
    package var proof: [UInt8]
    package var name: String
    package var platform: String

    package init(
        publicKey: DevicePublicKey, lookup: [UInt8], nonce: [UInt8], proof: [UInt8],
        name: String, platform: String
    ) {
        self.publicKey = publicKey
        self.lookup = lookup
        self.nonce = nonce
        self.proof = proof
        self.name = name
        self.platform = platform
    }

    /// Whether the claim was made by somebody who knows the code.
    package func isProved(by key: EnrolmentKey) -> Bool {
        key.isValid(proof, of: publicKey, nonce: nonce)
    }
}

package enum DeviceRole: String, Hashable, Sendable, Codable, CaseIterable {
    /// Records in its own grids.
    case assistant
    /// Also settles, opens campaigns and enrols within its scope.
    case supervisor
}

/// What the hub answers to an enrolment, as JSON.
package struct EnrolmentAnswer: Hashable, Sendable, Codable {
    package var node: NodeID
    package var holder: String
    package var role: DeviceRole
    package var scope: ScopeCode
    /// Base64.
    ///
    /// Its fingerprint must be the one in the code.
    package var hubKey: String
    /// Hub time, UTC milliseconds.
    package var enrolledAt: Int64

    package enum CodingKeys: String, CodingKey {
        case node, holder, role, scope
        case hubKey = "hub_public_key"
        case enrolledAt = "enrolled_at"
    }

    package init(
        node: NodeID, holder: String, role: DeviceRole, scope: ScopeCode,
        hubKey: DevicePublicKey, enrolledAt: Int64
    ) {
        self.node = node
        self.holder = holder
        self.role = role
        self.scope = scope
        self.hubKey = hubKey.base64
        self.enrolledAt = enrolledAt
    }
}
