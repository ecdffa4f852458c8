// Helpers of the page. Text from recordings enters the document as text only, never as markup.

export const at = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// A command, which is broken at its spaces and not within an option.

export function command(text) {
  const parts = text.split(/(--\S+)/).map((part) => (part.startsWith("--") ? element("span", { className: "option", textContent: part }) : part));
  return element("code", {}, ...parts);
}

export function clock(seconds) {
  const whole = Math.floor(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const text = `${minutes}:${String(whole % 60).padStart(2, "0")}`;
  return whole < 3600 ? text : `${Math.floor(whole / 3600)}:${text.padStart(5, "0")}`;
}

export function preciseClock(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${clock(Math.floor(tenths / 10))}.${tenths % 10}`;
}

const digits = new Intl.NumberFormat("en");

export function counted(number, noun) {
  return `${digits.format(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export async function request(path, options) {
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error((await answer.text()) || `the server answered ${answer.status}`);
  return answer.json();
}

export function showError(message) {
  at("error").textContent = message;
  at("error").hidden = !message;
}

// For screen readers and for the eye: what a key has just done.

export function say(message) {
  at("said").textContent = message;
}

// Scrolls an element into view within its own panel, and leaves the page where it is.

export function reveal(panel, shown) {
  const outer = panel.getBoundingClientRect();
  const inner = shown.getBoundingClientRect();
  if (inner.top >= outer.top + 8 && inner.bottom <= outer.bottom - 8) return;
  panel.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 3;
}
