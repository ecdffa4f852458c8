// The redacted transcript, which follows the audio.
import { at, clock, element, reveal } from "./dom.js";

const LOOKED_BACK = 40;

export class Transcript {
  // `clicked` is called with a word.
  constructor(detail, clicked) {
    this.panel = at("transcript");
    this.words = [];
    this.now = new Set();
    const lines = detail.utterances.map((utterance) => {
      const parts = utterance.words.filter((word) => word.text).flatMap((word) => {
        const text = word.text.trimStart();
        const made = element("span", { className: word.redacted ? "word redacted" : "word", textContent: text });
        const one = { start_s: word.start_s, end_s: word.end_s, channel: utterance.channel, redacted: word.redacted, made };
        made.onclick = () => clicked(one);
        this.words.push(one);
        return [word.text.slice(0, word.text.length - text.length), made];
      });
      const speaker = element("span", { className: "speaker" }, element("strong", { textContent: utterance.speaker }), ` ${clock(utterance.start_s)}`);
      return element("p", { className: "utterance" }, speaker, element("span", { className: "words" }, ...parts));
    });
    this.words.sort((a, b) => a.start_s - b.start_s);
    this.panel.replaceChildren(...(lines.length ? lines : [element("p", { className: "empty", textContent: "No words were recognised." })]));
    this.panel.scrollTop = 0;
  }

  follow(seconds, scrolls) {
    let low = 0;
    let high = this.words.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.words[middle].start_s <= seconds) low = middle + 1;
      else high = middle;
    }
    const now = new Set(this.words.slice(Math.max(0, low - LOOKED_BACK), low).filter((word) => seconds < word.end_s));
    for (const word of this.now) if (!now.has(word)) word.made.classList.remove("now");
    const [fresh] = [...now].filter((word) => !this.now.has(word));
    for (const word of now) word.made.classList.add("now");
    this.now = now;
    if (scrolls && fresh) reveal(this.panel, fresh.made);
    // Nobody speaks here: the last word before is the place.
    if (scrolls && !now.size && low) reveal(this.panel, this.words[low - 1].made);
  }

  show(marks, selected, mixed) {
    for (const word of this.words) {
      word.made.classList.toggle("marked", marks.some((mark) => covers(mark, word, mixed)));
      word.made.classList.toggle("chosen", selected !== null && word.redacted && lies(selected, word, mixed));
    }
  }
}

export function lies(span, word, mixed) {
  return (mixed || span.channels.includes(word.channel)) && span.start_s < word.end_s && span.end_s > word.start_s;
}

// The same rule as in transforms/correct_findings: which words a mark covers.

function covers(mark, word, mixed) {
  const shared = Math.min(mark.end_s, word.end_s) - Math.max(mark.start_s, word.start_s);
  return (mixed || mark.channel === word.channel) && shared > 0 && shared >= Math.min(mark.end_s - mark.start_s, word.end_s - word.start_s) / 3;
}
