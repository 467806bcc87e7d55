"""Part `fuzz`: everything a client might send, against oracles written from the protocol."""
