"""What people taught: handed out, kept as cases, and replayed."""
