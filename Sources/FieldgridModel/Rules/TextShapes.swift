extension TextShape {
    package func accepts(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return switch self {
        case .phone: Self.acceptsPhone(bytes)
        case .email: Self.acceptsEmail(bytes)
        case .postalCode: bytes.count == 6 && LocalDate.number(bytes) != nil
        case .halfYear:
            bytes.count == 6 && LocalDate.number(bytes[0..<4]) != nil
                && bytes[4] == UInt8(ascii: "H") && (bytes[5] == 49 || bytes[5] == 50)
        }
    }

    package var expectation: Label {
        switch self {
        case .phone:
            Label(
                zh: "11位手机号，或区号加7至8位的固定电话（如 0439-3220000）",
                en: "a mobile number of 11 digits, or a landline such as 0439-3220000")
        case .email: Label(zh: "电子邮箱地址", en: "an e-mail address")
        case .postalCode: Label(zh: "6位邮政编码", en: "a postal code of 6 digits")
        case .halfYear: Label(zh: "半年期（如 2026H2）", en: "a half-year such as 2026H2")
        }
    }

    /// `1` and ten digits, or `0`, two or three digits, an optional hyphen
    /// and seven or eight digits.
    private static func acceptsPhone(_ bytes: [UInt8]) -> Bool {
        if bytes.first == UInt8(ascii: "1") {
            return bytes.count == 11 && LocalDate.number(bytes) != nil
        }
        guard bytes.first == UInt8(ascii: "0") else { return false }
        let parts = bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.allSatisfy({ LocalDate.number($0) != nil }) else { return false }
        return switch parts.count {
        case 1: (10...12).contains(bytes.count)
        case 2: (3...4).contains(parts[0].count) && (7...8).contains(parts[1].count)
        default: false
        }
    }

    /// One `@` with something before it and a dotted name behind it.
    ///
    /// The only proof of an address is a message that arrives.
    private static func acceptsEmail(_ bytes: [UInt8]) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, bytes.allSatisfy({ (33...126).contains($0) })
        else { return false }
        let names = parts[1].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return names.count >= 2 && names.allSatisfy { !$0.isEmpty }
    }
}
