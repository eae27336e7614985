// The extension finds htmx as a global, which htmx.org sets when it is evaluated before this file.
import "htmx.org/dist/ext/hx-sse.js";
