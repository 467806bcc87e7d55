"""The web page of a server: press a button, talk, read captions; and its client code for others.

routes.py     what is answered
gate.py       who may see the page
attempts.py   how often somebody may try
visits.py     the cookie of those who knew the passphrase
files.py      the files that browsers get, with their headers
module/       the client code, an ES module that other pages may use: /js/oyez.js
static/       the page itself
"""

from oyez.server.page.routes import page_routes

__all__ = ["page_routes"]
