from server.rest.conftest import start_server, store, store_url, tables

__all__ = ["start_server", "store", "store_url", "tables"]
