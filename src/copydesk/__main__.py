"""`python -m copydesk` is `copydesk`."""

from copydesk.cli.main import main

main()
