/// A network's own page, which answers every request with itself, as in
/// hotels and stations.
final class Portal: Sendable {
    let url: String
    private let process: RunningProcess

    private static let script = """
        import http.server, sys
        class Page(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                page = b"<html><body>Please accept our terms</body></html>"
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
            do_GET = do_POST = answer
            def log_message(self, *_): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        print("portal at http://127.0.0.1:%d" % server.server_port, flush=True)
        server.serve_forever()
        """

    init() throws {
        let mark = "portal at "
        process = try RunningProcess(
            ["python3", "-c", Self.script], ready: mark, executable: "/usr/bin/env")
        url = String(process.readyLine.dropFirst(mark.count))
    }
}
