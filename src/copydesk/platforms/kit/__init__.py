"""What every spoke is built from: the contract, the manifest reader, the transport, the registry."""
