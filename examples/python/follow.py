"""Sends a recording and prints its words as they come: python follow.py FILE [SERVER].

Needs `pip install gql[aiohttp]`.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

from gql import Client, FileVar, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed

TRANSCRIBE = """
mutation ($file: File!) {
  transcribe(input: { media: { upload: $file } }) {
    ... on TranscribeSuccess { job { id } }
    ... on Error { code message hint }
  }
}
"""
FOLLOW = """
subscription ($id: ID!, $after: SafeInt) {
  jobEvents(id: $id, after: $after) {
    __typename seq
    ... on JobSegmentsAdded { segments { index startSeconds text } }
  }
}
"""

TOKEN = os.environ.get("PHONOGRAPH_TOKEN")
AUTHORIZATION = {"authorization": f"Bearer {TOKEN}"} if TOKEN else {}


async def transcribe(server: str, path: str) -> str:
    """Uploads a recording, and gives the id of its job."""
    headers = {"apollo-require-preflight": "true", **AUTHORIZATION}
    async with Client(transport=AIOHTTPTransport(f"{server}/graphql", headers=headers)) as session:
        request = GraphQLRequest(TRANSCRIBE, variable_values={"file": FileVar(path)})
        answer = (await session.execute(request, upload_files=True))["transcribe"]
    if "job" not in answer:
        raise SystemExit(f"{answer['message']} {answer['hint'] or ''}")
    job_id: str = answer["job"]["id"]
    return job_id


async def follow(server: str, job_id: str) -> AsyncIterator[dict[str, Any]]:
    """The events of a job, each once, until it has ended: after a lost connection from the last number on."""
    after = 0
    while True:
        transport = AIOHTTPWebsocketsTransport(
            f"{server.replace('http', 'ws', 1)}/graphql", init_payload=AUTHORIZATION, ping_interval=10, pong_timeout=5
        )
        try:
            async with Client(transport=transport) as session:
                request = GraphQLRequest(FOLLOW, variable_values={"id": job_id, "after": after})
                async for answer in session.subscribe(request):
                    event = answer["jobEvents"]
                    after = event["seq"]
                    yield event
                return
        except (TransportConnectionFailed, TransportClosed, OSError):
            await asyncio.sleep(0.5)


async def main(path: str, server: str = "http://127.0.0.1:4000") -> None:
    job_id = await transcribe(server, path)
    print(job_id, file=sys.stderr)
    async for event in follow(server, job_id):
        for segment in event.get("segments", []):
            print(segment["index"], segment["text"], sep="\t", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
