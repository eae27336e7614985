"""What platforms are tested with, ours and other people's: contract suites and lying servers.

`contract.PlatformContract` holds for every platform; `faults.FaultContract` drives a platform's
client against a server that misbehaves; `fake_mastodon.FakeMastodon` is such a server. The suites
need pytest.
"""
