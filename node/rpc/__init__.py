"""The node's two ports, and its calls to other nodes: gRPC over TLS 1.3 with certificates on both sides."""

import os

# gRPC for Python has no option for the lowest TLS version, but takes the cipher suites of TLS 1.2 and older
# from this variable, once, when grpc is first imported; those of TLS 1.3 are not subject to it (BoringSSL).
# The one suite named here needs a pre-shared key, which no port or channel has: TLS 1.2 finds none in common.
os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-PSK-CHACHA20-POLY1305"

# The core of gRPC writes a line of its own format to standard error for every handshake that fails, and for
# every call with headers that it cannot parse, so that whoever reaches a port could fill the node's log. It
# has no hook for its lines, only this level. What the operator has set stays.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
