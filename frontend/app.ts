// What every page loads: htmx with its SSE extension, and our few elements. Pages work without it.
import "htmx.org";
import "./extensions";
import { LiveState } from "./elements/live-state";
import { LocalTime } from "./elements/local-time";
import { ReviewDesk } from "./elements/review-desk";

customElements.define("live-state", LiveState);
customElements.define("local-time", LocalTime);
customElements.define("review-desk", ReviewDesk);
