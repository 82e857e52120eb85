"""Show a folder as a static host does, on this machine alone."""
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Quiet(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".json": "application/json",
    }

    def log_message(self, *arguments):
        pass


def server(folder, port=0):
    """A server of `folder` on loopback; port 0 is any that is free. Close it with shutdown and server_close."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=str(folder)))


def forever(folder, port):
    try:
        running = server(folder, port)
    except OSError as error:
        print(f"Port {port}: {error.strerror}. Try another one: tox -e site -- --serve --port {port + 1}")
        return
    with running:
        print(f"The site is at http://127.0.0.1:{running.server_port}/ until Ctrl-C.", flush=True)
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.")
