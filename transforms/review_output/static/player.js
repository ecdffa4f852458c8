// Audio, waveform and spans of one recording.
import WaveSurfer from "/static/vendor/wavesurfer.esm.js";
import RegionsPlugin from "/static/vendor/regions.esm.js";
import MinimapPlugin from "/static/vendor/minimap.esm.js";
import TimelinePlugin from "/static/vendor/timeline.esm.js";
import ZoomPlugin from "/static/vendor/zoom.esm.js";
import HoverPlugin from "/static/vendor/hover.esm.js";
import { at, clock, preciseClock } from "./dom.js";
import { quietParts } from "./silence.js";
import { KINDS, kindOf } from "./spans.js";

const AROUND_S = 1;
const MOST_FAILURES = 3;
const BEFORE_SPEECH_S = 0.3;
const MOST_PIXELS_EACH_S = 400;
const SHOWN_AT_FIRST_S = 120;
const WAVE_HEIGHT = 128;
const LABEL_WIDTH = 40;

const nonce = document.querySelector("meta[name=csp-nonce]").content;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const ofTheme = () => ({ waveColor: colour("--wave"), progressColor: colour("--played"), cursorColor: colour("--accent") });

// Two fingers zoom. Neither moves a span, as it would alone.

const fingers = new Set();
let areTwo = false;
addEventListener("pointerdown", (event) => {
  if (event.pointerType === "touch") fingers.add(event.pointerId);
  areTwo ||= fingers.size > 1;
}, true);
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, (event) => {
    fingers.delete(event.pointerId);
    areTwo &&= fingers.size > 0;
  }, true);
}
addEventListener("pointermove", (event) => { if (areTwo) event.preventDefault(); }, true);

export class Player {
  // `on` has functions: time(seconds), playing(), played(), clicked(id), moved(id, start, end), failed().
  constructor(url, duration_s, on) {
    this.on = on;
    this.duration_s = duration_s;
    this.place = 0;
    this.around = null;
    this.failures = 0; // since a seek, or since it played beyond the place where it failed
    this.failedAt = 0;
    this.skipsSilence = false;
    this.regions = new Map();
    this.audio = Object.assign(new Audio(), { preload: "auto", src: url });
    this.audio.addEventListener("pause", () => { this.place = this.audio.currentTime; this.on.playing(); this.on.time(this.place); });
    this.audio.addEventListener("play", () => { this.on.playing(); this.tick(); });
    this.audio.addEventListener("error", () => this.recover());
  }

  // The audio arrives later than the page wants to seek, and until then the media element may not keep the place it was
  // sent to. While nothing is played, the place is therefore the page's own.

  get position() { return this.isPlaying ? this.audio.currentTime : this.place; }
  get isPlaying() { return !this.audio.paused; }

  seek(seconds, keepsAround = false) {
    if (!keepsAround) this.around = null;
    this.failures = 0;
    this.place = Math.min(Math.max(0, seconds), this.duration_s);
    if (this.wave) this.wave.setTime(this.place);
    else this.audio.currentTime = this.place;
    this.on.time(this.place);
  }

  toggle() {
    if (this.isPlaying) this.audio.pause();
    else this.play();
  }

  play() {
    if (this.place >= this.duration_s - 0.05) this.place = 0;
    const from = this.place;
    this.audio.currentTime = from;
    this.audio.addEventListener("loadedmetadata", () => { if (this.audio.currentTime < from - 0.05) this.audio.currentTime = from; }, { once: true });
    this.audio.play().catch((error) => { if (error.name !== "AbortError") this.on.failed(); });
  }

  // Chromium fails to seek to some places shortly before the end of a FLAC file, and plays nothing more until the file is
  // loaded again. A format that it cannot play has no metadata. A damaged file fails at the same place each time.

  recover() {
    const { isPlaying, place } = this;
    this.failures += 1;
    this.failedAt = place;
    if (!this.audio.readyState || (isPlaying && !place) || this.failures > MOST_FAILURES) {
      this.on.failed();
      return;
    }
    this.audio.load();
    this.place = isPlaying ? Math.max(0, place - AROUND_S) : place;
    if (isPlaying) this.play();
  }

