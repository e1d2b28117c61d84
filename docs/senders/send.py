"""Send events of another system, signed. Python 3.8+, standard library only.

    python3 send.py https://scrm.example.com/ingest/v1/lake-gates whsec_... events.json

`events.json` holds {"events": [...]}; see docs/ingest.md. Sending the same file again under the same id is safe.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
import urllib.error
import urllib.request


def send(url: str, secret: str, body: bytes, message_id: str = "") -> "tuple[int, object]":
    """POST a body; (status, answer). The id names the body, so that a retry is the same message."""
    message_id = message_id or "sha-" + hashlib.sha256(body).hexdigest()[:40]
    stamp = str(int(time.time()))
    key = base64.b64decode(secret[len("whsec_") :])
    signed = hmac.new(key, message_id.encode() + b"." + stamp.encode() + b"." + body, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - the address is the operator's own
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


if __name__ == "__main__":
    with open(sys.argv[3], "rb") as file:
        status, answer = send(sys.argv[1], sys.argv[2], file.read())
    print(status, json.dumps(answer, ensure_ascii=False, indent=1))
    sys.exit(0 if status == 200 else 1)
