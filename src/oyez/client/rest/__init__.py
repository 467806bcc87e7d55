"""The REST API from the client's side: what is asked, how often, and what an answer means.

    calls       arguments to a `Call`: what is sent and what comes back
    answers     an HTTP answer to a result or an exception
    patience    whether and when a call that failed is made again
    http        what both transports ask of httpx, and its exceptions as ours
    transport   the transports, for threads and for asyncio
    sync_api    the namespaces of `OyezClient`
    async_api   the namespaces of `AsyncOyezClient`

The first three do no I/O. httpx is imported with the first request, because most programs that
stream make none.
"""
