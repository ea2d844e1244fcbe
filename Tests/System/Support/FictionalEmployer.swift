/// Made-up employers (虚构) with credit codes whose check digits are right.
enum FictionalEmployer {
    static let header = "name,uscc,phone"

    static func name(_ number: Int) -> String { "虚构测试单位\(number)" }

    static func row(_ number: Int, phone: Int = 0) -> String {
        "\(name(number)),\(creditCode(number)),\(Self.phone(phone))"
    }

    static func phone(_ number: Int) -> String { "0439-\(3_000_000 + number)" }

    /// A table of so many employers.
    static func table(_ numbers: Range<Int>, phone: Int = 0) -> String {
        ([header] + numbers.map { row($0, phone: phone) }).joined(separator: "\n") + "\n"
    }

    /// GB 32100-2015 around an organisation code of GB 11714.
    static func creditCode(_ number: Int) -> String {
        let digits = String(number)
        let body = "FT" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        let weights = [3, 7, 9, 10, 5, 8, 4, 2]
        let sum = zip(body, weights).reduce(0) { $0 + (Int(String($1.0), radix: 36) ?? 0) * $1.1 }
        let check = 11 - sum % 11
        let organisation = body + (check == 10 ? "X" : check == 11 ? "0" : String(check))
        let code = "91220602" + organisation
        let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY")
        var weight = 1
        var total = 0
        for character in code {
            total += (alphabet.firstIndex(of: character) ?? 0) * weight
            weight = weight * 3 % 31
        }
        return code + String(alphabet[(31 - total % 31) % 31])
    }
}
