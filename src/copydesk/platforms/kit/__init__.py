"""What every spoke is built from: contract, manifest reader, transport, registry."""
