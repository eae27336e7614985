// Says in a word whether the page follows events: <live-state>. Without scripts its own text stays.

type Connection = "live" | "waiting" | "lost";

const WORDS: Record<Connection, string> = {
  live: "Live",
  waiting: "Connecting",
  lost: "Not live: reload to refresh",
};

const EVENTS: Record<string, Connection> = {
  "htmx:sse:before:connection": "waiting",
  "htmx:sse:after:connection": "live",
  "htmx:sse:error": "waiting",
  "htmx:sse:close": "lost",
};

export class LiveState extends HTMLElement {
  #listening: AbortController | undefined;

  connectedCallback(): void {
    this.#listening = new AbortController();
    const options = { signal: this.#listening.signal };
    for (const [name, connection] of Object.entries(EVENTS)) {
      document.addEventListener(name, () => this.#show(connection), options);
    }
    this.#show("waiting");
  }

  disconnectedCallback(): void {
    this.#listening?.abort();
  }

  #show(connection: Connection): void {
    if (this.dataset["connection"] === connection) return;
    this.dataset["connection"] = connection;
    this.textContent = WORDS[connection];
  }
}
