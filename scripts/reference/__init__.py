"""Reference pages made from the code they describe: one function per page."""
