"""The pages. A handler reads the request, asks one use case or list, fills a view and renders."""
