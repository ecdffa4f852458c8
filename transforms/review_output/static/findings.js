// The list of spans beside the transcript.
import { at, element, preciseClock, reveal } from "./dom.js";
import { decisionOf, kindOf } from "./spans.js";

const NO_FINDING = "no finding of its own";

export class Findings {
  // `chosen` is called with the id of a span.
  constructor(chosen) {
    this.chosen = chosen;
    this.items = new Map();
    at("findings").replaceChildren();
  }

  show(spans, selected, channels) {
    const items = new Map();
    for (const span of spans) {
      const shown = JSON.stringify([span.start_s, span.end_s, decisionOf(span), span.policy]);
      const known = this.items.get(span.id);
      const item = known?.shown === shown ? known : { shown, made: this.item(span, channels) };
      item.span = span;
      item.made.firstChild.ariaCurrent = String(span.id === selected);
      items.set(span.id, item);
    }
    const wanted = [...items.values()].map((item) => item.made);
    const focused = document.activeElement?.closest?.("#findings li")?.dataset.id;
    if (wanted.length !== this.items.size || wanted.some((made, index) => at("findings").children[index] !== made)) at("findings").replaceChildren(...wanted);
    this.items = items;
    if (focused && items.has(focused)) items.get(focused).made.firstChild.focus();
    at("findings-count").textContent = `(${spans.length})`;
    at("no-findings").hidden = spans.length > 0;
    if (selected && selected !== this.selected) this.reveal(selected);
    this.selected = selected;
  }

  item(span, channels) {
    const kind = kindOf(span);
    const where = channels > 1 ? (span.channels.length > 1 ? "all channels" : `channel ${span.channels[0] + 1}`) : "";
    const score = span.score === null ? "" : `score ${span.score.toFixed(2)}`;
    const button = element("button", { type: "button", className: "finding", onclick: () => this.chosen(span.id) },
      element("span", { className: `swatch ${kind}`, ariaHidden: "true" }),
      element("span", { className: "place", textContent: preciseClock(span.start_s) }),
      element("span", { className: "policy", textContent: span.policies?.join(", ") || span.policy || NO_FINDING }),
      element("span", { className: "decision", textContent: decisionOf(span) }),
      element("span", { className: "more", textContent: [score, `${(span.end_s - span.start_s).toFixed(1)} s`, where].filter(Boolean).join(" · ") }));
    const made = element("li", {}, button);
    made.dataset.id = span.id;
    return made;
  }

  follow(seconds, scrolls) {
    let last = null;
    for (const { made, span } of this.items.values()) {
      const isNow = span.start_s <= seconds && seconds < span.end_s;
      if (isNow !== made.classList.contains("now")) made.classList.toggle("now", isNow);
      if (isNow) last = span.id;
    }
    if (scrolls && last && last !== this.followed) this.reveal(last);
    this.followed = last;
  }

  reveal(id) {
    const item = this.items.get(id);
    if (item) reveal(at("findings-panel"), item.made);
  }
}
