"""LINE's own client reads the stand-in for LINE, and checks what it signs."""

import os
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from linebot.v3 import WebhookParser
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.messaging import (
    ApiClient,
    ApiException,
    Configuration,
    MessagingApi,
    SetWebhookEndpointRequest,
    TestWebhookEndpointRequest,
)

base, token, secret = (os.environ[name] for name in ("LINE_BASE", "LINE_TOKEN", "LINE_SECRET"))
received = queue.Queue()


class Endpoint(BaseHTTPRequestHandler):
    """Keeps what is delivered."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        received.put((body, self.headers["X-Line-Signature"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def api(access_token):
    return MessagingApi(ApiClient(Configuration(host=base, access_token=access_token)))


line = api(token)
assert line.get_bot_info().user_id.startswith("U")

followers, start = [], None
while True:
    page = line.get_followers(start=start, limit=2)
    followers += page.user_ids
    start = page.next
    if not start:
        break
assert len(followers) == len(set(followers)) == 5, followers
assert line.get_profile(followers[0]).user_id == followers[0]

try:
    api("another").get_bot_info()
except ApiException as error:
    assert error.status == 401, error
else:
    raise AssertionError("a wrong token was accepted")

# What the stand-in signs, LINE's own parser accepts; with another secret it does not.
endpoint = HTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=endpoint.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{endpoint.server_port}/"
line.set_webhook_endpoint(SetWebhookEndpointRequest(endpoint=url))
assert line.get_webhook_endpoint().endpoint == url
assert line.test_webhook_endpoint(TestWebhookEndpointRequest(endpoint=url)).success
body, signature = received.get(timeout=10)
assert WebhookParser(secret).parse(body, signature, as_payload=True).events == []
try:
    WebhookParser("0" * 32).parse(body, signature)
except InvalidSignatureError:
    pass
else:
    raise AssertionError("another secret was accepted")
