import CZstd

/// The outermost layer of every message and bundle.
///
///     frame = "FGX" version(1) kind(1) encoding(1) length body
///
/// `encoding` is 0 for plain and 1 for zstd; `length` is that of the
/// uncompressed body and is checked against the limit, and against the ratio
/// that honest data can reach, before anything is allocated.
package enum Frame {
    package enum Kind: UInt8, Sendable {
        case exchangeRequest = 1
        case exchangeReply = 2
        /// A changeset that a node keeps after it was acknowledged.
        case keptChangeset = 3
        /// Files beside the data, in a device's bundle.
        case files = 4
        /// Which of them the hub has, in its answer.
        case fileReceipts = 5
    }

    package enum Limit {
        /// The largest uncompressed body.
        package static let body = 32 << 20
        /// The largest factor by which a body may shrink.
        package static let ratio = 400
        /// Below this a body is not worth compressing.
        package static let plain = 200
    }

    private static let version: UInt8 = 1
    private static let compressionLevel: Int32 = 3

    package static func wrap(_ body: [UInt8], kind: Kind) -> [UInt8] {
        var writer = ByteWriter()
        writer.raw("FGX".utf8)
        writer.byte(version)
        writer.byte(kind.rawValue)
        let packed = body.count > Limit.plain ? compress(body) : nil
        writer.byte(packed == nil ? 0 : 1)
        writer.count(body.count)
        writer.raw(packed ?? body)
        return writer.bytes
    }

    /// The body of a frame of this kind, of at most `limit` bytes.
    package static func unwrap(
        _ frame: [UInt8], kind: Kind, limit: Int = Limit.body
    ) throws(WireError) -> [UInt8] {
        guard frame.starts(with: "FGX".utf8), frame.count > 6 else { throw .notFieldgrid }
        guard frame[3] == version else { throw .versionUnknown(frame[3]) }
        guard frame[4] == kind.rawValue else { throw .kindUnexpected(frame[4]) }
        var reader = ByteReader(frame)
        _ = try reader.raw(5)
        let encoding = try reader.byte()
        let length = Int(clamping: try reader.unsigned())
        guard length <= limit else { throw .tooLarge(bytes: length, limit: limit) }
        let packed = try reader.raw(reader.remaining)
        switch encoding {
        case 0:
            guard packed.count == length else { throw .truncated(at: frame.count) }
            return Array(packed)
        case 1:
            let honest = packed.count.multipliedReportingOverflow(by: Limit.ratio)
            guard honest.overflow || length <= max(honest.partialValue, 1 << 16) else {
                throw .tooLarge(bytes: length, limit: honest.partialValue)
            }
            return try decompress(packed, length: length)
        default: throw .malformed("encoding \(encoding)", at: 5)
        }
    }

    /// What a frame says it is.
    package static func kind(of frame: [UInt8]) throws(WireError) -> Kind {
        guard frame.starts(with: "FGX".utf8), frame.count > 6 else { throw .notFieldgrid }
        guard let kind = Kind(rawValue: frame[4]) else { throw .kindUnexpected(frame[4]) }
        return kind
    }

    /// What a frame says its body comes to, before anything is inflated.
    package static func bodyLength(of frame: [UInt8]) throws(WireError) -> Int {
        guard frame.starts(with: "FGX".utf8), frame.count > 6 else { throw .notFieldgrid }
        var reader = ByteReader(frame)
        _ = try reader.raw(6)
        let length = Int(clamping: try reader.unsigned())
        guard length <= Limit.body else { throw .tooLarge(bytes: length, limit: Limit.body) }
        return length
    }

    private static func compress(_ body: [UInt8]) -> [UInt8]? {
        let packed = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(body.count)) {
            buffer, count in
            let size = ZSTD_compress(
                buffer.baseAddress, buffer.count, body, body.count, compressionLevel)
            count = ZSTD_isError(size) == 0 ? size : 0
        }
        // What shrinks beyond the honest ratio goes plain: a receiver could
        // not tell it from a bomb.
        let isHonest = body.count <= max(packed.count * Limit.ratio, 1 << 16)
        return packed.isEmpty || packed.count >= body.count || !isHonest ? nil : packed
    }

    private static func decompress(
        _ packed: ArraySlice<UInt8>, length: Int
    ) throws(WireError) -> [UInt8] {
        // The library would read several frames as one.
        let first = packed.withUnsafeBytes {
            ZSTD_findFrameCompressedSize($0.baseAddress, $0.count)
        }
        guard ZSTD_isError(first) != 0 || first == packed.count else {
            throw .compressionBroken("\(packed.count - first) bytes follow the frame")
        }
        var failure: String?
        let body = [UInt8](unsafeUninitializedCapacity: max(1, length)) { buffer, count in
            let size = packed.withUnsafeBytes {
                ZSTD_decompress(buffer.baseAddress, length, $0.baseAddress, $0.count)
            }
            count = ZSTD_isError(size) == 0 ? size : 0
            if ZSTD_isError(size) != 0 {
                failure = String(cString: ZSTD_getErrorName(size))
            } else if size != length {
                failure = "\(size) bytes instead of \(length)"
            }
        }
        if let failure { throw .compressionBroken(failure) }
        return body
    }
}
