"""Taking messages in: as they come, out of files and folders, and chats that grow."""
