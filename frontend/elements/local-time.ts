// Adds the reader's own time as a tooltip to a UTC time: <local-time><time datetime=…></local-time>.

const FORMAT = new Intl.DateTimeFormat(undefined, {
  dateStyle: "full",
  timeStyle: "long",
});

export class LocalTime extends HTMLElement {
  connectedCallback(): void {
    const time = this.querySelector("time");
    if (time === null) return;
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) time.title = `Here: ${FORMAT.format(moment)}`;
  }
}
