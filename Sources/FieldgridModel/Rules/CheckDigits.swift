extension CheckDigitScheme {
    /// Whether the text is a well-formed code of this scheme with a correct
    /// check character.
    ///
    /// Upper case only: ``FieldInput`` raises typed letters.
    package func accepts(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return switch self {
        case .uscc: Self.acceptsUSCC(bytes)
        case .orgCode: Self.acceptsOrganisationCode(bytes[...])
        case .residentID: Self.acceptsResidentID(bytes)
        case .registrationNumber: Self.acceptsRegistrationNumber(bytes)
        }
    }

    /// What a correct code looks like, for messages.
    package var expectation: Label {
        switch self {
        case .uscc:
            Label(
                zh: "18位统一社会信用代码（GB 32100-2015，不含 I O S V Z），校验码正确",
                en: "18 characters of GB 32100-2015 (no I, O, S, V, Z), check digits correct")
        case .orgCode:
            Label(
                zh: "9位组织机构代码（GB 11714-1997），校验码正确",
                en: "9 characters of GB 11714-1997, check digit correct")
        case .residentID:
            Label(
                zh: "18位公民身份号码（GB 11643-1999），出生日期存在，校验码正确",
                en: "18 characters of GB 11643-1999 with a real birth date, check digit correct")
        case .registrationNumber:
            Label(
                zh: "15位工商注册号（GS15-2006，校验码正确），或旧的13位数字",
                en: "15 digits of GS15-2006, check digit correct, or 13 digits of the old form")
        }
    }

    /// GB 32100-2015: `C = (31 − Σ vᵢ·3^(i−1) mod 31) mod 31`.
    ///
    /// Characters 9 to 17 are an organisation code with a check character of
    /// their own.
    private static func acceptsUSCC(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 18 else { return false }
        var sum = 0
        var weight = 1
        for byte in bytes.dropLast() {
            guard let value = usccAlphabet.firstIndex(of: byte) else { return false }
            sum += value * weight
            weight = weight * 3 % 31
        }
        return usccAlphabet[(31 - sum % 31) % 31] == bytes[17]
            && acceptsOrganisationCode(bytes[8..<17])
    }

    private static let usccAlphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)

    /// GB 11714-1997: `c = 11 − Σ mod 11`, written X for 10 and 0 for 11.
    private static func acceptsOrganisationCode(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count == 9 else { return false }
        var sum = 0
        for (byte, weight) in zip(bytes, [3, 7, 9, 10, 5, 8, 4, 2]) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): sum += Int(byte - 48) * weight
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): sum += Int(byte - 55) * weight
            default: return false
            }
        }
        let check = 11 - sum % 11
        let expected = check == 10 ? UInt8(ascii: "X") : UInt8(48 + check % 11)
        return bytes.last == expected
    }

    /// GB 11643-1999: a region, a day that exists, and `Σ mod 11` read in
    /// `10X98765432`.
    ///
    /// The region must be a province of today or of the past, or 9, with
    /// which permanent residence cards of foreigners begin.
    private static func acceptsResidentID(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 18, LocalDate.number(bytes[0..<17]) != nil,
            let province = LocalDate.number(bytes[0..<2]), provinces.contains(province),
            let year = LocalDate.number(bytes[6..<10]),
            let month = LocalDate.number(bytes[10..<12]),
            let day = LocalDate.number(bytes[12..<14]),
            LocalDate(year: year, month: month, day: day) != nil
        else { return false }
        let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
        let sum = zip(bytes, weights).reduce(0) { $0 + Int($1.0 - 48) * $1.1 }
        return Array("10X98765432".utf8)[sum % 11] == bytes[17]
    }

    private static let provinces: Set<Int> = Set(
        [11...15, 21...23, 31...37, 41...46, 50...54, 61...65, 71...71, 81...83, 90...99]
            .flatMap { Array($0) })

    /// GS15-2006 uses ISO 7064 MOD 11,10 over 15 digits.
    ///
    /// The 13 digits given before 2007 carry no check digit.
    private static func acceptsRegistrationNumber(_ bytes: [UInt8]) -> Bool {
        guard LocalDate.number(bytes) != nil else { return false }
        if bytes.count == 13 { return true }
        guard bytes.count == 15 else { return false }
        var product = 10
        for byte in bytes.dropLast() {
            let sum = (product + Int(byte - 48)) % 10
            product = 2 * (sum == 0 ? 10 : sum) % 11
        }
        return (product + Int(bytes[14] - 48)) % 10 == 1
    }
}
