"""A mail server for the tests: takes what comes, and prints each message as a line of JSON.

With `refuse` as an argument it answers 550 to every address, with `later` 451 to the first message.
"""

import asyncio
import json
import socket
import sys
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller


class Taker:
    def __init__(self, mode):
        self.mode, self.seen = mode, 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mode == "refuse":
            return "550 5.1.1 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.seen += 1
        if self.mode == "later" and self.seen == 1:
            return "451 4.3.0 come again"
        message = message_from_bytes(envelope.content, policy=policy.default)
        line = {
            "to": envelope.rcpt_tos,
            "from": envelope.mail_from,
            "subject": message["Subject"],
            "id": message["Message-ID"],
            "thread": message["References"],
            "key": message["X-Mainstay-Key"],
            "text": message.get_content(),
        }
        print(json.dumps(line), flush=True)
        return "250 taken"


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
controller = Controller(Taker(sys.argv[1] if len(sys.argv) > 1 else ""), hostname="127.0.0.1", port=port)
controller.start()
print(port, flush=True)
asyncio.new_event_loop().run_forever()
