/// The units of one record, in the order of their numbers.
///
/// A record has few units and is read and written whole, so a sorted array
/// beats a hash table: it is filled by appending and found by halving.
package struct UnitTable: Hashable, Sendable {
    package struct Element: Hashable, Sendable {
        package var number: UnitNumber
        package var state: UnitState
    }

    package private(set) var elements: [Element] = []

    package init() {}

    package mutating func reserveCapacity(_ count: Int) { elements.reserveCapacity(count) }

    /// Adds a unit whose number is greater than all present.
    package mutating func append(_ number: UnitNumber, _ state: UnitState) {
        precondition(
            elements.last.map { $0.number < number } ?? true, "units are appended in order")
        elements.append(Element(number: number, state: state))
    }

    private func place(of number: UnitNumber) -> (index: Int, isPresent: Bool) {
        let index = elements.place(of: number.value) { $0.number.value }
        return (index, index < elements.count && elements[index].number == number)
    }

    package subscript(number: UnitNumber) -> UnitState? {
        get {
            let (index, isPresent) = place(of: number)
            return isPresent ? elements[index].state : nil
        }
        set {
            let (index, isPresent) = place(of: number)
            switch (newValue, isPresent) {
            case (let state?, true): elements[index].state = state
            case (let state?, false):
                elements.insert(Element(number: number, state: state), at: index)
            case (nil, true): elements.remove(at: index)
            case (nil, false): break
            }
        }
    }

    /// Moves the position of every unit: who hears of the record hears of
    /// all of it.
    package mutating func touchAll(at position: Position) {
        for index in elements.indices { elements[index].state.changed = position }
    }
}

extension Array {
    /// Where the element of a number stands, or would, in an array in the order of numbers.
    ///
    /// Looked up for every value: halving a dozen numbers is faster than hashing one.
    @inlinable package func place(
        of number: Int, by numberOf: (Element) -> Int
    ) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if numberOf(self[middle]) < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