  // From one second before a span to one second after it.

  playAround(span, loops) {
    this.seek(span.start_s - AROUND_S);
    this.around = { id: span.id, from: this.place, to: Math.min(span.end_s + AROUND_S, this.duration_s), loops };
    if (!this.isPlaying) this.play();
  }

  tick() {
    if (this.audio.played.length) this.on.played();
    if (!this.isPlaying) return;
    const now = this.audio.currentTime;
    if (now > this.failedAt) this.failures = 0;
    if (this.around && now >= this.around.to) {
      if (this.around.loops) this.seek(this.around.from, true);
      else {
        this.around = null;
        this.audio.pause();
        return;
      }
    } else if (this.skipsSilence && !this.around && this.quiet) {
      const part = this.quiet.find(([start, end]) => start <= now && now < end - BEFORE_SPEECH_S);
      if (part) this.audio.currentTime = part[1] - BEFORE_SPEECH_S;
    }
    this.on.time(this.audio.currentTime);
    requestAnimationFrame(() => this.tick());
  }

  set rate(rate) { this.audio.playbackRate = rate; }

  set volume(share) { this.audio.volume = share; }

  draw(outline, ready) {
    this.duration_s = outline.duration_s;
    this.channels = outline.peaks.length;
    this.quiet = quietParts(outline);
    this.plugin = RegionsPlugin.create();
    const minimap = MinimapPlugin.create({ container: at("minimap"), height: 30, cspNonce: nonce, normalize: true, overlayColor: colour("--window"), ...ofTheme(), cursorWidth: 1 });
    this.wave = WaveSurfer.create({
      container: at("waveform"), media: this.audio, url: this.audio.src, peaks: outline.peaks, duration: outline.duration_s,
      cspNonce: nonce, normalize: true, height: this.channels > 1 ? WAVE_HEIGHT / 2 : WAVE_HEIGHT / 1.5, splitChannels: this.channels > 1,
      cursorWidth: 2, autoCenter: false, ...ofTheme(),
      plugins: [
        this.plugin,
        TimelinePlugin.create({ height: 18, formatTimeCallback: clock, secondaryLabelOpacity: 1, style: { color: colour("--quiet") } }),
        minimap,
        ZoomPlugin.create({ maxZoom: MOST_PIXELS_EACH_S, exponentialZooming: true, iterations: 25 }),
        HoverPlugin.create({ formatTimeCallback: preciseClock, lineColor: colour("--quiet"), labelBackground: colour("--text"), labelColor: colour("--ground") }),
      ],
    });
    this.wave.on("interaction", (seconds) => { this.around = null; this.place = seconds; this.on.time(seconds); });
    minimap.on("click", (share) => this.seek(share * this.duration_s));
    this.plugin.on("region-clicked", (region, event) => { event.stopPropagation(); this.on.clicked(region.spanId); });
    this.plugin.on("region-updated", (region) => this.on.moved(region.spanId, region.start, region.end));
    // Afterwards, because the timeline brings ticks into the picture at the same events.
    for (const event of ["scroll", "redraw"]) this.wave.on(event, () => queueMicrotask(() => this.hideCutLabels()));
    // Not earlier: until the length is known, every region would start at 0.
    this.quickenTimeline();
    this.wave.once("ready", () => {
      if (this.duration_s > SHOWN_AT_FIRST_S) this.zoom(this.wave.getWidth() / SHOWN_AT_FIRST_S);
      if (this.place) this.wave.setTime(this.place);
      ready();
    });
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.theme.onchange = () => this.wave.setOptions(ofTheme());
  }

  // The timeline measures each of its ticks, thousands for a long recording. While it is not displayed, that is quick.

  quickenTimeline() {
    const zoom = this.wave.zoom.bind(this.wave);
    this.wave.zoom = (pixels) => {
      const timeline = this.wave.getWrapper().querySelector("[part=timeline-wrapper]");
      timeline.style.display = "none";
      zoom(pixels);
      timeline.style.display = "";
    };
  }

