/// A network's own page, which answers every request with itself, as in
/// hotels and stations; some lead there by a redirect.
final class Portal: Sendable {
    let url: String
    private let process: RunningProcess

    private static let script = """
        import http.server, sys
        class Page(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                if sys.argv[1:] and self.path != "/login":
                    self.send_response(302)
                    self.send_header("location", "/login")
                    self.send_header("content-length", "0")
                    self.end_headers()
                    return
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

    init(isRedirecting: Bool = false) throws {
        let mark = "portal at "
        process = try RunningProcess(
            ["python3", "-c", Self.script] + (isRedirecting ? ["redirect"] : []), ready: mark,
            executable: "/usr/bin/env")
        url = String(process.readyLine.dropFirst(mark.count))
    }
}
