extension String {
    /// The text that these bytes are; nil where they are not UTF-8.
    ///
    /// Repairs what is not UTF-8, and then has other bytes: a third of what the
    /// initializer that validates takes here.
    package init?(exactly bytes: UnsafeBufferPointer<UInt8>) {
        unsafe self.init(decoding: bytes, as: UTF8.self)
        let isWhole = withUTF8 { own in
            unsafe UnsafeRawBufferPointer(own).hasBytes(of: UnsafeRawBufferPointer(bytes))
        }
        guard isWhole else { return nil }
    }

    /// Whether two texts are of the same bytes, as SQLite compares them.
    ///
    /// `==` calls U+F90A and U+91D1 equal.
    package func hasBytes(of other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isEqual = unsafe utf8.withContiguousStorageIfAvailable { own in
            unsafe other.utf8.withContiguousStorageIfAvailable { theirs in
                unsafe UnsafeRawBufferPointer(own).hasBytes(of: UnsafeRawBufferPointer(theirs))
            }
        }
        return (isEqual ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}

extension UnsafeRawBufferPointer {
    /// A word at a time.
    fileprivate func hasBytes(of other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        var place = 0
        while place + 8 <= count {
            let left = unsafe loadUnaligned(fromByteOffset: place, as: UInt64.self)
            let right = unsafe other.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            guard left == right else { return false }
            place += 8
        }
        while place < count {
            guard unsafe self[place] == other[place] else { return false }
            place += 1
        }
        return true
    }
}