  // Draws what has changed. The words of a region's id are CSS parts, for the style sheet.

  show(spans, selected) {
    if (!this.wave) return;
    const wanted = new Map(spans.flatMap((span) => span.channels.map((channel) => [`${span.id}/${channel}`, [span, channel]])));
    for (const [key, region] of this.regions) {
      if (wanted.has(key)) continue;
      region.remove();
      this.regions.delete(key);
    }
    for (const [key, [span, channel]] of wanted) {
      const kind = kindOf(span);
      const id = span.id === selected ? `${kind} selected` : kind;
      // A finger that scrolls the waveform lies on spans: it moves none but the selected one.
      const fixed = span.decision === "falsePositive" || (matchMedia("(pointer: coarse)").matches && span.id !== selected);
      const shown = `${id} ${span.start_s} ${span.end_s} ${span.policy}`;
      let region = this.regions.get(key);
      if (region?.shown === shown) continue;
      const options = { id, start: span.start_s, end: span.end_s, drag: !fixed, resize: !fixed };
      if (region) {
        region.setOptions(options);
      } else {
        region = this.plugin.addRegion({ ...options, channelIdx: this.channels > 1 ? channel : -1 });
        region.spanId = span.id;
        this.regions.set(key, region);
      }
      region.shown = shown;
      region.element?.setAttribute("data-label", [span.policy, span.score?.toFixed(2)].filter(Boolean).join(" "));
    }
    this.drawMap(spans);
  }

  // Spans on the minimap: a pixel for each at least.

  drawMap(spans) {
    const canvas = at("map");
    const ratio = devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    const context = canvas.getContext("2d");
    const colours = Object.fromEntries(KINDS.map((kind) => [kind, colour(`--${kind}-solid`)]));
    for (const span of spans) {
      context.fillStyle = colours[kindOf(span)];
      const width = Math.max(2 * ratio, ((span.end_s - span.start_s) / this.duration_s) * canvas.width);
      context.fillRect((span.start_s / this.duration_s) * canvas.width, 0, width, canvas.height);
    }
  }

  // A label that the edge of the picture would cut is not shown; its tick is.

  hideCutLabels() {
    if (!this.wave) return;
    const edge = this.wave.getScroll() + this.wave.getWidth();
    for (const tick of this.wave.getWrapper().querySelectorAll("[part~=timeline-notch]")) {
      const isCut = tick.textContent && parseFloat(tick.style.left) + LABEL_WIDTH > edge;
      tick.style.fontSize = isCut ? "0" : "";
    }
  }

  get pixelsEachSecond() { return this.wave ? this.wave.getWrapper().scrollWidth / this.duration_s : 0; }

  // Keeps the place in the middle of the picture.

  zoom(pixels) {
    if (!this.wave) return;
    this.wave.zoom(Math.min(Math.max(pixels, this.wave.getWidth() / this.duration_s), MOST_PIXELS_EACH_S));
    this.centre(this.position);
  }

  centre(seconds) {
    if (this.wave) this.wave.setScroll(Math.max(0, seconds * this.pixelsEachSecond - this.wave.getWidth() / 2));
  }

  // Scrolls only if a part of the span is outside of the picture.

  showPlace(span) {
    if (!this.wave) return;
    const left = this.wave.getScroll() / this.pixelsEachSecond;
    const right = left + this.wave.getWidth() / this.pixelsEachSecond;
    if (span.start_s < left || span.end_s > right) this.centre((span.start_s + span.end_s) / 2);
  }

  zoomTo(span) {
    if (!this.wave) return;
    this.zoom(this.wave.getWidth() / (span.end_s - span.start_s + 2 * AROUND_S + 1));
    this.centre((span.start_s + span.end_s) / 2);
  }

  destroy() {
    this.on = { time() {}, playing() {}, played() {}, clicked() {}, moved() {}, failed() {} };
    if (this.theme) this.theme.onchange = null;
    this.audio.pause();
    this.wave?.destroy();
    this.audio.removeAttribute("src");
    this.audio.load();
    at("minimap").replaceChildren();
  }
}
