"""What pages say in the browser's console, and what they ask of the network."""
import re
from urllib.parse import urlsplit

# Chromium's own line about an answer from 400 on, which is told by its status here.
BY_STATUS = re.compile(r"Failed to load resource: the server responded with a status of \d{3}")


class Watch:
    """All that the pages of a browser context do from now on.

    `requests` are the addresses asked for, sockets included; `elsewhere` those at another server than the first one.
    Nothing but this machine is reached. `expected` holds the statuses from 400 on that a page may have; what it loads
    may have none. `harmless` is a pattern of messages in the console that do not count.
    """

    def __init__(self, context):
        self.said, self.requests, self.failed, self.expected = [], [], [], set()
        self.harmless = BY_STATUS
        context.on("console", self.on_message)
        context.on("weberror", lambda error: self.said.append(f"uncaught: {error.error}"))
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("requestfailed", lambda request: self.failed.append(f"{request.url}: {request.failure}"))
        context.on("response", self.on_response)
        context.on("page", lambda page: page.on("websocket", lambda socket: self.requests.append(socket.url)))

    def on_message(self, message):
        if message.type != "debug" and not self.harmless.match(message.text):  # browsers hide those too, unless told
            self.said.append(f"{message.type}: {message.text}")

    def on_response(self, response):
        is_page = response.request.is_navigation_request()
        if response.status >= 400 and not (is_page and response.status in self.expected):
            self.failed.append(f"{response.url}: {response.status}")

    @property
    def elsewhere(self):
        servers = [(urlsplit(url).netloc, url) for url in self.requests]  # none: what the page itself has made
        home = next((server for server, _ in servers if server), None)
        return [url for server, url in servers if server not in ("", home)]

    def problems(self):
        """One line for each message in the console, failed request, and request to another server."""
        return [*(f"console: {text}" for text in self.said), *(f"failed: {text}" for text in self.failed),
                *(f"at another server: {url}" for url in self.elsewhere)]
