// The spans of one recording: what is muted, and what the reviewer changes. One object is one span over all of its
// channels. A change makes a new snapshot, so that it can be undone; snapshots hold times and policies, never text.

const FADE_S = 0.01;
const FADES_S = 0.05;
const SAME_S = 0.001;
const SHORTEST_SPAN_S = 0.05;
const SHORTEST_MARK_S = 0.3;
const MOST_SNAPSHOTS = 300;

export const DECISIONS = {
  muted: "muted", falsePositive: "false positive", moved: "moved", missed: "your mark",
};

// What was decided on a span, and whether the published audio follows it already.

export function decisionOf(span) {
  if (kindOf(span) === "uncertain") return "muted, uncertain";
  if (span.decision === "falsePositive" && !span.isMuted) return "false positive, restored";
  if (span.decision === "missed" && span.isRendered) return "your mark, rendered";
  return DECISIONS[span.decision];
}


// How a span is drawn: the names of colours in the style sheet.

export const KINDS = ["muted", "uncertain", "falsePositive", "moved", "missed"];
export const kindOf = (span) => (span.decision === "muted" && span.uncertain ? "uncertain" : span.decision);

const placeKey = (span) => `${span.start_s.toFixed(3)} ${span.end_s.toFixed(3)}`;

export class Spans {
  // `changed` is called after each change of spans or selection.
  constructor(detail, duration_s, uncertain, draft, changed) {
    this.detail = detail;
    this.duration_s = duration_s;
    this.changed = changed;
    this.selected = null;
    this.draft = draft;
    const { base, snapshot } = begun(detail, uncertain);
    this.base = base;
    // By the rule of the recording's badge. A mark that is set or changed now waits again.
    this.rendered = new Set(detail.state.startsWith("to_mute") ? [] : [...snapshot.marks, ...Object.entries(snapshot.moved)].map((one) => JSON.stringify(one)));
    this.saved = JSON.stringify(snapshot);
    this.history = [this.saved];
    this.place = 0;
    const kept = draft.read();
    if (kept && kept !== this.saved) {
      this.history.push(kept);
      this.place = 1;
      this.isRestored = true;
    }
    this.refresh();
  }

  get isChanged() { return this.history[this.place] !== this.saved; }
  get canUndo() { return this.place > 0; }
  get canRedo() { return this.place < this.history.length - 1; }

  refresh() {
    const snapshot = JSON.parse(this.history[this.place]);
    const spans = this.base.map((span) => {
      const moved = snapshot.moved[span.id];
      const decision = snapshot.falsePositives.includes(span.id) ? "falsePositive" : moved ? "moved" : "muted";
      return { ...span, decision, was: span, isRendered: Boolean(moved) && this.rendered.has(JSON.stringify([span.id, moved])), ...(moved ? { start_s: moved[0], end_s: moved[1] } : {}) };
    });
    for (const mark of snapshot.marks) spans.push({ ...mark, isRendered: this.rendered.has(JSON.stringify(mark)), decision: "missed", was: null, score: null, detector: "reviewer", uncertain: false });
    spans.sort((a, b) => a.start_s - b.start_s || a.channels[0] - b.channels[0] || a.id.localeCompare(b.id));
    this.list = spans;
    if (this.selected && !this.list.some((span) => span.id === this.selected)) this.selected = null;
  }

  find(id) { return this.list.find((span) => span.id === id) ?? null; }
  get current() { return this.find(this.selected); }

  select(id) {
    if (this.selected === id) return;
    this.selected = id;
    this.changed();
  }

  change(edit) {
    const snapshot = JSON.parse(this.history[this.place]);
    edit(snapshot);
    const made = JSON.stringify(snapshot);
    if (made === this.history[this.place]) return;
    this.history.length = this.place + 1;
    this.history.push(made);
    if (this.history.length > MOST_SNAPSHOTS) this.history.shift();
    this.place = this.history.length - 1;
    this.settle();
  }

  step(by) {
    if (!this.history[this.place + by]) return false;
    this.place += by;
    this.settle();
    return true;
  }

  settle() {
    this.refresh();
    this.draft.write(this.isChanged ? this.history[this.place] : null);
    this.changed();
  }

  // The picture does not show which channel a voice was in: a mark is one span over all channels.

  mark(from, to, policy) {
    const start_s = Math.min(from, to);
    const end_s = Math.min(Math.max(from, to, start_s + SHORTEST_MARK_S), this.duration_s);
    const id = `mark ${Date.now()} ${placeKey({ start_s, end_s })}`;
    this.selected = id;
    this.change((snapshot) => snapshot.marks.push({ id, start_s, end_s, policy, channels: [...Array(this.detail.channels).keys()] }));
  }

  rename(id, policy) {
    this.change((snapshot) => {
      const mark = snapshot.marks.find((one) => one.id === id);
      if (mark) mark.policy = policy;
    });
  }

  // Removes a mark, takes back a change, or makes a muted span a false positive.

  toggle(id) {
    const span = this.find(id);
    if (!span) return "";
    this.change((snapshot) => {
      snapshot.marks = snapshot.marks.filter((mark) => mark.id !== id);
      const wasChanged = snapshot.falsePositives.includes(id) || snapshot.moved[id];
      snapshot.falsePositives = snapshot.falsePositives.filter((one) => one !== id);
      delete snapshot.moved[id];
      if (!wasChanged && span.was) snapshot.falsePositives.push(id);
    });
    const now = this.find(id);
    return !now ? "Mark removed" : now.decision === "falsePositive" ? "False positive" : "Change taken back: muted";
  }

