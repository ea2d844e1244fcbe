import FieldgridHub
import FieldgridModel
import FieldgridSchema
import Foundation
import Testing

/// A record type with every merge policy, a rule over two units and a
/// reference: what the labour schema has no use for yet.
enum Probe {
    static let file = SchemaFile(
        path: "probe.yaml",
        text: """
            type: probe
            number: 300
            label: { zh: 试样, en: Probe }
            title: name
            unique:
              - [code]
            fields:
              - { number: 2, name: name, label: { zh: 名称, en: Name }, type: text, length: 60 }
              - { number: 3, name: code, label: { zh: 代码, en: Code }, type: text, length: 20 }
              - number: 4
                name: visits
                label: { zh: 走访次数, en: Visits }
                type: integer
                policy: counter
              - number: 5
                name: tags
                label: { zh: 标签, en: Tags }
                type: set
                policy: set
              - number: 6
                name: notes
                label: { zh: 走访记录, en: Notes }
                type: text
                length: 2000
                policy: append
              - number: 7
                name: maker
                label: { zh: 建档人, en: Maker }
                type: text
                length: 40
                policy: fixed
              - number: 8
                name: case_number
                label: { zh: 案号, en: Case number }
                type: text
                length: 40
                policy: hub
              - { number: 9, name: people, label: { zh: 人数, en: People }, type: integer }
              - { number: 10, name: insured, label: { zh: 参保人数, en: Insured }, type: integer }
              - number: 11
                name: arrears
                label: { zh: 欠薪, en: Arrears }
                type: money
                policy: review
              - number: 12
                name: seen_on
                label: { zh: 最近核实, en: Seen on }
                type: date
                policy: max
              - number: 13
                name: sister
                label: { zh: 关联, en: Sister }
                type: reference
                of: probe
            rules:
              - name: insured_are_people
                label: { zh: 参保人数不应多于人数, en: The insured are not more than the people }
                holds: insured <= people
            """)

    static func hub() throws -> TestHub { try TestHub(extra: [file]) }

    /// A hub with two nodes of one village that both have the same probe.
    static func pair(
        _ values: [String: Value] = ["name": .text("虚构试样")]
    ) throws -> (hub: TestHub, first: RealNode, second: RealNode) {
        let hub = try hub()
        let first = try RealNode(hub, hub.enrol("虚构·甲"))
        let second = try RealNode(hub, hub.enrol("虚构·乙"))
        try first.edit(.test(1), .create(TestHub.village), values, type: "probe")
        try first.exchange()
        try second.exchange()
        hub.clock.advance(minutes: 5)
        return (hub, first, second)
    }

    /// Exchanges everybody; then replicas equal the hub.
    static func settle(
        _ hub: TestHub, _ nodes: [RealNode], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for _ in 0..<2 { for node in nodes { try node.exchange() } }
        var differences: [String] = []
        for name in ["probe", "conflict", "employer"] {
            let type = try hub.type(name)
            let expected = try Dump.lines(of: hub.hub, type: type)
            for node in nodes where node.device.scope != TestHub.otherVillage {
                let present = try Dump.lines(of: node.replica, type: type)
                let wanted = expected.filter { line in
                    node.device.scope == TestHub.township
                        || line.contains(" \(node.device.scope) ")
                }
                let difference = Dump.difference(hub: wanted, node: present)
                if !difference.isEmpty {
                    differences.append("\(node.device.holder): \(difference)")
                }
            }
        }
        let all = differences.joined(separator: "\n")
        #expect(all == "", sourceLocation: sourceLocation)
    }
}
