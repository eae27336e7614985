"""Chaining the stages: job kinds, their handlers, the worker, and the queue in `work.runtime`."""
