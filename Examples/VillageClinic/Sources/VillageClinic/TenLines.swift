import Fieldgrid

/// What the README shows: a device from its code to its conflicts.
func tenLines(hub: String, code: String, folder: String) async throws {
    let node = try await FieldNode.join(
        folder: folder, hub: hub, code: code, deviceName: "tablet 3")
    let made = try node.create("clinic", ["name": "虚构北村卫生室", "beds": 3, "doctors": 2])
    try node.edit(made.record, ["beds": 4, "phone": "0999-0000002"])
    let report = try await node.sync()
    print("\(report.accepted) sent, \(report.received) received")
    for conflict in try node.conflicts() {
        print(conflict.reason.zh)
    }
}
