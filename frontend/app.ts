// What every page loads: htmx with its SSE extension, and our few elements. Pages work without it.
import "htmx.org";
import "./extensions";
import { LiveState } from "./elements/live-state";
import { LocalTime } from "./elements/local-time";

customElements.define("live-state", LiveState);
customElements.define("local-time", LocalTime);
