// A review by keyboard: j/k walk the suggestions, a e x decide on one, u takes that decision back or
// the one made last, A accepts the rest, Enter and X go to the decision on the whole, for and against.
// Forms are sent behind the page and their answer, the desk alone, takes the place of what is shown.
// Without scripts the same forms load the page again.

const TYPING = "input, textarea, select, [contenteditable]";
const PRESSING = "button, a, summary";

export class ReviewDesk extends HTMLElement {
  #current: string | undefined;
  // which suggestion a verdict was given on last: who takes it back has been led on to the next
  #decided: string | undefined;
  #listening: AbortController | undefined;
  // one after the other: whoever types fast loses no key
  #sending: Promise<void> = Promise.resolve();

  connectedCallback(): void {
    this.#listening = new AbortController();
    const options = { signal: this.#listening.signal };
    document.addEventListener("keydown", (event) => this.#press(event), options);
    this.addEventListener("submit", (event) => this.#send(event), options);
    this.addEventListener("focusin", (event) => this.#remember(event.target), options);
  }

  disconnectedCallback(): void {
    this.#listening?.abort();
  }

  #remember(target: EventTarget | null): void {
    const item = target instanceof Element ? target.closest<HTMLElement>(".suggestion") : null;
    if (item !== null) this.#current = item.id;
  }

  #suggestions(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>(".suggestion:not(.gone)")];
  }

  #item(): HTMLElement | undefined {
    return this.#suggestions().find((item) => item.id === this.#current);
  }

  #press(event: KeyboardEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const typing = target?.closest(TYPING) ?? null;
    if (typing !== null) {
      this.#pressTyping(event, typing);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Enter" && target?.closest(PRESSING)) return;
    if (event.key === "Escape") this.#fold();
    else if (event.key === "j") this.#walk(1);
    else if (event.key === "k") this.#walk(-1);
    else if (event.key === "?") this.#showKeys();
    else if (event.key === "A") this.querySelector<HTMLElement>('[data-key="A"]')?.click();
    else if (event.key === "Enter" || event.key === "X") this.#toDecision(event.key);
    else if (["a", "e", "x", "u"].includes(event.key)) this.#act(event.key);
    else return;
    event.preventDefault();
  }

  #pressTyping(event: KeyboardEvent, typing: Element): void {
    if (event.key === "Escape") {
      event.preventDefault();
      this.#fold();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = typing.closest("form");
      event.preventDefault();
      form?.requestSubmit(form.querySelector("button"));
    }
  }

  #walk(step: number): void {
    const all = this.#suggestions();
    if (all.length === 0) return;
    const at = all.findIndex((item) => item.id === this.#current);
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
    this.#focus(all[Math.max(0, Math.min(all.length - 1, next))]);
  }

  #focus(item: HTMLElement | undefined): void {
    if (item === undefined) return;
    this.#current = item.id;
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
  }

  #act(key: string): void {
    if (this.#item() === undefined) this.#walk(1);
    const control = this.#control(key) ?? (key === "u" ? this.#lastDecided() : undefined);
    if (control === undefined) {
      this.#say(key === "u" ? "There is nothing to take back here." : "This cannot be decided here.");
      return;
    }
    if (control.tagName !== "SUMMARY") {
      control.click();
      return;
    }
    const folded = control.parentElement as HTMLDetailsElement;
    folded.open = true;
    const first = folded.querySelector<HTMLElement>("textarea, button");
    first?.focus();
    if (first instanceof HTMLTextAreaElement) first.select();
  }

  #control(key: string): HTMLElement | undefined {
    return this.#item()?.querySelector<HTMLElement>(`[data-key="${key}"]`) ?? undefined;
  }

  #lastDecided(): HTMLElement | undefined {
    const decided = this.#suggestions().find((item) => item.id === this.#decided);
    const undo = decided?.querySelector<HTMLElement>('[data-key="u"]') ?? undefined;
    if (undo !== undefined) this.#focus(decided);
    return undo;
  }

  #fold(): void {
    for (const open of this.querySelectorAll<HTMLDetailsElement>(".suggestion details[open]")) open.open = false;
    this.#focus(this.#item());
  }

  #showKeys(): void {
    const keys = document.querySelector<HTMLDetailsElement>("#keys");
    if (keys === null) return;
    keys.open = !keys.open;
    if (keys.open) keys.querySelector("summary")?.focus();
  }

  #toDecision(key: string): void {
    const button = this.querySelector<HTMLElement>(`[data-key="${key}"]`);
    if (button === null) return;
    button.focus();
    this.#say(`${key === "Enter" ? "Press Enter again" : "Press Enter"}: ${button.textContent}.`);
  }

  #say(words: string): void {
    const said = this.querySelector(".said");
    if (said !== null) said.textContent = words;
  }

  #send(event: SubmitEvent): void {
    const form = event.target as HTMLFormElement;
    const button = event.submitter as HTMLButtonElement | null;
    // what ends the review leads to another page
    if (button?.dataset["whole"] === "yes" || form.action.endsWith("/answer")) return;
    event.preventDefault();
    const inside = form.closest(".suggestion")?.id;
    const body = new URLSearchParams(new FormData(form, button) as unknown as Record<string, string>);
    this.#sending = this.#sending
      .then(() => this.#replace(form.action, body, inside))
      .catch(() =>
        this.#say("No answer from the server: nothing is known to have changed. Reload the page to see."),
      );
  }

  async #replace(action: string, body: URLSearchParams, inside: string | undefined): Promise<void> {
    const answer = await fetch(action, { method: "POST", headers: { "X-Fragment": "1" }, body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const desk = page.querySelector("#desk");
    if (desk === null) {
      // signed out, or gone: the whole page says it
      location.reload();
      return;
    }
    const said = desk.querySelector(".said")?.textContent ?? "";
    const moves = ["accepted", "rejected"].includes(body.get("verdict") ?? "");
    this.querySelector("#desk")?.replaceWith(document.adoptNode(desk));
    if (answer.ok && body.has("verdict")) this.#decided = inside;
    if (inside !== undefined && inside === this.#current) this.#goOn(answer.ok && moves);
    else this.#focus(this.#item());
    // announced once it stands in the page: what was there from the start is not read out
    this.#say("");
    this.#say(said);
  }

  /** After a verdict go on to the next suggestion that is open; else stay where it was. */
  #goOn(moved: boolean): void {
    const all = this.#suggestions();
    const at = all.findIndex((item) => item.id === this.#current);
    const next = moved ? all.slice(at + 1).find((item) => item.dataset["open"] === "yes") : undefined;
    this.#focus(next ?? all[at]);
  }
}
