// The list of recordings, worst first, and what is still to be rendered.
import { at, clock, command, counted, element } from "./dom.js";
import { Draft } from "./kept.js";

const SHOWN_AT_ONCE = 300;
const STATES = {
  to_mute: "marks not muted yet", to_mute_and_restore: "corrections not rendered yet", to_restore: "not restored yet", rendered: "rendered",
};

export class Recordings {
  // `opened` is called with a recording.
  constructor(listed, reviewer, opened) {
    Object.assign(this, { all: listed.recordings, listed, reviewer, opened, current: null, limit: SHOWN_AT_ONCE });
    at("search").oninput = () => this.filter();
    at("open-only").onchange = () => this.filter();
    at("disputed-only").onchange = () => this.filter();
    at("more").onclick = () => { this.limit += SHOWN_AT_ONCE; this.show(); };
    this.filter();
  }

  filter() {
    const wanted = at("search").value.toLowerCase();
    const openOnly = at("open-only").checked;
    const disputedOnly = at("disputed-only").checked;
    this.shown = this.all.filter((one) => one.recording_id.toLowerCase().includes(wanted) && !(openOnly && one.decision) && !(disputedOnly && !one.disagreements));
    this.limit = SHOWN_AT_ONCE;
    this.show();
  }

  // After a decision, the list stays as it is: a recording that no longer fits the filter is still found by `k`.

  show() {
    const reviewed = this.all.filter((one) => one.decision).length;
    at("progress").textContent = `${reviewed} of ${this.all.length} reviewed`;
    at("progress-bar").max = Math.max(this.all.length, 1);
    at("progress-bar").value = reviewed;
    const focused = document.activeElement?.dataset?.id;
    const index = this.shown.indexOf(this.current);
    if (index >= this.limit) this.limit = (Math.floor(index / SHOWN_AT_ONCE) + 1) * SHOWN_AT_ONCE;
    at("recordings").replaceChildren(...this.shown.slice(0, this.limit).map((one) => this.item(one)));
    if (focused) at("recordings").querySelector(`button[data-id="${CSS.escape(focused)}"]`)?.focus();
    at("more").hidden = this.shown.length <= this.limit;
    at("nothing").hidden = this.shown.length > 0;
    at("disputed").hidden = !this.all.some((one) => one.disagreements);
    this.showToDo();
  }

  item(one) {
    const badges = [];
    if (one.decision) badges.push(["done", one.decision === "corrected" ? "corrected" : "confirmed"]);
    if (Draft.exists(this.listed.output, this.reviewer, one.recording_id)) badges.push(["warn", "unsaved changes"]);
    if (STATES[one.state]) badges.push([one.state === "rendered" ? "done" : "warn", STATES[one.state]]);
    if (one.disagreements) badges.push(["warn", counted(one.disagreements, "disagreement")]);
    const button = element("button", { type: "button", onclick: () => this.opened(one) },
      element("strong", { textContent: one.recording_id }),
      element("small", { textContent: [clock(one.duration_s), counted(one.findings, "finding")].join(" · ") }),
      element("small", { className: "why", textContent: one.reasons.join(" · ") || "nothing stands out" }),
      element("span", { className: "badges" }, ...badges.map(([kind, textContent]) => element("span", { className: `badge ${kind}`, textContent }))));
    button.dataset.id = one.recording_id;
    if (one === this.current) button.ariaCurrent = "true";
    return element("li", {}, button);
  }

  setCurrent(one) {
    this.current = one;
    if (this.shown.indexOf(one) >= this.limit) this.show();
    for (const button of at("recordings").querySelectorAll("button")) {
      const isCurrent = button.dataset.id === one.recording_id;
      button.ariaCurrent = isCurrent ? "true" : null;
      if (isCurrent) button.scrollIntoView({ block: "nearest" });
    }
  }

  step(by) {
    const next = this.shown[this.shown.indexOf(this.current) + by];
    if (next) this.opened(next);
    return Boolean(next);
  }

  firstOpen() { return this.shown.find((one) => !one.decision) ?? this.shown[0]; }

  nextOpen() {
    const after = this.shown.slice(this.shown.indexOf(this.current) + 1);
    return after.find((one) => !one.decision) ?? after[0] ?? null;
  }

  // Every run applies the corrections; these commands apply them now. What each one really does is in
  // transforms/correct_findings/state.py.

  showToDo() {
    const { command: rerender, has_store: hasStore } = this.listed;
    const toMute = this.all.filter((one) => one.state === "to_mute" || one.state === "to_mute_and_restore").length;
    const toRestore = this.all.filter((one) => one.state === "to_restore" || one.state === "to_mute_and_restore").length;
    at("to-do").hidden = !toMute && !toRestore;
    const lines = [];
    const line = (...parts) => lines.push(element("p", {}, ...parts));
    if (toMute) line(`${counted(toMute, "recording")} with marks to mute. This command mutes them in the published audio: `, command(rerender));
    if (toRestore && hasStore) line(`${counted(toRestore, "recording")} to restore, with false positives or earlier corrections that are no longer wanted. Only the source has that audio: `, command(`${rerender} --store STORE --store_key KEY`), toMute ? " This also mutes the marks." : "");
    if (toRestore && !hasStore) line(`${counted(toRestore, "recording")} to restore, with false positives or earlier corrections that are no longer wanted. rerender cannot: no run of this output kept a store. The next `, command("hushbeam redact"), " of the manifest transcribes them again and restores them; until then they stay muted.");
    if (lines.length) at("to-do-lines").replaceChildren(...lines);
    at("to-do-title").textContent = `Corrected but not rendered yet: ${this.all.filter((one) => one.state.startsWith("to_")).length}`;
  }
}
