import Foundation

/// A hub at one end of a cable of our own, a device at the other, and a
/// neighbour at the hub's end who meets no fault.
struct DistrictOverNetwork {
    let network: Network
    let district: District
    let node: String
    let neighbour: String
    private let hub: RunningHub

    init() throws {
        network = try Network()
        district = try District()
        node = try district.join()
        neighbour = try district.join("neighbour")
        try district.stopHub()
        let script = try district.folder.write(
            "#!/bin/bash\n\(network.atHub) '\(Fieldgrid.executable())' \"$@\"\n", to: "hub.sh",
            executable: true)
        hub = try RunningHub(
            data: district.hubData, executable: script, listen: "\(Network.hubAddress):8470")
        for device in [node, neighbour] { try district.lead(device, to: Network.hubURL) }
    }

    func stop() throws { try hub.stop() }
}
