"""Keyword rules that route messages today, served as an OpenAI-compatible endpoint so that Goldgate can score them.

    python rules.py 8765            # port 0 takes any free port; the address is printed

Any program can be a subject in this way: it reads the last user message and answers with a chat completion.
"""

from __future__ import annotations

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The first rule that matches decides, so the order counts.
RULES = {
    "billing": r"charge|invoice|receipt|refund|voucher|\bpay|paid|\bcard\b|bank|\bbill|money|debit|coupon",
    "account": r"password|log[- ]?in\b|log on|sign in|locked out|profile|my account|newsletter|hacked|personal data",
    "returns": r"return|send (it|this|them) back|exchange|swap|wrong (colou?r|item|model|size)|broken|in pieces",
    "delivery": r"parcel|package|deliver|courier|tracking|driver|neighbour|shipment|shipped|street|has(n't| not) come",
    "technical": r"leak|water|noise|\bapp\b|wi-?fi|clean|descal|start|stop|not work|smok|spark|smell|error|filter",
}


def queue(message: str) -> str:
    """The queue of a message: the first rule that matches."""
    return next((name for name, words in RULES.items() if re.search(words, message, re.IGNORECASE)), "other")


class Handler(BaseHTTPRequestHandler):
    """POST /v1/chat/completions, as far as a client needs it."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = queue(request["messages"][-1]["content"])
        body = json.dumps(
            {
                "model": "keyword-rules-1",
                "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 0, "completion_tokens": 0},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()
