/// What the sections of a bundle are, by the kinds that their frames say.
///
/// Whatever is unknown or there twice makes the whole bundle unreadable, so
/// that nothing of it is applied by half.
package struct BundleContents: Hashable, Sendable {
    /// Requests or replies, byte for byte, in their order.
    package var exchanges: [[UInt8]] = []
    package var files = CarriedFiles([])
    package var receipts = FileReceipts([])

    package init(_ bundle: SealedBundle) throws(BundleProblem) {
        let exchange: Frame.Kind =
            bundle.direction == .toHub ? .exchangeRequest : .exchangeReply
        let beside: Frame.Kind = bundle.direction == .toHub ? .files : .fileReceipts
        var isThere = false
        do throws(WireError) {
            for section in bundle.sections {
                let kind = try Frame.kind(of: section)
                if kind == exchange {
                    exchanges.append(section)
                    continue
                }
                guard kind == beside, !isThere else {
                    throw .malformed("a section that does not belong here", at: 0)
                }
                isThere = true
                if kind == .files {
                    files = try CarriedFiles(frame: section)
                } else {
                    receipts = try FileReceipts(frame: section)
                }
            }
        } catch {
            throw .damaged(error.description)
        }
    }
}
