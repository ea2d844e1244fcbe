import Testing

/// Checks a command that had to be refused: its exit code, an `error:` line
/// that a person can read, everything it must say, and no result.
func expectRefused(
    _ result: Fieldgrid.Result, _ status: Int32 = 1, saying sentences: [String],
    location: SourceLocation = #_sourceLocation
) {
    #expect(result.status == status, "\(result.errors)", sourceLocation: location)
    #expect(result.output.isEmpty, sourceLocation: location)
    #expect(result.errors.hasPrefix("error: "), "\(result.errors)", sourceLocation: location)
    for sentence in sentences {
        #expect(result.errors.contains(sentence), sourceLocation: location)
    }
    // What only a programmer could read.
    for word in ["Error(", "Optional(", "SQLITE_", "fatal", "Swift."] {
        #expect(!result.errors.contains(word), sourceLocation: location)
    }
}
