"""Intake: what comes in from e-mail, forms, chats and communities, parsed into segments."""
