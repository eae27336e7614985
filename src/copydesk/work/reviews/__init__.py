"""What people do with a draft, and what is made ready for them."""
