"""The models of a project, with their books: opened, asked, paid for, left alone when down."""
