/// A number with its words: one photo, two photos.
enum Counted {
    /// `one` and `many` are what follows the number, with the verb if there is one.
    static func text(_ number: some BinaryInteger, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }

    /// For words that take an s.
    static func text(_ number: some BinaryInteger, _ one: String) -> String {
        text(number, one, one + "s")
    }
}