  move(id, start, end) {
    const span = this.find(id);
    if (!span || span.decision === "falsePositive") return false;
    const start_s = Math.max(0, start);
    const end_s = Math.min(this.duration_s, end);
    if (end_s - start_s < SHORTEST_SPAN_S) return false;
    this.change((snapshot) => {
      const mark = snapshot.marks.find((one) => one.id === id);
      if (mark) {
        Object.assign(mark, { start_s, end_s });
      } else if (Math.abs(start_s - span.was.start_s) > SAME_S || Math.abs(end_s - span.was.end_s) > SAME_S) {
        snapshot.moved[id] = [start_s, end_s];
      } else {
        delete snapshot.moved[id];
      }
    });
    return true;
  }

  nudge(start_s, end_s) {
    const span = this.current;
    if (!span) return false;
    const start = Math.max(0, span.start_s + start_s);
    const end = Math.min(this.duration_s, span.end_s + end_s);
    if (start_s && end_s && end - start < span.end_s - span.start_s - SAME_S) return false;
    return this.move(span.id, start, end);
  }

  next(from_s, by) {
    return by > 0 ? this.list.find((span) => span.start_s > from_s + 0.05) : this.list.findLast((span) => span.start_s < from_s - 0.05);
  }

  // What the server keeps. `policy` is for moved spans that no finding explains.

  toReview(policy) {
    const missed = this.list.filter((span) => span.decision === "missed" || span.decision === "moved")
      .flatMap((span) => span.channels.map((channel) => ({ channel, start_s: span.start_s, end_s: span.end_s, policy: span.policy || policy })));
    // Muted spans to restore: false positives, and the old places of spans that were moved or made shorter.
    const false_positives = this.list
      .filter(({ decision, was, start_s, end_s }) => decision === "falsePositive" || (decision === "moved" && (start_s > was.start_s + SAME_S || end_s < was.end_s - SAME_S)))
      .flatMap(({ was, channels }) => channels.map((channel) => ({ channel, start_s: was.start_s, end_s: was.end_s })));
    return { decision: missed.length + false_positives.length ? "corrected" : "confirmed", missed, false_positives };
  }
}

function begun(detail, uncertain) {
  const marks = grouped(detail.review?.missed ?? [], (mark) => `${placeKey(mark)} ${mark.policy}`).map((mark) => ({ id: `mark ${placeKey(mark)} ${mark.policy}`, start_s: mark.start_s, end_s: mark.end_s, policy: mark.policy, channels: mark.channels }));
  // Mixed channels were transcribed as one, so a span's channel is unknown: it is one span over all of them.
  const asOne = (span) => (detail.mixed ? placeKey(span) : `${span.channel} ${placeKey(span)}`);
  const all = detail.muted.map(([channel, start_s, end_s]) => ({ channel, start_s, end_s }));
  const muted = all
    // A mark that was rendered is drawn once, as the mark.
    .filter((span) => !marks.some((mark) => mark.channels.includes(span.channel) && mark.start_s <= span.start_s + FADE_S && mark.end_s >= span.end_s - FADE_S));
  const decided = grouped(detail.review?.false_positives ?? [], asOne);
  // Rendering again adds fades to what was muted before: a span and the decision about it may differ by these.
  const isSame = (one, span) => String(one.channels) === String(span.channels) && Math.abs(one.start_s - span.start_s) <= FADES_S && Math.abs(one.end_s - span.end_s) <= FADES_S;
  const isStillMuted = (span) => span.channels.every((channel) => all.some((one) => one.channel === channel && one.start_s <= span.start_s + FADE_S && one.end_s >= span.end_s - FADE_S));
  const snapshot = { falsePositives: [], moved: {}, marks };
  const base = grouped(muted, asOne).map((span) => described({ ...span, id: `muted ${asOne(span)}`, isMuted: true }, detail, uncertain));
  for (const span of decided) {
    const known = base.find((one) => one.isMuted && isSame(one, span));
    if (known) Object.assign(known, { start_s: span.start_s, end_s: span.end_s });
    const id = known?.id ?? `muted ${span.channels} ${placeKey(span)}`;
    const moved = known && marks.find((mark) => mark.policy === known.policy && mark.start_s < span.end_s && mark.end_s > span.start_s && String(mark.channels) === String(known.channels));
    if (moved) {
      snapshot.moved[id] = [moved.start_s, moved.end_s];
      marks.splice(marks.indexOf(moved), 1);
    } else {
      // A rendered correction stays in the review: later runs apply it again.
      if (!known) base.push(described({ ...span, id, isMuted: isStillMuted(span) }, detail, uncertain));
      snapshot.falsePositives.push(id);
    }
  }
  return { base, snapshot };
}

function grouped(spans, keyOf) {
  const groups = new Map();
  for (const span of spans) {
    const key = keyOf(span);
    if (groups.has(key)) groups.get(key).channels.push(span.channel);
    else groups.set(key, { ...span, channels: [span.channel] });
  }
  return [...groups.values()];
}

function described(span, detail, uncertain) {
  const found = detail.findings.filter((finding) => (detail.mixed || finding.channel === span.channel) && finding.start_s < span.end_s && finding.end_s > span.start_s);
  const policies = [...new Set(found.map((finding) => finding.policy))];
  return {
    id: span.id, channels: span.channels, start_s: span.start_s, end_s: span.end_s, isMuted: span.isMuted,
    policy: policies[0] ?? "", policies, score: found.length ? Math.min(...found.map((finding) => finding.score)) : null,
    detector: [...new Set(found.map((finding) => finding.detector))].join(", "),
    uncertain: found.some((finding) => finding.score < uncertain),
  };
}
